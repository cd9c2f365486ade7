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

STATEMENT(copy_insert,
	"INSERT INTO copy (id, item, header, purpose, recipient, approved_min, review)"
	" VALUES (:id, :item, :header, :purpose, :recipient, :now, :review)");
STATEMENT(copy_part_insert,
	"INSERT INTO copy_part (copy, kind, slot, slot_tag, expires_min, bytes, hash, body,"
	" veiled) VALUES (:copy, :kind, :slot, :tag, :expires, :bytes, :hash, :body, :veiled)");
STATEMENT(copy_is_there,
	"SELECT 1 AS there FROM copy WHERE item = :item AND " COPY_LIVES);
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
STATEMENT(refusal_insert,
	"INSERT OR IGNORE INTO refusal (item, refused_min) SELECT item, :now FROM chosen");
STATEMENT(refusal_delete, "DELETE FROM refusal WHERE item = :item");

int store_copy_insert(struct store *store, const struct id *id, int64_t item,
		      const struct envelope_header *header, const char *purpose,
		      const char *recipient, const char *review, int64_t now_min,
		      int64_t *ret_copy)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &copy_insert);
	int r;

	statement_bind_id(s, ":id", id);
	statement_bind_integer(s, ":item", item);
	statement_bind_blob(s, ":header", header->bytes, sizeof(header->bytes));
	statement_bind_text(s, ":purpose", purpose);
	statement_bind_text(s, ":recipient", recipient);
	statement_bind_text(s, ":review", review);
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

int store_refuse(struct store *store, int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &refusal_insert);

	statement_bind_integer(s, ":now", now_min);
	return fault_trace(statement_run(s));
}

int store_refuse_not(struct store *store, int64_t item)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &refusal_delete);

	statement_bind_integer(s, ":item", item);
	return fault_trace(statement_run(s));
}
