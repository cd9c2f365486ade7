/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of copies approved for export. The schema itself refuses one of a child's item. */

#include "store/item.h"

/* ANSWER_INVALID_ARGUMENT: the schema refuses it. ANSWER_EXISTS: the item has a copy. */
int store_copy_insert(struct store *store, const struct id *id, int64_t item,
		      const struct envelope_header *header, const char *purpose,
		      const char *recipient, const char *review, int64_t now_min,
		      int64_t *ret_copy);
int store_copy_part_insert(struct store *store, int64_t copy, const struct part_row *part);
/* Does the item have a copy that can be exported now? */
int store_copy_is_there(struct store *store, int64_t item, const struct sight *sight, bool *ret);
/*
 * A page of a listing, newest first: at most `room`, and what a message holds, below row *before,
 * which moves to the last one given. purpose, recipient: NULL for any. Free with
 * archive_copies_free. ret_more: there are others.
 */
int store_copy_list(struct store *store, const char *purpose, const char *recipient,
		    const struct sight *sight, int64_t *before, size_t room,
		    struct archive_copy **ret, size_t *ret_n, bool *ret_more);
/* Copies that could be exported now. */
int store_copies_count(struct store *store, const struct sight *sight, uint64_t *ret);

/* Wants a transaction, and the items in the working set. ANSWER_INVALID_ARGUMENT: one is not an
 * adult's. */
int store_refuse(struct store *store, int64_t now_min);
int store_refuse_not(struct store *store, int64_t item);
