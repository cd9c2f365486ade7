/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From a selection to rows. The working set lives in memory until the next one. */

#include "kept.h"
#include "store/store.h"

int store_choose_none(struct store *store);
/*
 * Fills the working set with every item the selection names that is not tombstoned and may be
 * seen (SIGHT_ALL: and what may not, too). ANSWER_NOT_FOUND: an id or the profile is not there;
 * `why` names it.
 */
int store_choose(struct store *store, const struct archive_selection *selection,
		 const struct sight *sight, uint64_t *ret_items, struct why *why);
/* ... with everything there is, of profiles that are being removed, too: for a reset. */
int store_choose_whole(struct store *store, uint64_t *ret_items);
/* ANSWER_NOT_FOUND: there is no such profile. NULL is none, and fine. */
int store_profile_check(struct store *store, const struct id *profile, struct why *why);
/* 0: something is past its expiry and not tombstoned. ANSWER_NOT_FOUND. */
int store_expired(struct store *store, int64_t now_min);
/* Fills it with every item that has a part past its expiry. */
int store_choose_expired(struct store *store, int64_t now_min, uint64_t *ret_items);
/* The ids in the working set; free() them. */
int store_chosen_ids(struct store *store, struct id **ret_ids, size_t *ret_n);
/* What of the working set is not tombstoned, of these kinds (bits) or (0) all. */
int store_chosen_count(struct store *store, unsigned kinds, uint64_t *ret_parts,
		       uint64_t *ret_bytes);
/* All there is that is not tombstoned. */
int store_count(struct store *store, uint64_t *ret_items, uint64_t *ret_parts, uint64_t *ret_bytes);

/* Where a page of a listing begins: strictly before this in (started_min, item). */
struct store_cursor {
	int64_t started_min;
	int64_t item;
};

/*
 * At most `room` items, newest first, before *cursor, which moves to the last one given. Without
 * ids it reads the indexes; with ids the working set of store_choose. ret_more: there are others.
 */
int store_list(struct store *store, const struct archive_selection *selection,
	       const struct sight *sight, struct store_cursor *cursor, struct archive_item *items,
	       size_t room, size_t *ret_n, bool *ret_more);
/* The same for items of adults (profile NULL: of all) that have sound or words, no approved copy
 * and no refusal. */
int store_candidates(struct store *store, const struct id *profile, const struct sight *sight,
		     struct store_cursor *cursor, struct archive_item *items, size_t room,
		     size_t *ret_n, bool *ret_more);
