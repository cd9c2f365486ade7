/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How long a door stays shut after wrong guesses (R24). The number of failures is kept in the
 * store; the time is counted only by this keeper's own running, so neither a restart nor a set
 * clock shortens a wait: a restart begins the current one anew. */

#include <stdint.h>

#define BACKOFF_FREE_TRIES 4

/* The wait that follows this many failures: 0, 0, 0, 0, 30 s, 60 s, 5 min, 15 min, 1 h, 1 h ... */
uint32_t backoff_wait_s(uint64_t failures);
/* What is left of it, rounded up; since_boot_ms: when it began, or when this keeper started. */
uint32_t backoff_left_s(uint64_t failures, int64_t since_boot_ms, int64_t now_boot_ms);
