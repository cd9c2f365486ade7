/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Approved copies of what a cupboard keeps. */

#include "keeper_room.h"
#include "../../support/copy_row.h"
#include "store/lineage.h"

static inline int cupboard_approve(struct cupboard *c, const struct id *item, struct id *ret_copy)
{
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	struct archive_body bodies[KIND_MAX];
	uint8_t sealed[KIND_MAX][64];
	struct archive_approve approve = { .purpose = "wake words",
					   .recipient = "me",
					   .review = "named",
					   .bodies = bodies };
	int r = archive_copy_begin(c->archive, item, &draft, &c->why);

	if (r != 0)
		return r;
	crypt_random(sealed, sizeof(sealed));
	approve.n_bodies = draft->n_parts;
	for (unsigned i = 0; i < draft->n_parts; i++)
		bodies[i] =
			(struct archive_body){ draft->parts[i].kind, sealed[i], 64, 30 * 86400, 0 };
	*ret_copy = draft->id;
	return archive_copy_commit(c->archive, draft, &approve, NULL, &c->why);
}

/* All of them: a test has no more than a page. */
static inline int copies_list(struct cupboard *c, const char *purpose, const char *recipient,
			      struct archive_copy **ret, size_t *ret_n)
{
	char cursor[ARCHIVE_CURSOR_TEXT];
	int r = archive_copy_list(c->archive, purpose, recipient, "", 0, ret, ret_n, cursor,
				  &c->why);

	if (r == 0)
		assert_string_equal(cursor, "");
	return r;
}

/* How many copies an export for this would have, and how many items it leaves out; and nothing of
 * it stays. ret_opened: the first of them, for archive_opened_free(); may be NULL. */
static inline uint64_t exportable(struct cupboard *c, const char *purpose, struct export_row *row,
				  struct archive_opened **ret_opened)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	const struct sight sight = age_sight(c->age);
	struct export_item_row item;
	int r;

	*row = (struct export_row){ .format = "hf", .encoding = "flac", .recipient = "me",
				    .begun_min = 1 };
	strcpy(row->purpose, purpose);
	crypt_random(row->id.bytes, ID_BYTES);
	assert_int_equal(store_begin(c->store, &transaction), 0);
	r = store_export_begin(c->store, row, &sight);
	assert_true(r == 0 || r == ANSWER_NOT_FOUND);
	if (r == 0 && ret_opened) {
		assert_int_equal(store_export_next(c->store, row->export, 0, &sight, &item), 0);
		assert_int_equal(archive_copy_open(c->archive, &item, ret_opened, &c->why), 0);
	}
	return row->items;
}

static inline int copy_opens(struct cupboard *c, const struct id *copy, struct archive_opened **ret)
{
	const struct sight sight = age_sight(c->age);

	return copy_opened(c->archive, c->store, &sight, copy, ret, &c->why);
}
