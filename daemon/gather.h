/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a job takes: rows become tombstones. Of a profile that goes, its veil first (veil.h). */

#include "archive.h"
#include "store/job.h"
#include "store/store.h"
#include "vault/vault.h"

struct gather_reach {
	const struct archive_selection *selection;	/* NULL: what has expired */
	bool copies;			/* only approved copies, and `kinds` of the items */
	bool moved;
	unsigned kinds;
	bool voices;			/* and voiceprints: of its profile, or all */
};
/* Of the working set, in a transaction; counts the job's parts. */
int gather_tombstone(struct store *store, struct job_row *job, const struct gather_reach *reach,
		     int64_t now_min);
/* The veil of a profile that is being removed is overwritten and synced. Once it is, nothing of the
 * profile can be opened. A slot that holds another key is left alone: ANSWER_FAILED, or, with
 * ret_refused, 0 and its number there. */
int gather_veil(struct store *store, struct vault *vault, int64_t profile,
		uint32_t *ret_refused);
/* The next items behind *after, which moves, in a transaction; with the last of them the job's
 * items, parts and commitment. Nothing is done where that was done before. */
int gather_piece(struct store *store, struct job_row *job, int64_t *after, bool *ret_more);
/* The salted commitment to the working set's ids. */
int gather_commitment(struct store *store, const struct job_row *job,
		      uint8_t ret_commitment[static 32]);
