/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a program may ask of the kernel once it is confined: a closed list of system calls. All else
 * does not exist for it (ENOSYS): no other programs or processes, no mounts, no keys, no clocks to
 * set. Of sockets there are only unix ones (R26; others are EAFNOSUPPORT). */

#include <stdbool.h>
#include <stddef.h>
#include "base/fault.h"

/*
 * For good, and for every thread there is already. `more`: names of what this program calls beyond
 * what all of Cubby's do; `threads`: whether it makes threads from here on. A kernel without such
 * filters is a warning. ANSWER_FAILED: it has them, and something forbids to ask for one.
 */
int calls_confine(const char *const *more, size_t n, bool threads, struct why *why);
