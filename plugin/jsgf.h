/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Grammars as text, before sphinxbase sees them: its scanner writes what it does not know to the
 * standard output, in the middle of what a host says there. */

#include "base/fault.h"

/* Blanks comments in place. ANSWER_INVALID_ARGUMENT: a line that begins no rule. */
int jsgf_clean(char *text, struct why *why);
