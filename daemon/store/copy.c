/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of copies approved for export. Every query here begins at `copy`: an id of an item that was
 * never approved finds nothing (R17). */

#include "store/copy.h"

#include <string.h>

#include "store/seen.h"

/* With 200 characters of four bytes for purpose and recipient each, a row takes 1.7 KiB of a
 * message. */
#define PAGE_TEXT_BYTES (40 * 1024)
#define ROW_BYTES 200

#define COPY_LIVES                                                                                 \
	"EXISTS (SELECT 1 FROM copy_part WHERE copy_part.copy = copy.copy"                         \
	" AND copy_part.job IS NULL AND " COPY_PART_SEEN ")"
#define ITEM_LIVES                                                                                \
	"EXISTS (SELECT 1 FROM part WHERE part.item = item.item AND part.job IS NULL"             \
	" AND " PART_SEEN ")"

STATEMENT(copy_insert,
	"INSERT INTO copy (id, item, header, purpose, recipient, approved_min)"
	" VALUES (:id, :item, :header, :purpose, :recipient, :now)");
STATEMENT(copy_part_insert,
	"INSERT INTO copy_part (copy, kind, slot, slot_tag, expires_min, bytes, hash, body,"
	" veiled) VALUES (:copy, :kind, :slot, :tag, :expires, :bytes, :hash, :body, :veiled)");
STATEMENT(copy_is_there,
	"SELECT 1 AS there FROM copy WHERE item = :item AND " COPY_LIVES);
STATEMENT(copy_find,
	  "SELECT copy, copy.header AS header, profile.id AS profile_id, copy.approved_min AS "
	  "approved_min FROM copy JOIN item USING (item) JOIN profile ON profile.profile = "
	  "item.profile WHERE copy.id = :id AND profile.type = 'adult' "
	  "AND profile.removing = 0");
STATEMENT(copy_parts_find,
	"SELECT kind, slot, slot_tag, expires_min, bytes, hash, body, veiled FROM copy_part"
	" JOIN copy USING (copy) WHERE copy = :copy AND job IS NULL AND " COPY_PART_SEEN
	" ORDER BY kind");
STATEMENT(copy_list,
	"SELECT copy.copy AS copy, copy.id AS id, item.id AS item_id, profile.id AS profile_id,"
	" copy.approved_min AS approved_min, copy.purpose AS purpose, copy.recipient AS recipient,"
	" (SELECT min(expires_min) FROM copy_part WHERE copy_part.copy = copy.copy"
	" AND job IS NULL) AS expires_min"
	" FROM copy JOIN item USING (item) JOIN profile ON profile.profile = item.profile"
	" WHERE profile.removing = 0 AND profile.type = 'adult'"
	" AND (:purpose IS NULL OR purpose = :purpose)"
	" AND (:recipient IS NULL OR recipient = :recipient) AND copy.copy < :before AND "
	COPY_LIVES " ORDER BY copy.copy DESC");
STATEMENT(copies_count,
	"SELECT count(*) AS n FROM copy JOIN item USING (item)"
	" JOIN profile ON profile.profile = item.profile WHERE profile.type = 'adult' AND "
	COPY_LIVES);
STATEMENT(excluded,
	"SELECT coalesce(sum(profile.type <> 'adult'), 0) AS child,"
	" coalesce(sum(profile.type = 'adult' AND NOT EXISTS (SELECT 1 FROM copy"
	" WHERE copy.item = item.item AND " COPY_LIVES ")), 0) AS not_approved"
	" FROM item JOIN profile ON profile.profile = item.profile WHERE " ITEM_LIVES);

int store_copy_insert(struct store *store, const struct id *id, int64_t item,
		      const struct envelope_header *header, const char *purpose,
		      const char *recipient, int64_t now_min, int64_t *ret_copy)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &copy_insert);
	int r;

	statement_bind_id(s, ":id", id);
	statement_bind_integer(s, ":item", item);
	statement_bind_blob(s, ":header", header->bytes, sizeof(header->bytes));
	statement_bind_text(s, ":purpose", purpose);
	statement_bind_text(s, ":recipient", recipient);
	statement_bind_integer(s, ":now", now_min);
	r = statement_run(s);
	if (r == 0)
		*ret_copy = store_last_row(store);
	return fault_trace(r);
}

int store_copy_part_insert(struct store *store, int64_t copy, const struct part_row *part)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &copy_part_insert);

	statement_bind_integer(s, ":copy", copy);
	statement_bind_integer(s, ":kind", part->kind);
	statement_bind_integer(s, ":slot", part->slot.number);
	statement_bind_blob(s, ":tag", part->slot.tag, VAULT_TAG_BYTES);
	statement_bind_integer(s, ":expires", part->expires_min);
	statement_bind_integer(s, ":bytes", (int64_t)part->bytes);
	statement_bind_blob(s, ":hash", part->hash, HASH_BYTES);
	statement_bind_integer(s, ":body", part->body);
	statement_bind_integer(s, ":veiled", part->veiled);
	return fault_trace(statement_run(s));
}

int store_copy_is_there(struct store *store, int64_t item, const struct sight *sight, bool *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &copy_is_there);
	int r;

	statement_bind_integer(s, ":item", item);
	sight_bind(s, sight);
	r = statement_next(s);
	if (r != 0 && r != STATEMENT_ROW)
		return fault_trace(r);
	*ret = r == STATEMENT_ROW;
	return 0;
}

static int parts_of(struct store *store, int64_t copy, const struct sight *sight,
		    struct part_row ret[static KIND_MAX], unsigned *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &copy_parts_find);
	unsigned n = 0;
	int r;

	statement_bind_integer(s, ":copy", copy);
	sight_bind(s, sight);
	while ((r = statement_next(s)) == STATEMENT_ROW && n < KIND_MAX) {
		struct part_row *row = &ret[n++];

		row->kind = (enum kind)statement_integer(s, "kind");
		row->slot.number = (uint32_t)statement_integer(s, "slot");
		row->expires_min = statement_integer(s, "expires_min");
		row->bytes = (uint64_t)statement_integer(s, "bytes");
		row->body = statement_integer(s, "body");
		row->veiled = statement_integer(s, "veiled") != 0;
		r = statement_bytes(s, "slot_tag", row->slot.tag, VAULT_TAG_BYTES);
		if (r == 0)
			r = statement_bytes(s, "hash", row->hash, HASH_BYTES);
		if (r < 0)
			break;
	}
	if (r != 0)
		return r == STATEMENT_ROW ? fault_origin(-EBADMSG) : fault_trace(r);
	*ret_n = n;
	return 0;
}

int store_copy_find(struct store *store, const struct id *id, const struct sight *sight,
		    struct item_row *ret, struct part_row parts[static KIND_MAX], unsigned *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &copy_find);
	struct item_row row = { .id = *id };
	unsigned n = 0;
	int r;

	statement_bind_id(s, ":id", id);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	row.started_min = statement_integer(s, "approved_min");
	r = statement_id(s, "profile_id", &row.profile);
	if (r == 0)
		r = statement_bytes(s, "header", row.header.bytes, sizeof(row.header.bytes));
	if (r == 0)
		r = parts_of(store, statement_integer(s, "copy"), sight, parts, &n);
	if (r != 0)
		return fault_trace(r);
	if (n == 0)
		return ANSWER_NOT_FOUND;
	*ret = row;
	*ret_n = n;
	return 0;
}

static int copy_fill(struct statement *s, struct archive_copy *ret)
{
	int r = statement_id(s, "id", &ret->id);

	if (r == 0)
		r = statement_id(s, "item_id", &ret->item);
	if (r == 0)
		r = statement_id(s, "profile_id", &ret->profile);
	if (r == 0)
		r = statement_text_new(s, "purpose", &ret->purpose);
	if (r == 0)
		r = statement_text_new(s, "recipient", &ret->recipient);
	ret->approved_min = statement_integer(s, "approved_min");
	ret->expires_min = statement_integer(s, "expires_min");
	return fault_trace(r);
}

int store_copy_list(struct store *store, const char *purpose, const char *recipient,
		    const struct sight *sight, int64_t *before, size_t room,
		    struct archive_copy **ret, size_t *ret_n, bool *ret_more)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &copy_list);
	struct archive_copy *copies = calloc(room, sizeof(*copies));
	size_t n = 0, bytes = 0;
	int r;

	if (!copies)
		return fault_origin(-ENOMEM);

	statement_bind_text(s, ":purpose", purpose);
	statement_bind_text(s, ":recipient", recipient);
	statement_bind_integer(s, ":before", *before);
	sight_bind(s, sight);
	while ((r = statement_next(s)) == STATEMENT_ROW && n < room && bytes < PAGE_TEXT_BYTES) {
		r = copy_fill(s, &copies[n++]);
		if (r < 0)
			break;
		*before = statement_integer(s, "copy");
		bytes += ROW_BYTES + strlen(copies[n - 1].purpose) +
			 strlen(copies[n - 1].recipient);
	}
	if (r != 0 && r != STATEMENT_ROW) {
		archive_copies_free(copies, n);
		return fault_trace(r);
	}
	*ret = copies;
	*ret_n = n;
	*ret_more = r == STATEMENT_ROW;
	return 0;
}

int store_copies_count(struct store *store, const struct sight *sight, uint64_t *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &copies_count);
	int r;

	sight_bind(s, sight);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret = (uint64_t)statement_integer(s, "n");
	return 0;
}

int store_copy_excluded(struct store *store, const struct sight *sight, uint64_t *ret_child,
			uint64_t *ret_not_approved)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &excluded);
	int r;

	sight_bind(s, sight);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_child = (uint64_t)statement_integer(s, "child");
	*ret_not_approved = (uint64_t)statement_integer(s, "not_approved");
	return 0;
}
