/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the shells' completions ask: `cubby __complete WORD...`, the last word being typed. */

#include <stddef.h>

/* A candidate a line; ":files" where a file is wanted. Silent where nothing is known. */
int complete_print(const char *const *words, size_t n);
