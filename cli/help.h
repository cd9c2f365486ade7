/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Usage, made from the tables of verbs and options. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* All verbs (n 0), or those that the words name. False when there are none such. */
bool help_print(FILE *file, const char *const *words, size_t n);
