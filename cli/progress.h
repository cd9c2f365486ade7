/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How far something long is, on a terminal. */

#include "hand.h"

#define PROGRESS_TEXT 160

/* Watches the job until it has ended or time is up, and draws a bar on standard error once that
 * takes more than a second. Where nobody looks (no terminal, --json, -q) it returns at once. */
void progress_watch(struct hand *hand, const char *job);
/* The same for what the caller does itself: draws the bar, and wipes it when it has ended. */
void progress_draw(struct hand *hand, uint64_t done, uint64_t total);
void progress_end(struct hand *hand);
/* Does anybody look? */
bool progress_watched(const struct hand *hand);
/* The bar: a share, the count, the rate, the time left. */
char *progress_line(uint64_t done, uint64_t total, int64_t passed_ms,
		    char text[static PROGRESS_TEXT]);
