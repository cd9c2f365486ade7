/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The rows of a profile that goes. One flag in its own row hides them all at once (store/seen.h);
 * they become tombstones afterwards, in pieces. All writes want a transaction. */

#include "store/store.h"

/* The profile shows nothing and takes nothing in any more. ret_items: how many it has.
 * ANSWER_NOT_FOUND: there is none, or it is being removed already. */
int store_removal_begin(struct store *store, const struct id *profile, int64_t *ret_profile,
			uint64_t *ret_items);
/* Makes tombstones of the next items' parts behind *after, and moves it. ret_more: call again. */
int store_removal_tombstone(struct store *store, int64_t job, int64_t profile, int64_t *after,
			    bool *ret_more);
/* The last of it: the copies, and the working set filled with the job's items. */
int store_removal_gather(struct store *store, int64_t job, uint64_t *ret_items,
			 uint64_t *ret_parts);
