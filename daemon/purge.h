/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The end of a keeper: everything erased by a job like any other, then no file of it left. For the
 * removal of the program, with nobody on the bus. */

#include "keeper.h"

/*
 * Of a keeper that was started with `offline`; it is freed in any case. *ret_job is the reset, done
 * and with its receipt. `ret_level` as erasure_level().
 * ANSWER_FAILED: a store could not be cleaned, and every file is still there.
 */
int keeper_purge(struct keeper *keeper, struct erasure_job **ret_job, const char **ret_level,
		 struct why *why);
