/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Approved copies of what a cupboard keeps. */

#include "keeper_room.h"

static inline int cupboard_approve(struct cupboard *c, const struct id *item, struct id *ret_copy)
{
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	struct archive_body bodies[KIND_MAX];
	uint8_t sealed[KIND_MAX][64];
	struct archive_approve approve = { .purpose = "wake words",
					   .recipient = "me",
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
