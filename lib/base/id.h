/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Random 128-bit names of items, profiles and released copies. Written as 32 lower-case hex
 * digits wherever a person or a message sees them. They carry no time and no order. */

#include <stdbool.h>
#include <stdint.h>

#define ID_BYTES 16
#define ID_TEXT (2 * ID_BYTES + 1)

struct id {
	uint8_t bytes[ID_BYTES];
};

/* Writes 32 digits and a NUL; returns `text`. */
char *id_text(const struct id *id, char text[static ID_TEXT]);
/* False (and *ret_id untouched) unless `text` is exactly 32 lower-case hex digits. */
bool id_parse(const char *text, struct id *ret_id);
bool id_equal(const struct id *a, const struct id *b);

/* Hex of any bytes; `text` holds 2 * n + 1. hex_parse wants exactly 2 * n lower-case digits. */
char *hex_text(const void *bytes, unsigned n, char *text);
bool hex_parse(const char *text, void *ret_bytes, unsigned n);
