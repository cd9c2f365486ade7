/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An item goes to another profile. What it was approved for goes with it nowhere: the approved copy
 * is erased and recalled. A child's item never becomes an adult's, and in a child's profile nothing
 * is kept that no parent consented to for that child (R1, R17). */

#include "approval.h"
#include "erasure.h"

/* ret_job 0: nothing was to be erased. ANSWER_NOT_FOUND, ANSWER_INVALID_ARGUMENT (it is there
 * already); ANSWER_NOT_AUTHORIZED: a child's item to an adult, or to an adult without a proof. */
int move_item(const struct ground *ground, struct erasure *erasure,
	      const struct export_asker *asker, const char *item, const char *profile,
	      int64_t *ret_job, struct why *why);
