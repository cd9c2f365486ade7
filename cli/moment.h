/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Times and durations as people write and read them. Parsing says no in a struct why that names
 * the value and shows what would be understood. */

#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"

#define MOMENT_TEXT 32

/* ISO 8601 ("2026-05-31", "2026-05-31T07:30", "... 07:30:15", with "Z" or "+02:00", or without for
 * local time), "now", "today", "yesterday" (their midnight), "2h ago", "3 days ago". Seconds since
 * 1970. ANSWER_INVALID_ARGUMENT. */
int moment_parse(const char *text, int64_t now_s, int64_t *ret_s, struct why *why);

/* "12h", "7d", "1d12h": units s m h d w; 1 s to 100 years. ANSWER_INVALID_ARGUMENT, also for 0, a
 * negative value and anything that means for ever. */
int duration_parse(const char *text, uint32_t *ret_s, struct why *why);

/* "2026-05-31T05:30:00Z". Returns `text`. */
char *moment_iso(int64_t time_s, char text[static MOMENT_TEXT]);
/* "2026-05-31 07:30", local time. Returns `text`. */
char *moment_local(int64_t time_s, char text[static MOMENT_TEXT]);
/* "30 d", "12 h", "1 d 6 h", "45 min", "20 s". Returns `text`. */
char *duration_text(int64_t duration_s, char text[static MOMENT_TEXT]);
/* "in 29 d", "in 3 h", "now" when it is past. Returns `text`. */
char *moment_until(int64_t time_s, int64_t now_s, char text[static MOMENT_TEXT]);
