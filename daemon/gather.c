/* SPDX-License-Identifier: Apache-2.0 */
/* What comes before the slots when a profile goes. Must never gather twice what a receipt commits
 * to: by the second time some of it may be gone. */

#include "gather.h"

#include <stdlib.h>
#include <string.h>

#include "crypt/receipt.h"
#include "failpoint.h"
#include "store/removal.h"
#include "store/selection.h"
#include "store/tombstone.h"
#include "store/veil.h"

int gather_tombstone(struct store *store, struct job_row *job, const struct gather_reach *reach,
		     int64_t now_min)
{
	uint64_t voices = 0;
	int r;

	if (reach->copies)
		return fault_trace(store_tombstone_approved(store, job->job, reach->moved,
							    reach->kinds, &job->parts));
	if (!reach->selection)
		return fault_trace(store_tombstone_expired(store, job->job, now_min, &job->parts));
	r = store_tombstone(store, job->job, reach->selection->kinds, &job->parts);
	if (r == 0 && reach->voices)
		r = store_tombstone_voices(store, job->job, reach->selection->profile,
					   strcmp(job->reason, "reset") == 0, &voices);
	job->parts += voices;
	return fault_trace(r);
}

int gather_veil(struct store *store, struct vault *vault, int64_t profile,
		uint32_t *ret_refused)
{
	struct vault_erasure veil = { .kind = VAULT_KIND_PROFILE };
	struct veil_row row;
	int r = store_veil_removing(store, profile, &veil.owner, &row);

	if (r == ANSWER_NOT_FOUND || (r == 0 && !row.there))
		return 0;
	veil.slot = row.slot;
	failpoint("erase-before-veil");
	if (r == 0)
		r = vault_erase(vault, &veil, 1);
	failpoint("erase-after-veil");
	if (r == ANSWER_FAILED && ret_refused) {
		*ret_refused = row.slot.number;
		return 0;
	}
	return fault_trace(r);
}

int gather_commitment(struct store *store, const struct job_row *job,
		      uint8_t ret_commitment[static 32])
{
	_cleanup_(cleanup_free) struct id *ids = NULL;
	size_t n;
	int r = store_chosen_ids(store, &ids, &n);

	if (r == 0)
		receipt_commitment(job->salt, ids, n, ret_commitment);
	return fault_trace(r);
}

static int extent_set(struct store *store, struct job_row *job)
{
	int r = store_removal_gather(store, job->job, &job->items, &job->parts);

	if (r == 0)
		r = gather_commitment(store, job, job->commitment);
	if (r == 0)
		r = store_job_set_extent(store, job->job, job->items, job->parts, job->profile,
					 job->commitment);
	return fault_trace(r);
}

int gather_piece(struct store *store, struct job_row *job, int64_t *after, bool *ret_more)
{
	static const uint8_t none[sizeof(job->commitment)];
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	bool more = false;
	int r;

	*ret_more = false;
	if (memcmp(job->commitment, none, sizeof(none)) != 0)
		return 0;
	r = store_begin(store, &transaction);
	if (r == 0)
		r = store_removal_tombstone(store, job->job, job->profile, after, &more);
	if (r == 0 && !more)
		r = extent_set(store, job);
	if (r == 0)
		r = store_commit(take(transaction));
	if (r == 0)
		*ret_more = more;
	return fault_trace(r);
}
