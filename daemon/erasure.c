/* SPDX-License-Identifier: Apache-2.0 */
/* Which erasure runs, and when; what a parent is told of it. Must never say "done" without a signed
 * receipt in the same transaction, and never lose a job that was acknowledged. */

#include "erasure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypt/receipt.h"
#include "erase.h"
#include "level.h"
#include "reserve.h"
#include "store/job.h"
#include "store/selection.h"
#include "store/tombstone.h"

#define SWEEP_INTERVAL_MS (60 * 1000)
#define RECEIPT_KEEP_MIN (90 * 24 * 60)

/* A partial job waits 1, 2, 4, ... sweeps, at most an hour. */
struct retry {
	int64_t job;
	unsigned tries;
	unsigned wait_sweeps;
};

struct erasure {
	struct erasure_config config;
	struct reserve *reserve;
	struct verify *verify;
	enum level level;
	struct loop_timer *sweep_timer;
	bool posted;
	struct erase *run;
	struct retry *retries;
	size_t n_retries;
};

static const char *const reason_names[] = {
	[ERASURE_DELETE] = "delete",
	[ERASURE_WITHDRAW] = "withdraw",
	[ERASURE_REMOVE] = "remove",
	[ERASURE_EXPIRE] = "expire",
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

const char *erasure_level(const struct erasure *erasure)
{
	return level_name(erasure->level);
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

int erasure_find(struct erasure *erasure, int64_t number, struct erasure_job **ret)
{
	struct job_row row = { 0 };
	int r = store_job_find(erasure->config.store, number, &row);

	if (r == 0)
		r = job_from_row(&row, ret);
	store_job_clear(&row);
	return fault_trace(r);
}

int erasure_pending(struct erasure *erasure, uint64_t *ret_items, uint64_t *ret_partial)
{
	return fault_trace(store_jobs_pending(erasure->config.store, ret_items, ret_partial));
}

/* ---- Ending a job ---- */

static int receipt_make(struct erasure *erasure, const struct job_row *job, int64_t now_min,
			char **ret_text)
{
	static const char *const steps[] = {
		"rows made invisible, committed",
		"slot keys overwritten in place, synced",
		"ciphertext and metadata removed",
		"database log written back and emptied",
		"read back: slots zero, no id, no ciphertext head",
	};
	struct receipt receipt = {
		.asked_min = job->asked_min,
		.ended_min = now_min,
		.items = (int64_t)job->items,
		.parts = (int64_t)job->parts,
		.erasure_level = erasure->level,
		.n_steps = ARRAY_SIZE(steps),
	};
	int r = 0;

	crypt_random(receipt.id.bytes, ID_BYTES);
	snprintf(receipt.reason, sizeof(receipt.reason), "%s", job->reason);
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++)
		snprintf(receipt.steps[i], RECEIPT_STEP_TEXT, "%s", steps[i]);
	memcpy(receipt.commitment, job->commitment, sizeof(receipt.commitment));
	memcpy(receipt.salt, job->salt, sizeof(receipt.salt));
	if (erasure->config.hooks.log_head)
		r = erasure->config.hooks.log_head(erasure->config.hooks.context, &receipt.log_seq,
						   receipt.log_head);
	if (r == 0)
		r = receipt_sign(&receipt, erasure->config.device, ret_text);
	return fault_trace(r);
}

static void ended_tell(struct erasure *erasure, int64_t number)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;

	if (erasure->config.hooks.ended && erasure_find(erasure, number, &job) == 0)
		erasure->config.hooks.ended(erasure->config.hooks.context, job);
}

/* Inside the transaction that ends the job. */
static int ended_log(struct erasure *erasure, int64_t number)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	int r;

	if (!erasure->config.hooks.log)
		return 0;
	r = erasure_find(erasure, number, &job);
	if (r == 0)
		r = erasure->config.hooks.log(erasure->config.hooks.context, job);
	return fault_trace(r);
}

static int job_done(struct erasure *erasure, const struct job_row *job)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	_cleanup_(cleanup_free) char *receipt = NULL;
	struct store *store = erasure->config.store;
	const int64_t now_min = age_now_min(erasure->config.age);
	int r;

	r = receipt_make(erasure, job, now_min, &receipt);
	if (r == 0)
		r = store_begin(store, &transaction);
	if (r == 0)
		r = store_witness_delete(store, job->job);
	if (r == 0)
		r = store_job_set_state(store, job->job, "done", "", receipt, now_min);
	if (r == 0)
		r = ended_log(erasure, job->job);
	if (r == 0)
		r = store_commit(take(transaction));
	return fault_trace(r);
}

/* Said once; the same again on a later try is not news. */
static int job_partial(struct erasure *erasure, const struct job_row *job, const char *problem)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	const bool news = strcmp(job->state, "partial") != 0;
	struct store *store = erasure->config.store;
	int r;

	if (!news && strcmp(job->problem, problem) == 0)
		return 0;
	log_error("erasure %lld is partial: %s", (long long)job->job, problem);
	r = store_begin(store, &transaction);
	if (r == 0)
		r = store_job_set_state(store, job->job, "partial", problem, "",
					age_now_min(erasure->config.age));
	if (r == 0 && news)
		r = ended_log(erasure, job->job);
	if (r == 0)
		r = store_commit(take(transaction));
	if (r == 0 && news)
		ended_tell(erasure, job->job);
	return fault_trace(r);
}

/* ---- Retrying ---- */

static struct retry *retry_find(struct erasure *erasure, int64_t job)
{
	for (size_t i = 0; i < erasure->n_retries; i++)
		if (erasure->retries[i].job == job)
			return &erasure->retries[i];
	return NULL;
}

static int retry_later(struct erasure *erasure, int64_t job)
{
	struct retry *retry = retry_find(erasure, job);

	if (!retry) {
		struct retry *more = realloc(erasure->retries,
					     (erasure->n_retries + 1) * sizeof(*more));

		if (!more)
			return fault_origin(-ENOMEM);
		erasure->retries = more;
		retry = &more[erasure->n_retries++];
		*retry = (struct retry){ .job = job };
	}
	retry->wait_sweeps = retry->tries < 6 ? 1u << retry->tries : 60;
	retry->tries++;
	return 0;
}

static void retry_forget(struct erasure *erasure, int64_t job)
{
	struct retry *retry = retry_find(erasure, job);

	if (retry)
		*retry = erasure->retries[--erasure->n_retries];
}

/* The first job that has not ended and does not wait. ANSWER_NOT_FOUND: none. */
static int job_pick(struct erasure *erasure, int64_t *ret)
{
	int64_t job = 0;
	struct retry *retry;
	int r;

	while ((r = store_job_next(erasure->config.store, job, &job)) == 0) {
		retry = retry_find(erasure, job);
		if (!retry || retry->wait_sweeps == 0)
			break;
	}
	if (r == 0)
		*ret = job;
	return fault_trace(r);
}

/* ---- Running ---- */

static void slots_return(struct erasure *erasure)
{
	size_t n;
	const uint32_t *slots = erase_slots(erasure->run, &n);

	for (size_t i = 0; i < n; i++)
		vault_return(erasure->config.vault, slots[i]);
}

/* One slice of the job under way, or the beginning of the next. 0: nothing is left to do now. */
static int work_slice(struct erasure *erasure)
{
	const struct erase_stores stores = { erasure->config.store, erasure->config.vault,
					     erasure->verify };
	const struct job_row *job;
	struct why why = { "" };
	int64_t number = 0;
	int r;

	if (!erasure->run) {
		r = job_pick(erasure, &number);
		if (r == ANSWER_NOT_FOUND)
			return 0;
		if (r == 0)
			r = reserve_release(erasure->reserve);
		if (r == 0)
			r = erase_new(&stores, number, &erasure->run);
		return r != 0 ? fault_trace(r) : ERASE_MORE;
	}
	r = erase_slice(erasure->run, &why);
	if (r == ERASE_MORE)
		return r;
	job = erase_job(erasure->run);
	number = job->job;
	if (r == 0)
		r = job_done(erasure, job);
	if (r == 0) {
		slots_return(erasure);
		retry_forget(erasure, number);
		erasure->run = erase_free(erasure->run);
		ended_tell(erasure, number);
	} else {
		/* What goes wrong after the last step (the receipt, its commit) is named here. */
		if (!why.text[0])
			answer_why(&why, ANSWER_FAILED,
				   "cubby.db: the receipt could not be stored; free some space; it "
				   "is tried again");
		r = retry_later(erasure, number);
		if (job_partial(erasure, job, why.text) != 0)
			log_error("erasure %lld stopped, and that could not be stored",
				  (long long)number);
		erasure->run = erase_free(erasure->run);
	}
	archive_recount(erasure->config.archive);
	if (reserve_restore(erasure->reserve) < 0)
		log_warning("the room kept for erasing on a full disk could not be taken back");
	return r < 0 ? fault_trace(r) : ERASE_MORE;
}

static void work_post(struct erasure *erasure);

static void work_turn(void *context)
{
	struct erasure *erasure = context;
	int r;

	erasure->posted = false;
	r = work_slice(erasure);
	if (r == ERASE_MORE)
		work_post(erasure);
	else if (r < 0)
		log_error("erasing could not go on; the next sweep tries again");
}

static void work_post(struct erasure *erasure)
{
	if (!erasure->config.loop || erasure->posted)
		return;
	if (loop_post(erasure->config.loop, work_turn, erasure) == 0)
		erasure->posted = true;
}

int erasure_finish(struct erasure *erasure, uint64_t *ret_partial)
{
	uint64_t items;
	int r;

	/* At the start nothing waits: what stood in the way may be gone. */
	erasure->n_retries = 0;
	while ((r = work_slice(erasure)) == ERASE_MORE)
		;
	if (r == 0)
		r = store_jobs_pending(erasure->config.store, &items, ret_partial);
	return fault_trace(r);
}

/* ---- Asking ---- */

static int selection_check(enum erasure_reason reason, const struct archive_selection *selection,
			   struct why *why)
{
	const bool empty = selection->n_ids == 0 && !selection->profile &&
			   selection->since_min <= 0 && selection->until_min <= 0 &&
			   selection->kinds == 0;

	if (empty && !selection->all)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "nothing is selected; name items, a profile, a time or a kind, "
				  "or say \"all\"");
	if (reason == ERASURE_REMOVE && (!selection->profile || selection->n_ids > 0 ||
					 selection->kinds != 0 || selection->since_min > 0 ||
					 selection->until_min > 0))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "a profile is removed as a whole");
	return 0;
}

static int commitment_make(struct store *store, const struct job_row *job,
			   uint8_t ret_commitment[static 32])
{
	_cleanup_(cleanup_free) struct id *ids = NULL;
	size_t n;
	int r = store_chosen_ids(store, &ids, &n);

	if (r == 0)
		receipt_commitment(job->salt, ids, n, ret_commitment);
	return fault_trace(r);
}

/* Step 1: the working set holds the items; everything about the job in one transaction. `selection`
 * is NULL for what has expired. ANSWER_NOT_FOUND: there is nothing to erase. */
static int job_make(struct erasure *erasure, struct job_row *job,
		    const struct archive_selection *selection, const struct archive_within *within,
		    int64_t now_min)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct store *store = erasure->config.store;
	int r;

	crypt_random(job->salt, sizeof(job->salt));
	job->asked_min = now_min;
	r = store_begin(store, &transaction);
	if (r == 0)
		r = store_job_insert(store, job, &job->job);
	if (r == 0)
		r = selection ? store_tombstone(store, job->job, selection->kinds, &job->parts)
			      : store_tombstone_expired(store, job->job, now_min, &job->parts);
	if (r == 0 && strcmp(job->reason, "remove") == 0)
		r = store_profile_remove_begin(store, selection->profile, &job->profile);
	else if (r == 0 && job->parts == 0)
		return ANSWER_NOT_FOUND;
	if (r == 0)
		r = commitment_make(store, job, job->commitment);
	if (r == 0)
		r = store_job_set_extent(store, job->job, job->items, job->parts, job->profile,
					 job->commitment);
	if (r == 0 && within && within->run)
		r = within->run(within->context);
	if (r == 0)
		r = store_commit(take(transaction));
	return fault_trace(r);
}

int erasure_ask(struct erasure *erasure, enum erasure_reason reason,
		const struct archive_selection *selection, int64_t uid,
		const struct archive_within *within, int64_t *ret_job, uint64_t *ret_items,
		struct why *why)
{
	struct job_row job = { .uid = uid };
	int r;

	r = selection_check(reason, selection, why);
	if (r != 0)
		return r;
	snprintf(job.reason, sizeof(job.reason), "%s", erasure_reason_name(reason));
	r = reserve_release(erasure->reserve);
	if (r == 0)
		r = store_choose(erasure->config.store, selection, 0, &job.items, why);
	if (r == 0)
		r = job_make(erasure, &job, selection, within, age_now_min(erasure->config.age));
	if (r == ANSWER_NOT_FOUND && why && !why->text[0])
		return answer_why(why, r, "nothing there is selected");
	if (r == ANSWER_QUOTA_EXCEEDED)
		return answer_why(why, r,
				  "the disk is full and the room kept for erasing is used up; free "
				  "some space, or delete fewer items at once");
	if (r != 0)
		return fault_trace(r);
	*ret_job = job.job;
	*ret_items = job.items;
	work_post(erasure);
	return 0;
}

int erasure_sweep(struct erasure *erasure, int64_t *ret_job)
{
	const int64_t now_min = age_now_min(erasure->config.age);
	struct job_row job = { .uid = -1, .reason = "expire" };
	int r;

	if (ret_job)
		*ret_job = 0;
	r = reserve_release(erasure->reserve);
	if (r == 0)
		r = store_jobs_forget(erasure->config.store, now_min - RECEIPT_KEEP_MIN);
	if (r == 0)
		r = store_choose_expired(erasure->config.store, now_min, &job.items);
	if (r == 0)
		r = job_make(erasure, &job, NULL, NULL, now_min);
	if (r == ANSWER_NOT_FOUND)
		return 0;
	if (r == 0 && ret_job)
		*ret_job = job.job;
	return fault_trace(r);
}

static void sweep_turn(void *context)
{
	struct erasure *erasure = context;

	if (erasure_sweep(erasure, NULL) != 0)
		log_error("the sweep for expired items failed; it is tried again in a minute");
	for (size_t i = 0; i < erasure->n_retries; i++)
		if (erasure->retries[i].wait_sweeps > 0)
			erasure->retries[i].wait_sweeps--;
	work_post(erasure);
}

/* ---- Life ---- */

int erasure_new(const struct erasure_config *config, struct erasure **ret, struct why *why)
{
	_cleanup_(erasure_freep) struct erasure *erasure = calloc(1, sizeof(*erasure));
	int r;

	if (!erasure)
		return fault_origin(-ENOMEM);
	erasure->config = *config;
	erasure->level = level_find(config->dir);
	r = reserve_open(config->dir, &erasure->reserve, why);
	if (r == 0)
		r = verify_new(config->dir, &erasure->verify);
	if (r == 0 && config->loop)
		r = loop_timer_new(config->loop, SWEEP_INTERVAL_MS, sweep_turn, erasure,
				   &erasure->sweep_timer);
	if (r != 0)
		return fault_trace(r);
	*ret = take(erasure);
	return 0;
}

struct erasure *erasure_free(struct erasure *erasure)
{
	if (!erasure)
		return NULL;
	loop_timer_free(erasure->sweep_timer);
	erase_free(erasure->run);
	verify_free(erasure->verify);
	reserve_free(erasure->reserve);
	free(erasure->retries);
	free(erasure);
	return NULL;
}
