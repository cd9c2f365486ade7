/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Recognised words as JSON text, in memory of the caller's choosing: a JSON library would leave
 * copies on the heap. */

#include <stddef.h>

/* The most that a text of n bytes can become, NUL included. */
#define QUOTE_BYTES(n) (6 * (n) + 3)

/* The length of the UTF-8 sequence at `text`, 0 if there is none. Overlong forms, surrogates and
 * what lies above U+10FFFF are none. */
size_t quote_sequence(const char *text);

/* Writes "text" with its quotation marks and escapes; control characters and bytes that are not
 * UTF-8 become \u escapes. Returns the length. */
size_t quote_json(const char *text, char *ret_quoted);
