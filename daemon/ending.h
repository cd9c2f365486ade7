/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How an erasure ends: with a receipt, or partial for now. */

#include "erasure.h"
#include "level.h"
#include "store/job.h"

/* ANSWER_NOT_FOUND. */
int ending_find(struct store *store, int64_t number, struct erasure_job **ret);
/* Everything was read back: signs the receipt and stores it with the log entry, or nothing. */
int ending_done(const struct erasure_config *config, enum level level, const struct job_row *job,
		bool whole);
/* Stores the problem. Logged and told once; the same again on a later try is not news. */
int ending_partial(const struct erasure_config *config, const struct job_row *job,
		   const char *problem);
/* Makes `job` partial for this reason, which the database could not be told of. */
int ending_overlay(struct erasure_job *job, const char *problem);
/* Calls the hook `ended`. */
void ending_tell(const struct erasure_config *config, int64_t number);
