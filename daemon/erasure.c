/* SPDX-License-Identifier: Apache-2.0 */
/* Which erasure runs, and when; what a parent is told of it. Must never say "done" without a signed
 * receipt in the same transaction, and never lose a job that was acknowledged. */

#include "erasure.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypt/receipt.h"
#include "ending.h"
#include "erase.h"
#include "failpoint.h"
#include "gather.h"
#include "level.h"
#include "reserve.h"
#include "retry.h"
#include "store/job.h"
#include "store/removal.h"
#include "store/reset.h"
#include "store/selection.h"
#include "store/tombstone.h"

#define SWEEP_INTERVAL_MS (60 * 1000)
#define RECEIPT_KEEP_MIN (90 * 24 * 60)

struct erasure {
	struct erasure_config config;
	struct reserve *reserve;
	struct verify *verify;
	enum level level;
	struct loop_timer *sweep_timer;
	bool posted;
	struct erase *run;
	struct retries retries;
	bool sweep_failed;
};

const char *erasure_level(const struct erasure *erasure)
{
	return level_name(erasure->level);
}

int erasure_find(struct erasure *erasure, int64_t number, struct erasure_job **ret)
{
	const char *problem = retry_problem(&erasure->retries, number);
	int r = ending_find(erasure->config.store, number, ret);

	if (r == 0 && problem && (*ret)->state != ERASURE_DONE)
		r = ending_overlay(*ret, problem);
	/* Known here only: writing it down would cost a sync. */
	if (r == 0 && erasure->run && erase_job(erasure->run)->job == number) {
		if ((*ret)->state == ERASURE_QUEUED)
			(*ret)->state = ERASURE_RUNNING;
		if (erase_items_done(erasure->run) > (*ret)->done)
			(*ret)->done = erase_items_done(erasure->run);
	}
	return fault_trace(r);
}

int erasure_pending(struct erasure *erasure, uint64_t *ret_items, uint64_t *ret_partial)
{
	uint64_t partial = 0;
	int r = store_jobs_pending(erasure->config.store, ret_items, &partial);

	if (r != 0)
		return fault_trace(r);
	/* And those that the database could not be told of. */
	*ret_partial = partial + retries_noted(&erasure->retries) + erasure->sweep_failed;
	return 0;
}

/* On a full disk there is no other room; on any other disk erasing goes on without. */
static void reserve_give(struct erasure *erasure)
{
	if (reserve_release(erasure->reserve) < 0)
		log_warning("the room kept for erasing on a full disk could not be given away");
}

/* Whatever was given away in need is taken back as soon as there is room again. */
static void reserve_take_back(struct erasure *erasure)
{
	if (reserve_restore(erasure->reserve) < 0)
		log_warning("the room kept for erasing on a full disk could not be taken back");
}

/* ---- Running ---- */

/* The first job that has not ended and does not wait. ANSWER_NOT_FOUND: none. */
static int job_pick(struct erasure *erasure, int64_t *ret)
{
	int64_t job = 0;
	int r;

	while ((r = store_job_next(erasure->config.store, job, &job)) == 0)
		if (!retry_waits(&erasure->retries, job))
			break;
	if (r == 0)
		*ret = job;
	return fault_trace(r);
}

static void slots_return(struct erasure *erasure)
{
	size_t n;
	const uint32_t *slots = erase_slots(erasure->run, &n);

	for (size_t i = 0; i < n; i++)
		vault_return(erasure->config.vault, slots[i]);
}

static int job_stopped(struct erasure *erasure, const struct job_row *job, const char *problem)
{
	int r = retry_later(&erasure->retries, job->job);
	const int stored = ending_partial(&erasure->config, job, problem);

	if (stored != 0)
		log_error("erasure %lld stopped, and that could not be stored",
			  (long long)job->job);
	retry_note(&erasure->retries, job->job, stored != 0 ? problem : NULL);
	return fault_trace(r);
}

/* It could not even be begun. */
static int job_not_begun(struct erasure *erasure, int64_t number)
{
	struct job_row row = { .job = number };
	int r = store_job_find(erasure->config.store, number, &row);

	r = r != 0 ? retry_later(&erasure->retries, number)
		   : job_stopped(erasure, &row, "cubby.db: cannot be read; check the disk; it is "
						"tried again");
	store_job_clear(&row);
	return fault_trace(r);
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
		if (r != 0)
			return fault_trace(r);
		reserve_give(erasure);
		r = erase_new(&stores, number, &erasure->run);
		if (r != 0)
			r = job_not_begun(erasure, number);
		return r != 0 ? fault_trace(r) : ERASE_MORE;
	}
	r = erase_slice(erasure->run, &why);
	if (r == ERASE_MORE)
		return r;
	job = erase_job(erasure->run);
	number = job->job;
	if (r == 0)
		r = ending_done(&erasure->config, erasure->level, job,
				verify_is_whole(erasure->verify));
	if (r == 0) {
		slots_return(erasure);
		retry_forget(&erasure->retries, number);
		erasure->run = erase_free(erasure->run);
		ending_tell(&erasure->config, number);
	} else {
		/* What goes wrong after the last step (the receipt, its commit) is named here. */
		if (!why.text[0])
			answer_why(&why, ANSWER_FAILED,
				   "cubby.db: the receipt could not be stored; free "
				   "some space; it is tried again");
		r = job_stopped(erasure, job, why.text);
		erasure->run = erase_free(erasure->run);
	}
	archive_recount(erasure->config.archive);
	reserve_take_back(erasure);
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
	retries_clear(&erasure->retries);
	while ((r = work_slice(erasure)) == ERASE_MORE)
		;
	if (r == 0)
		r = store_jobs_pending(erasure->config.store, &items, ret_partial);
	return fault_trace(r);
}

/* ---- Asking ---- */

static bool selection_narrows(const struct archive_selection *selection)
{
	return selection->n_ids > 0 || selection->profile || selection->since_min > 0 ||
	       selection->until_min > 0 || selection->kinds != 0 || selection->uid;
}

static int selection_check(enum erasure_reason reason, const struct archive_selection *selection,
			   struct why *why)
{
	if (!selection_narrows(selection) && !selection->all)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "nothing is selected; name items, a "
				  "profile, a time or a kind, or say \"all\"");
	if (reason == ERASURE_REMOVE && (!selection->profile || selection->n_ids > 0 ||
					 selection->kinds != 0 || selection->since_min > 0 ||
					 selection->until_min > 0))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "a profile is removed as a whole");
	return 0;
}

/* What is selected becomes tombstones, and the job learns what it commits to. ANSWER_NOT_FOUND:
 * there is nothing to erase. */
static int job_gather(struct store *store, struct job_row *job, const struct gather_reach *reach,
		      int64_t now_min)
{
	int r = gather_tombstone(store, job, reach, now_min);

	if (r == 0 && strcmp(job->reason, "reset") == 0)
		r = store_reset_begin(store, job->job);
	else if (r == 0 && job->parts == 0)
		return ANSWER_NOT_FOUND;
	/* Where only copies go, no item does. */
	if (r == 0 && job->items == 0 && reach->copies)
		receipt_commitment(job->salt, NULL, 0, job->commitment);
	else if (r == 0)
		r = gather_commitment(store, job, job->commitment);
	return fault_trace(r);
}

/* Step 1: the working set holds the items; everything about the job in one transaction.
 * `removed`: of a profile it is one flag, however much there is; its parts become tombstones, and
 * the job learns what it commits to, after its veil is gone (erase.c). */
static int job_make(struct erasure *erasure, struct job_row *job, const struct gather_reach *reach,
		    const struct id *removed, const struct archive_within *within, int64_t now_min)
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
		r = removed ? store_removal_begin(store, removed, &job->profile, &job->items) :
			      job_gather(store, job, reach, now_min);
	if (r == 0)
		r = store_job_set_extent(store, job->job, job->items, job->parts, job->profile,
					 job->commitment);
	if (r == 0 && within && within->run)
		r = within->run(within->context);
	failpoint("ask-before-commit");
	if (r == 0)
		r = store_commit(take(transaction));
	failpoint("ask-committed");
	/* Others may be at work for long; this cannot wait. The job tries again what fails. */
	if (r == 0 && removed && gather_veil(store, erasure->config.vault, job->profile, NULL) != 0)
		log_error("the key of a removed profile could not be overwritten yet");
	return fault_trace(r);
}

static int chosen_make(struct erasure *erasure, struct job_row *job, enum erasure_reason reason,
		       const struct archive_selection *selection, struct why *why)
{
	struct store *store = erasure->config.store;

	if (reason == ERASURE_REMOVE)
		return fault_trace(store_profile_check(store, selection->profile, why));
	if (reason == ERASURE_RESET)
		return fault_trace(store_choose_whole(store, &job->items));
	if (selection->voices == ARCHIVE_VOICES_ALONE)
		return fault_trace(store_choose_none(store));
	return fault_trace(store_choose(store, selection, SIGHT_ALL, &job->items, why));
}

int erasure_ask(struct erasure *erasure, enum erasure_reason reason,
		const struct archive_selection *selection, int64_t uid,
		const struct archive_within *within, int64_t *ret_job, uint64_t *ret_items,
		struct why *why)
{
	const struct gather_reach reach = {
		.selection = selection,
		.voices = selection->voices || !selection_narrows(selection),
	};
	struct job_row job = { .uid = uid };
	int r;

	r = selection_check(reason, selection, why);
	if (r != 0)
		return r;
	snprintf(job.reason, sizeof(job.reason), "%s", erasure_reason_name(reason));
	/* The choice is made in memory. Only what is going to be erased is worth the reserve. */
	r = chosen_make(erasure, &job, reason, selection, why);
	if (r == 0 && (job.items > 0 || selection->voices || reason == ERASURE_REMOVE))
		reserve_give(erasure);
	if (r == 0)
		r = job_make(erasure, &job, &reach,
			     reason == ERASURE_REMOVE ? selection->profile : NULL, within,
			     age_now_min(erasure->config.age));
	if (r != 0)
		reserve_take_back(erasure);
	if (r == ANSWER_NOT_FOUND && why && !why->text[0])
		return answer_why(why, r, "nothing there is selected");
	if (r == ANSWER_QUOTA_EXCEEDED)
		return answer_why(why, ANSWER_FAILED,
				  "the disk is full and the room kept for erasing is used up; free "
				  "some space, or delete fewer items at once");
	if (r != 0)
		return fault_trace(r);
	*ret_job = job.job;
	*ret_items = job.items;
	work_post(erasure);
	return 0;
}

int erasure_copies(struct erasure *erasure, const struct archive_selection *selection,
		   unsigned kinds, bool moved, int64_t uid, const struct archive_within *within,
		   int64_t *ret_job, struct why *why)
{
	const struct gather_reach reach = { selection, true, moved, kinds };
	struct job_row job = { .uid = uid, .reason = "withdraw" };
	uint64_t items;
	int r;

	r = store_choose(erasure->config.store, selection, SIGHT_ALL, &items, why);
	job.items = kinds != 0 ? items : 0;
	if (r == 0)
		reserve_give(erasure);
	if (r == 0)
		r = job_make(erasure, &job, &reach, NULL, within,
			     age_now_min(erasure->config.age));
	if (r != 0)
		reserve_take_back(erasure);
	if (r == ANSWER_QUOTA_EXCEEDED)
		return answer_why(why, r, "the disk is full; free some space");
	if (r != 0)
		return fault_trace(r);
	*ret_job = job.job;
	work_post(erasure);
	return 0;
}

static int expired_ask(struct erasure *erasure, int64_t now_min, int64_t *ret_job)
{
	const struct gather_reach reach = { .selection = NULL };
	struct job_row job = { .uid = -1, .reason = "expire" };
	int r;

	r = store_expired(erasure->config.store, now_min);
	if (r == 0)
		reserve_give(erasure);
	if (r == 0)
		r = store_choose_expired(erasure->config.store, now_min, &job.items);
	if (r == 0)
		r = job_make(erasure, &job, &reach, NULL, NULL, now_min);
	if (r != 0) {
		reserve_take_back(erasure);
		return fault_trace(r);
	}
	*ret_job = job.job;
	work_post(erasure);
	return 0;
}

/* Parents are told once; erasure_pending() says so until it goes again. */
static void sweep_note(struct erasure *erasure, bool failed)
{
	if (failed && !erasure->sweep_failed && erasure->config.hooks.stuck)
		erasure->config.hooks.stuck(erasure->config.hooks.context);
	erasure->sweep_failed = failed;
}

int erasure_sweep(struct erasure *erasure, int64_t *ret_job)
{
	const int64_t now_min = age_now_min(erasure->config.age);
	int64_t job = 0;
	int r = expired_ask(erasure, now_min, &job);

	if (r == ANSWER_NOT_FOUND)
		r = 0;
	sweep_note(erasure, r != 0);
	if (ret_job)
		*ret_job = job;
	/* Old receipts last: on a full disk they must not keep what has expired. */
	if (r == 0)
		r = store_jobs_forget(erasure->config.store, now_min - RECEIPT_KEEP_MIN);
	return fault_trace(r);
}

static void sweep_turn(void *context)
{
	struct erasure *erasure = context;

	if (erasure_sweep(erasure, NULL) != 0)
		log_error("the sweep for expired items failed; it is tried again in a minute");
	retries_tick(&erasure->retries);
	work_post(erasure);
}

/* ---- Life ---- */

int erasure_new(const struct erasure_config *config, struct erasure **ret, struct why *why)
{
	_cleanup_(erasure_freep) struct erasure *erasure = calloc(1, sizeof(*erasure));
	char slots[PATH_MAX];
	int r;

	if (!erasure)
		return fault_origin(-ENOMEM);
	erasure->config = *config;
	snprintf(slots, sizeof(slots), "%s/" VAULT_FILE, config->dir);
	erasure->level = level_find(slots);
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
	retries_clear(&erasure->retries);
	free(erasure);
	return NULL;
}
