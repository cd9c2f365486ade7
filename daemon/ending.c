/* SPDX-License-Identifier: Apache-2.0 */
/* How an erasure ends, and what is told of it. A job is done only in the transaction that holds its
 * signed receipt; everything else is partial and says so. */

#include "ending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypt/receipt.h"
#include "failpoint.h"

static const char *const reason_names[] = {
	[ERASURE_DELETE] = "delete",
	[ERASURE_WITHDRAW] = "withdraw",
	[ERASURE_REMOVE] = "remove",
	[ERASURE_EXPIRE] = "expire",
	[ERASURE_RESET] = "reset",
};

static const char *const state_names[] = {
	[ERASURE_QUEUED] = "queued",
	[ERASURE_RUNNING] = "running",
	[ERASURE_VERIFYING] = "verifying",
	[ERASURE_DONE] = "done",
	[ERASURE_PARTIAL] = "partial",
};

static int name_find(const char *const *names, int n, const char *name)
{
	for (int i = 1; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return 0;
}

const char *erasure_reason_name(int reason)
{
	return reason > 0 && reason < (int)ARRAY_SIZE(reason_names) ? reason_names[reason] : NULL;
}

const char *erasure_state_name(int state)
{
	return state > 0 && state < (int)ARRAY_SIZE(state_names) ? state_names[state] : NULL;
}

struct erasure_job *erasure_job_free(struct erasure_job *job)
{
	if (!job)
		return NULL;
	free(job->receipt);
	free(job->problem);
	free(job);
	return NULL;
}

static int job_from_row(struct job_row *row, struct erasure_job **ret)
{
	struct erasure_job *job = calloc(1, sizeof(*job));

	if (!job)
		return fault_origin(-ENOMEM);
	job->number = row->job;
	job->reason =
		(enum erasure_reason)name_find(reason_names, ARRAY_SIZE(reason_names), row->reason);
	job->state =
		(enum erasure_state)name_find(state_names, ARRAY_SIZE(state_names), row->state);
	job->uid = row->uid;
	job->items = row->items;
	job->parts = row->parts;
	job->done = row->items > row->left ? row->items - row->left : 0;
	job->asked_min = row->asked_min;
	job->ended_min = row->ended_min;
	job->receipt = take(row->receipt);
	job->problem = take(row->problem);
	*ret = job;
	return 0;
}

int ending_find(struct store *store, int64_t number, struct erasure_job **ret)
{
	struct job_row row = { 0 };
	int r = store_job_find(store, number, &row);

	if (r == 0)
		r = job_from_row(&row, ret);
	store_job_clear(&row);
	return fault_trace(r);
}

static int receipt_make(const struct erasure_config *config, enum level level,
			const struct job_row *job, bool whole, int64_t now_min, char **ret_text)
{
	const char *const steps[] = {
		"rows made invisible, committed",
		"slot keys overwritten in place, synced",
		"ciphertext and metadata removed",
		"database log written back and emptied",
		whole ? "read back: slots zero, no id or head in all of the database"
		      : "read back: slots zero, no id or head in pages written or freed",
	};
	struct receipt receipt = {
		.asked_min = job->asked_min,
		.ended_min = now_min,
		.items = (int64_t)job->items,
		.parts = (int64_t)job->parts,
		.erasure_level = level,
		.n_steps = ARRAY_SIZE(steps),
	};
	int r = 0;

	crypt_random(receipt.id.bytes, ID_BYTES);
	snprintf(receipt.reason, sizeof(receipt.reason), "%s", job->reason);
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++)
		snprintf(receipt.steps[i], RECEIPT_STEP_TEXT, "%s", steps[i]);
	memcpy(receipt.commitment, job->commitment, sizeof(receipt.commitment));
	memcpy(receipt.salt, job->salt, sizeof(receipt.salt));
	if (config->hooks.log_head)
		r = config->hooks.log_head(config->hooks.context, &receipt.log_seq,
						   receipt.log_head);
	if (r == 0)
		r = receipt_sign(&receipt, config->device, ret_text);
	return fault_trace(r);
}

void ending_tell(const struct erasure_config *config, int64_t number)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;

	if (config->hooks.ended && ending_find(config->store, number, &job) == 0)
		config->hooks.ended(config->hooks.context, job);
}

/* Inside the transaction that ends the job. */
static int ended_log(const struct erasure_config *config, int64_t number)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	int r;

	if (!config->hooks.log)
		return 0;
	r = ending_find(config->store, number, &job);
	if (r == 0)
		r = config->hooks.log(config->hooks.context, job);
	return fault_trace(r);
}

int ending_done(const struct erasure_config *config, enum level level, const struct job_row *job,
		bool whole)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	_cleanup_(cleanup_free) char *receipt = NULL;
	struct store *store = config->store;
	const int64_t now_min = age_now_min(config->age);
	int r;

	r = receipt_make(config, level, job, whole, now_min, &receipt);
	if (r == 0)
		r = store_begin(store, &transaction);
	if (r == 0)
		r = store_witness_delete(store, job->job);
	if (r == 0)
		r = store_job_set_state(store, job->job, "done", "", receipt, now_min);
	/* After a reset there is no log but that of the next household. */
	if (r == 0 && strcmp(job->reason, "reset") != 0)
		r = ended_log(config, job->job);
	failpoint("receipt-before-commit");
	if (r == 0)
		r = store_commit(take(transaction));
	failpoint("receipt-committed");
	return fault_trace(r);
}

int ending_overlay(struct erasure_job *job, const char *problem)
{
	char *text = strdup(problem);

	if (!text)
		return fault_origin(-ENOMEM);
	free(job->problem);
	job->problem = text;
	job->state = ERASURE_PARTIAL;
	return 0;
}

static void partial_tell(const struct erasure_config *config, int64_t number, const char *problem)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;

	if (config->hooks.ended && ending_find(config->store, number, &job) == 0 &&
	    ending_overlay(job, problem) == 0)
		config->hooks.ended(config->hooks.context, job);
}

int ending_partial(const struct erasure_config *config, const struct job_row *job,
		   const char *problem)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	const bool news = strcmp(job->state, "partial") != 0;
	struct store *store = config->store;
	int r;

	if (!news && strcmp(job->problem, problem) == 0)
		return 0;
	log_error("erasure %lld is partial: %s", (long long)job->job, problem);
	r = store_begin(store, &transaction);
	if (r == 0)
		r = store_job_set_state(store, job->job, "partial", problem, "",
					age_now_min(config->age));
	if (r == 0 && news && strcmp(job->reason, "reset") != 0)
		r = ended_log(config, job->job);
	if (r == 0)
		r = store_commit(take(transaction));
	/* A disk that takes no write does not keep whoever waits from hearing it. */
	if (r != 0 || news)
		partial_tell(config, job->job, problem);
	return fault_trace(r);
}
