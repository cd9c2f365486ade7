/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An approved copy by its id, as an export would be handed it; the keeper itself finds one only as
 * part of an export. ANSWER_NOT_FOUND: nothing of it may be seen. */

#include "archive.h"
#include "store/lineage.h"
#include "store/seen.h"

STATEMENT(test_copy_find,
	"SELECT copy, copy.header AS header, profile.id AS profile_id FROM copy JOIN item"
	" ON item.item = copy.item JOIN profile ON profile.profile = item.profile"
	" WHERE copy.id = :id AND profile.type = 'adult' AND profile.removing = 0");
STATEMENT(test_copy_parts,
	"SELECT kind, slot, slot_tag, bytes, hash, body, veiled FROM copy_part"
	" JOIN copy USING (copy) WHERE copy = :copy AND job IS NULL AND "
	COPY_PART_SEEN " ORDER BY kind");

static inline int copy_parts(struct store *store, int64_t copy, const struct sight *sight,
			     struct export_item_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &test_copy_parts);
	int r;

	statement_bind_integer(s, ":copy", copy);
	sight_bind(s, sight);
	while ((r = statement_next(s)) == STATEMENT_ROW && row->n_parts < KIND_MAX) {
		struct part_row *part = &row->parts[row->n_parts++];

		part->kind = (enum kind)statement_integer(s, "kind");
		part->slot.number = (uint32_t)statement_integer(s, "slot");
		part->bytes = (uint64_t)statement_integer(s, "bytes");
		part->body = statement_integer(s, "body");
		part->veiled = statement_integer(s, "veiled") != 0;
		if (statement_bytes(s, "slot_tag", part->slot.tag, VAULT_TAG_BYTES) != 0 ||
		    statement_bytes(s, "hash", part->hash, HASH_BYTES) != 0)
			return -EBADMSG;
	}
	return r == 0 && row->n_parts == 0 ? ANSWER_NOT_FOUND : r;
}

static inline int copy_opened(struct archive *archive, struct store *store,
			      const struct sight *sight, const struct id *copy,
			      struct archive_opened **ret, struct why *why)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &test_copy_find);
	struct export_item_row row = { .copy = *copy };
	int r;

	statement_bind_id(s, ":id", copy);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : r;
	r = statement_id(s, "profile_id", &row.profile);
	if (r == 0)
		r = statement_bytes(s, "header", row.header.bytes, sizeof(row.header.bytes));
	if (r == 0)
		r = copy_parts(store, statement_integer(s, "copy"), sight, &row);
	return r == 0 ? archive_copy_open(archive, &row, ret, why) : r;
}
