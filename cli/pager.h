/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is longer than the terminal goes through a pager, as with git and gh: $CUBBY_PAGER, $PAGER,
 * or less. */

#include "hand.h"

/* Begins one where somebody reads at a terminal and did not say --no-pager or --json; from then on
 * standard output goes there. Whether it does. */
bool pager_begin(struct hand *hand);
/* Waits until it was read. Nothing where none was begun. */
void pager_end(void);
