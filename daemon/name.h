/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The names people give: nicknames of profiles, names of parents. */

#include "base/fault.h"

#define NAME_CHARACTERS 32
#define NAME_BYTES (4 * NAME_CHARACTERS + 1)

/* 1 to 32 characters: letters and digits of any script, "-", "_", ".". ANSWER_INVALID_ARGUMENT.
 * 32 hex digits are refused: they would read as an id. */
int name_check_profile(const char *name, struct why *why);
/* As above, and single blanks inside. */
int name_check_parent(const char *name, struct why *why);
