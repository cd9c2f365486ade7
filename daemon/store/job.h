/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of erasure jobs, and what the verifier still has to read back for them. */

#include "store/store.h"

#define JOB_SALT_BYTES 16

struct job_row {
	int64_t job;
	char reason[16];
	char state[16];
	int64_t profile;		/* row; 0: none is removed */
	int64_t uid;			/* -1: the keeper itself */
	uint64_t items, parts;
	uint64_t left;			/* items not removed yet */
	char *problem;
	char *receipt;
	int64_t asked_min, ended_min;
	uint8_t salt[JOB_SALT_BYTES];
	uint8_t commitment[32];
};

void store_job_clear(struct job_row *job);

/* From reason, uid, asked_min and salt; queued, with nothing in it yet. */
int store_job_insert(struct store *store, const struct job_row *job, int64_t *ret_job);
int store_job_set_extent(struct store *store, int64_t job, uint64_t items, uint64_t parts,
			 int64_t profile, const uint8_t commitment[static 32]);
int store_job_set_state(struct store *store, int64_t job, const char *state, const char *problem,
			const char *receipt, int64_t ended_min);
/* ANSWER_NOT_FOUND. */
int store_job_find(struct store *store, int64_t job, struct job_row *ret);
/* The first job after `after` that has not ended. ANSWER_NOT_FOUND: none. */
int store_job_next(struct store *store, int64_t after, int64_t *ret_job);
int store_jobs_pending(struct store *store, uint64_t *ret_items, uint64_t *ret_partial);
/* Receipts of jobs before `before`, newest first. Ends early with what `each` returns. */
int store_receipts(struct store *store, int64_t before, unsigned limit,
		   int (*each)(void *context, int64_t job, const char *receipt), void *context);
/* Forgets this one, if it is done. */
int store_job_drop(struct store *store, int64_t job);
/* Forgets jobs (and their receipts) that were done before. */
int store_jobs_forget(struct store *store, int64_t before_min);

/* slot < 0: none. */
int store_witness_count(struct store *store, int64_t job, size_t *ret);
int store_witness_insert(struct store *store, int64_t job, int64_t slot, uint64_t print);
/* All of a job; free() both lists. */
int store_witness_read(struct store *store, int64_t job, uint32_t **ret_slots, size_t *ret_n_slots,
		       uint64_t **ret_prints, size_t *ret_n_prints);
int store_witness_delete(struct store *store, int64_t job);
