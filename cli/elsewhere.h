/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* `-H user@host`: the keeper of another machine. */

#include "hand.h"

/* Before the verb runs: can it be done from here, and is that keeper within reach? Where the other
 * machine has no bridge, a listing or deletion is run there, in place of this process. Returns an
 * exit code. */
int elsewhere_begin(struct hand *hand);
