/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The deletion drill (R32), daily at a minute that nobody knows before and whenever a parent asks:
 * plants canaries, items of a profile that is in no list, under keys that nobody holds; sees with
 * its own eyes that they are on the disk; has them erased like anything else; and looks for them in
 * every raw file. Then it reconciles: the tables with each other, and each row with its slot.
 */

#include "alert.h"
#include "erasure.h"

struct drill;

struct drill_config {
	const char *dir;
	struct loop *loop;		/* NULL: drill_run() alone */
	struct store *store;
	struct vault *vault;
	struct age *age;
	struct archive *archive;
	struct erasure *erasure;
	struct alerts *alerts;
	/* It has ended; `found` is a sentence a line, "" when all went well. May be NULL. */
	void (*ended)(void *context, const char *found);
	/* Slots are about to be compared with their rows. May be NULL. */
	void (*settle)(void *context);
	void *context;
};

int drill_new(const struct drill_config *config, struct drill **ret);
struct drill *drill_free(struct drill *drill);
CLEANUP_DEFINE(struct drill *, drill_free)

/* Begins one. ANSWER_BUSY: one is under way, or a reset. */
int drill_begin(struct drill *drill, struct why *why);
bool drill_under_way(const struct drill *drill);
/* Call at the end of every erasure. */
void drill_job_ended(struct drill *drill, const struct erasure_job *job);
/* Is this erasure the drill's own? */
bool drill_owns(const struct drill *drill, int64_t job);
/* Goes on with looking and reconciling; the loop does so by itself. DRILL_MORE: call again. */
#define DRILL_MORE 104
int drill_step(struct drill *drill);
/* Call every minute: begins the daily one, and tells of damaged pages that were met. */
void drill_minute(struct drill *drill);
/* At start, before the first call is answered: erases canaries that a crash has left, and tells of
 * profiles that are hidden for no reason. */
int drill_clean(struct drill *drill);

/* ANSWER_NOT_FOUND: there was none yet. ret_found: free(). */
int drill_last(const struct drill *drill, int64_t *ret_ended_min, char **ret_found);
