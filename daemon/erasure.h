/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Erasure: everything that leaves the archive leaves through here, in five steps that only go
 * forward. 1 tombstones are committed (invisible from here on); 2 slot keys are overwritten in
 * place (nobody can open them from here on); 3 bodies, then metadata are removed; 4 the database's
 * log is written back and emptied; 5 an independent verifier reads the stores back, and only then
 * there is a receipt. What cannot be cleaned is `partial`, names the store, and is tried again.
 */

#include "age.h"
#include "archive.h"
#include "base/loop.h"
#include "crypt/sign.h"

struct erasure;

enum erasure_reason {
	ERASURE_DELETE = 1,		/* a parent asked */
	ERASURE_WITHDRAW,		/* a consent was withdrawn */
	ERASURE_REMOVE,			/* the profile goes, too */
	ERASURE_EXPIRE,			/* the age clock */
	ERASURE_RESET,			/* everything, the household included */
};
const char *erasure_reason_name(int reason);

enum erasure_state {
	ERASURE_QUEUED = 1,
	ERASURE_RUNNING,
	ERASURE_VERIFYING,
	ERASURE_DONE,
	ERASURE_PARTIAL,
};
const char *erasure_state_name(int state);

struct erasure_job {
	int64_t number;
	enum erasure_reason reason;
	enum erasure_state state;
	int64_t uid;			/* who asked; -1: the keeper itself */
	uint64_t items;			/* to remove */
	uint64_t parts;
	uint64_t done;			/* items removed so far */
	char *receipt;			/* the statement, once done; else "" */
	char *problem;			/* which store could not be cleaned; else "" */
	int64_t asked_min;
	int64_t ended_min;		/* 0 while it runs */
};

struct erasure_job *erasure_job_free(struct erasure_job *job);
CLEANUP_DEFINE(struct erasure_job *, erasure_job_free)

struct erasure_hooks {
	/* Inside the transaction that ends a job: append to the access log. May be NULL. */
	int (*log)(void *context, const struct erasure_job *job);
	/* The newest entry of the access log, for the receipt. May be NULL (then 0 and zeros). */
	int (*log_head)(void *context, uint64_t *ret_seq, uint8_t ret_hash[static 32]);
	/* A job came to be done or partial. May be NULL. */
	void (*ended)(void *context, const struct erasure_job *job);
	/* What has expired cannot be erased for now: told once, until it can. May be NULL. */
	void (*stuck)(void *context);
	void *context;
};

struct erasure_config {
	const char *dir;
	struct loop *loop;		/* NULL: work is done only by erasure_finish() */
	const struct clock *clock;
	struct age *age;
	struct store *store;
	struct vault *vault;
	struct archive *archive;
	const struct sign_keypair *device;	/* signs receipts */
	struct erasure_hooks hooks;
};

int erasure_new(const struct erasure_config *config, struct erasure **ret, struct why *why);
/* Leaves what is under way for the next start. */
struct erasure *erasure_free(struct erasure *erasure);
CLEANUP_DEFINE(struct erasure *, erasure_free)

/*
 * Begins a job: when this returns 0, step 1 is on the disk together with what `within` wrote. The
 * selection of ERASURE_REMOVE is its profile alone, of ERASURE_RESET `all`.
 * ANSWER_INVALID_ARGUMENT: an empty selection without `all`. ANSWER_NOT_FOUND: nothing there (a
 * profile is removed, and a household reset, even without items).
 * ret_items: how many items it touches.
 */
int erasure_ask(struct erasure *erasure, enum erasure_reason reason,
		const struct archive_selection *selection, int64_t uid,
		const struct archive_within *within, int64_t *ret_job, uint64_t *ret_items,
		struct why *why);
/*
 * Erases the approved copies of the selection's items, which recalls what was exported of them, and
 * of the items themselves `kinds` (bits, 0 none). moved: because they go to another profile;
 * `within` does that, after the copies are on the way out. ANSWER_NOT_FOUND: there is nothing to
 * erase, and `within` has not run.
 */
int erasure_copies(struct erasure *erasure, const struct archive_selection *selection,
		   unsigned kinds, bool moved, int64_t uid, const struct archive_within *within,
		   int64_t *ret_job, struct why *why);
/* Makes a job of everything past its expiry; called every minute from the loop, too. ret_job 0:
 * there was nothing. May be NULL. */
int erasure_sweep(struct erasure *erasure, int64_t *ret_job);
/* Runs every job that has not ended, to its end, now: at start, before the bus name is taken. Jobs
 * left partial are not a fault; *ret_partial counts them. */
int erasure_finish(struct erasure *erasure, uint64_t *ret_partial);

/* ANSWER_NOT_FOUND. */
int erasure_find(struct erasure *erasure, int64_t number, struct erasure_job **ret);
/* Items of jobs that have not ended, and how many jobs are partial (Status, doctor): one more when
 * what has expired cannot be made a job. */
int erasure_pending(struct erasure *erasure, uint64_t *ret_items, uint64_t *ret_partial);
/* "E0", "E1" or "E2": what an erasure achieves on this storage (docs/ERASURE.md). */
const char *erasure_level(const struct erasure *erasure);
