/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The three verbs that erase ask, wait and report in the same way. */

#include "hand.h"

/* Says what would go (the format) and asks: `typed` has to be typed, NULL for yes or no. With --yes
 * nothing is asked. Returns an exit code: EXIT_DONE to go on. */
_printf_(3, 4)
int erase_confirm(struct hand *hand, const char *typed, const char *format, ...);

/* Waits for the job (NULL: nothing was kept), checks the receipt, reports, writes --receipt. kinds:
 * what of the items went; n 0 for all of each. Returns an exit code; EXIT_PARTLY when a store could
 * not be cleaned. */
int erase_finish(struct hand *hand, const char *job, const char *const *kinds, size_t n);
