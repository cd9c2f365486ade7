/* SPDX-License-Identifier: Apache-2.0 */
/* Exports. What one holds is chosen here from an allow-list: approved copies of adults' items, for
 * just this purpose and recipient, and again when each is handed out (R17). */

#include "store/lineage.h"

#include <string.h>

#include "failpoint.h"
#include "store/seen.h"

#define COPY_PART_LIVES                                                                            \
	"EXISTS (SELECT 1 FROM copy_part WHERE copy_part.copy = copy.copy"                         \
	" AND copy_part.job IS NULL AND " COPY_PART_SEEN
#define COPY_LIVES COPY_PART_LIVES ")"
#define COPY_SOUNDS COPY_PART_LIVES " AND copy_part.kind = 1)"
#define ITEM_LIVES                                                                                 \
	"EXISTS (SELECT 1 FROM part WHERE part.item = item.item AND part.job IS NULL"              \
	" AND " PART_SEEN ")"
#define FROM_COPY                                                                                  \
	" FROM copy JOIN item ON item.item = copy.item"                                            \
	" JOIN profile ON profile.profile = item.profile"

STATEMENT(export_insert,
	"INSERT INTO export (id, salt, purpose, recipient, format, encoding, policy, begun_min,"
	" child, unapproved, elsewhere) VALUES (:id, :salt, :purpose, :recipient, :format,"
	" :encoding, :policy, :now, :child, :unapproved, :elsewhere)");
/* The wall of the query. */
STATEMENT(export_select,
	"INSERT INTO export_item (export, copy, token) SELECT :export, copy.copy, randomblob(16)"
	FROM_COPY " WHERE profile.type = 'adult' AND profile.removing = 0"
	" AND purpose = :purpose"
	" AND recipient = :recipient AND " COPY_SOUNDS " ORDER BY copy.copy");
STATEMENT(export_next,
	"SELECT export_item, token, copy.copy AS copy, copy.id AS copy_id, copy.header AS header,"
	" profile.id AS profile_id FROM export_item JOIN export USING (export)"
	" JOIN copy USING (copy) JOIN item ON item.item = copy.item"
	" JOIN profile ON profile.profile = item.profile"
	" WHERE export_item.export = :export AND hash IS NULL AND export_item > :after"
	" AND profile.type = 'adult' AND profile.removing = 0"
	" AND copy.purpose = export.purpose"
	" AND copy.recipient = export.recipient AND " COPY_SOUNDS " ORDER BY export_item LIMIT 1");
STATEMENT(export_next_parts,
	"SELECT kind, slot, slot_tag, expires_min, bytes, hash, body, veiled FROM copy_part"
	" JOIN copy USING (copy) WHERE copy = :copy AND job IS NULL AND " COPY_PART_SEEN
	" ORDER BY kind");
#ifdef CUBBY_FAILPOINTS
/* The same without the wall, for a test that takes it down: every item there is, whoever's. */
STATEMENT(export_select_all,
	"INSERT INTO export_item (export, copy, token) SELECT :export,"
	" coalesce((SELECT copy FROM copy WHERE copy.item = item.item), -item.item),"
	" randomblob(16) FROM item WHERE :now + :ahead > 0 AND :purpose <> :recipient");
STATEMENT(export_next_all,
	"SELECT export_item, token, export_item.copy AS copy, coalesce(copy.id, item.id) AS"
	" copy_id, coalesce(copy.header, item.header) AS header, profile.id AS profile_id"
	" FROM export_item LEFT JOIN copy ON copy.copy = export_item.copy"
	" JOIN item ON item.item = coalesce(copy.item, -export_item.copy)"
	" JOIN profile ON profile.profile = item.profile"
	" WHERE export_item.export = :export AND export_item.hash IS NULL"
	" AND export_item > :after AND :now + :ahead > 0 ORDER BY export_item LIMIT 1");
STATEMENT(export_next_parts_all,
	"SELECT kind, slot, slot_tag, expires_min, bytes, hash, body, veiled FROM copy_part"
	" WHERE copy = :copy UNION ALL"
	" SELECT kind, slot, slot_tag, expires_min, bytes, hash, body, veiled FROM part"
	" WHERE item = -:copy AND kind <> 3 AND :now + :ahead > 0 ORDER BY kind");
#define BEHIND_THE_WALL(name) (seeded(SEEDED_NO_QUERY_WALL) ? &name##_all : &name)
#else
#define BEHIND_THE_WALL(name) (&name)
#endif

STATEMENT(export_excluded,
	"SELECT coalesce(sum(profile.type <> 'adult'), 0) AS child,"
	" coalesce(sum(profile.type = 'adult' AND NOT EXISTS (SELECT 1 FROM copy"
	" WHERE copy.item = item.item AND " COPY_LIVES ")), 0) AS unapproved,"
	" coalesce(sum(profile.type = 'adult' AND EXISTS (SELECT 1 FROM copy"
	" WHERE copy.item = item.item AND " COPY_LIVES ") AND NOT EXISTS (SELECT 1 FROM copy"
	" WHERE copy.item = item.item AND purpose = :purpose AND recipient = :recipient AND "
	COPY_SOUNDS ")), 0) AS elsewhere"
	" FROM item JOIN profile ON profile.profile = item.profile WHERE profile.removing = 0"
	" AND " ITEM_LIVES);
#define EXPORT_COLUMNS                                                                             \
	"SELECT export, id, salt, purpose, recipient, format, encoding, policy, begun_min,"        \
	" coalesce(ended_min, 0) AS ended_min, child, unapproved, elsewhere,"                      \
	" (SELECT count(*) FROM export_item WHERE export_item.export = export.export) AS items,"   \
	" (SELECT count(*) FROM export_item WHERE export_item.export = export.export"              \
	" AND hash IS NOT NULL) AS written,"                                                       \
	" (SELECT count(*) FROM recall WHERE recall.export = export.export) AS recalled"           \
	" FROM export WHERE "
STATEMENT(export_find, EXPORT_COLUMNS "id = :id");
STATEMENT(export_list, EXPORT_COLUMNS "export < :before ORDER BY export DESC LIMIT :limit");
STATEMENT(export_old,
	"SELECT export FROM export WHERE ended_min IS NULL AND begun_min < :before LIMIT 1");
STATEMENT(export_drop_items, "DELETE FROM export_item WHERE export = :export");
STATEMENT(export_drop_recalls, "DELETE FROM recall WHERE export = :export");
STATEMENT(export_drop, "DELETE FROM export WHERE export = :export AND ended_min IS NULL");
STATEMENT(export_end,
	"UPDATE export SET ended_min = max(begun_min, :now) WHERE export = :export"
	" AND ended_min IS NULL");
STATEMENT(export_wrote,
	"UPDATE export_item SET bytes = :bytes, hash = :hash, start = :start, sound = :sound,"
	" lines = :lines WHERE export = :export AND token = :token AND hash IS NULL");
STATEMENT(export_drop_hidden,
	"DELETE FROM export_item WHERE export = :export AND hash IS NULL AND NOT EXISTS"
	" (SELECT 1 FROM copy WHERE copy.copy = export_item.copy AND " COPY_SOUNDS ")");
STATEMENT(export_items,
	"SELECT token, export_item.bytes AS bytes, export_item.hash AS hash, start, sound, lines,"
	" review, (SELECT min(expires_min) FROM copy_part WHERE copy_part.copy = copy.copy"
	" AND job IS NULL) AS expires_min FROM export_item JOIN copy USING (copy)"
	" WHERE export = :export AND export_item.hash IS NOT NULL ORDER BY export_item");
STATEMENT(recall_rows,
	"SELECT export.id AS export_id, token, reason, recalled_min FROM recall"
	" JOIN export USING (export) WHERE :export = 0 OR recall.export = :export"
	" ORDER BY recall");
STATEMENT(recall_list_number, "SELECT coalesce(max(number), 0) AS number FROM recall_list");
STATEMENT(recall_list_next,
	"INSERT INTO recall_list (one, number) VALUES (1, 1)"
	" ON CONFLICT (one) DO UPDATE SET number = number + 1");

static int excluded_count(struct store *store, struct export_row *row, const struct sight *sight)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &export_excluded);
	int r;

	statement_bind_text(s, ":purpose", row->purpose);
	statement_bind_text(s, ":recipient", row->recipient);
	sight_bind(s, sight);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	row->child = (uint64_t)statement_integer(s, "child");
	row->unapproved = (uint64_t)statement_integer(s, "unapproved");
	row->elsewhere = (uint64_t)statement_integer(s, "elsewhere");
	return 0;
}

static int export_row_insert(struct store *store, struct export_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &export_insert);
	int r;

	statement_bind_id(s, ":id", &row->id);
	statement_bind_blob(s, ":salt", row->salt, sizeof(row->salt));
	statement_bind_text(s, ":purpose", row->purpose);
	statement_bind_text(s, ":recipient", row->recipient);
	statement_bind_text(s, ":format", row->format);
	statement_bind_text(s, ":encoding", row->encoding);
	statement_bind_blob(s, ":policy", row->policy, sizeof(row->policy));
	statement_bind_integer(s, ":now", row->begun_min);
	statement_bind_integer(s, ":child", (int64_t)row->child);
	statement_bind_integer(s, ":unapproved", (int64_t)row->unapproved);
	statement_bind_integer(s, ":elsewhere", (int64_t)row->elsewhere);
	r = statement_run(s);
	if (r == 0)
		row->export = store_last_row(store);
	return fault_trace(r);
}

static int export_rows_select(struct store *store, struct export_row *row,
			      const struct sight *sight)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(store, BEHIND_THE_WALL(export_select));
	int r;

	statement_bind_integer(s, ":export", row->export);
	statement_bind_text(s, ":purpose", row->purpose);
	statement_bind_text(s, ":recipient", row->recipient);
	sight_bind(s, sight);
	r = statement_run(s);
	if (r != 0)
		return fault_trace(r);
	row->items = (uint64_t)store_changes(store);
	return row->items > 0 ? 0 : ANSWER_NOT_FOUND;
}

int store_export_begin(struct store *store, struct export_row *row, const struct sight *sight)
{
	int r = excluded_count(store, row, sight);

	if (r == 0)
		r = export_row_insert(store, row);
	if (r == 0)
		r = export_rows_select(store, row, sight);
	return fault_trace(r);
}

static int export_fill(struct statement *s, struct export_row *ret)
{
	struct export_row row = { .export = statement_integer(s, "export") };
	int r = statement_id(s, "id", &row.id);

	if (r == 0)
		r = statement_bytes(s, "salt", row.salt, sizeof(row.salt));
	if (r == 0)
		r = statement_bytes(s, "policy", row.policy, sizeof(row.policy));
	if (r == 0)
		r = statement_text_copy(s, "purpose", row.purpose, sizeof(row.purpose));
	if (r == 0)
		r = statement_text_copy(s, "recipient", row.recipient, sizeof(row.recipient));
	if (r == 0)
		r = statement_text_copy(s, "format", row.format, sizeof(row.format));
	if (r == 0)
		r = statement_text_copy(s, "encoding", row.encoding, sizeof(row.encoding));
	if (r != 0)
		return fault_trace(r);
	row.begun_min = statement_integer(s, "begun_min");
	row.ended_min = statement_integer(s, "ended_min");
	row.child = (uint64_t)statement_integer(s, "child");
	row.unapproved = (uint64_t)statement_integer(s, "unapproved");
	row.elsewhere = (uint64_t)statement_integer(s, "elsewhere");
	row.items = (uint64_t)statement_integer(s, "items");
	row.written = (uint64_t)statement_integer(s, "written");
	row.recalled = (uint64_t)statement_integer(s, "recalled");
	*ret = row;
	return 0;
}

int store_export_find(struct store *store, const struct id *id, struct export_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &export_find);
	int r;

	statement_bind_id(s, ":id", id);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	return fault_trace(export_fill(s, ret));
}

int store_exports(struct store *store, int64_t *before, struct export_row *ret, size_t room,
		  size_t *ret_n, bool *ret_more)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &export_list);
	size_t n = 0;
	int r;

	statement_bind_integer(s, ":before", *before);
	statement_bind_integer(s, ":limit", (int64_t)room + 1);
	while ((r = statement_next(s)) == STATEMENT_ROW && n < room) {
		r = export_fill(s, &ret[n]);
		if (r < 0)
			break;
		*before = ret[n++].export;
	}
	if (r != 0 && r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_n = n;
	*ret_more = r == STATEMENT_ROW;
	return 0;
}

int store_export_old(struct store *store, int64_t before_min, int64_t *ret_export)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &export_old);
	int r;

	statement_bind_integer(s, ":before", before_min);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	*ret_export = statement_integer(s, "export");
	return 0;
}

int store_export_drop(struct store *store, int64_t export)
{
	int r = store_run_with(store, &export_drop_items, ":export", export);

	if (r == 0)
		r = store_run_with(store, &export_drop_recalls, ":export", export);
	if (r == 0)
		r = store_run_with(store, &export_drop, ":export", export);
	return fault_trace(r);
}

int store_export_end(struct store *store, int64_t export, int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &export_end);

	statement_bind_integer(s, ":export", export);
	statement_bind_integer(s, ":now", now_min);
	return fault_trace(statement_run(s));
}

static int next_parts(struct store *store, int64_t copy, const struct sight *sight,
		      struct export_item_row *row)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(store, BEHIND_THE_WALL(export_next_parts));
	int r;

	statement_bind_integer(s, ":copy", copy);
	sight_bind(s, sight);
	while ((r = statement_next(s)) == STATEMENT_ROW && row->n_parts < KIND_MAX) {
		struct part_row *part = &row->parts[row->n_parts++];

		part->kind = (enum kind)statement_integer(s, "kind");
		part->slot.number = (uint32_t)statement_integer(s, "slot");
		part->expires_min = statement_integer(s, "expires_min");
		part->bytes = (uint64_t)statement_integer(s, "bytes");
		part->body = statement_integer(s, "body");
		part->veiled = statement_integer(s, "veiled") != 0;
		r = statement_bytes(s, "slot_tag", part->slot.tag, VAULT_TAG_BYTES);
		if (r == 0)
			r = statement_bytes(s, "hash", part->hash, HASH_BYTES);
		if (r < 0)
			break;
	}
	return r == STATEMENT_ROW ? fault_origin(-EBADMSG) : fault_trace(r);
}

int store_export_next(struct store *store, int64_t export, int64_t after, const struct sight *sight,
		      struct export_item_row *ret)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(store, BEHIND_THE_WALL(export_next));
	struct export_item_row row = { 0 };
	int r;

	statement_bind_integer(s, ":export", export);
	statement_bind_integer(s, ":after", after);
	sight_bind(s, sight);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	row.export_item = statement_integer(s, "export_item");
	r = statement_id(s, "token", &row.token);
	if (r == 0)
		r = statement_id(s, "copy_id", &row.copy);
	if (r == 0)
		r = statement_id(s, "profile_id", &row.profile);
	if (r == 0)
		r = statement_bytes(s, "header", row.header.bytes, sizeof(row.header.bytes));
	if (r == 0)
		r = next_parts(store, statement_integer(s, "copy"), sight, &row);
	if (r == 0)
		*ret = row;
	return fault_trace(r);
}

int store_export_wrote(struct store *store, int64_t export, const struct manifest_item *item)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &export_wrote);
	int r;

	statement_bind_integer(s, ":export", export);
	statement_bind_id(s, ":token", &item->token);
	statement_bind_integer(s, ":bytes", item->bytes);
	statement_bind_blob(s, ":hash", item->hash, HASH_BYTES);
	statement_bind_blob(s, ":start", item->start, HASH_BYTES);
	statement_bind_blob(s, ":sound", item->sound, HASH_BYTES);
	statement_bind_blob(s, ":lines", item->lines, item->n_lines * HASH_BYTES);
	r = statement_run(s);
	if (r == 0 && store_changes(store) != 1)
		return ANSWER_NOT_FOUND;
	return fault_trace(r);
}

int store_export_drop_hidden(struct store *store, int64_t export, const struct sight *sight)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &export_drop_hidden);

	statement_bind_integer(s, ":export", export);
	sight_bind(s, sight);
	return fault_trace(statement_run(s));
}

static int item_fill(struct statement *s, struct manifest_item *ret)
{
	const void *lines;
	size_t n;
	int r = statement_id(s, "token", &ret->token);

	if (r == 0)
		r = statement_bytes(s, "hash", ret->hash, HASH_BYTES);
	if (r == 0)
		r = statement_bytes(s, "start", ret->start, HASH_BYTES);
	if (r == 0)
		r = statement_bytes(s, "sound", ret->sound, HASH_BYTES);
	if (r == 0)
		r = statement_text_copy(s, "review", ret->review, sizeof(ret->review));
	if (r != 0)
		return fault_trace(r);
	lines = statement_blob(s, "lines", &n);
	if (n == 0 || n > sizeof(ret->lines) || n % HASH_BYTES != 0)
		return fault_origin(-EBADMSG);
	memcpy(ret->lines, lines, n);
	ret->n_lines = (unsigned)(n / HASH_BYTES);
	ret->bytes = statement_integer(s, "bytes");
	ret->expires_s = statement_integer(s, "expires_min");
	return 0;
}

int store_export_items(struct store *store, int64_t export,
		       int (*item)(void *context, struct manifest_item *item), void *context)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &export_items);
	int r;

	statement_bind_integer(s, ":export", export);
	while ((r = statement_next(s)) == STATEMENT_ROW) {
		struct manifest_item row = { .bytes = 0 };

		r = item_fill(s, &row);
		if (r == 0)
			r = item(context, &row);
		if (r != 0)
			break;
	}
	return fault_trace(r);
}

int store_recalls(struct store *store, int64_t export,
		  int (*recall)(void *context, struct recall *recall), void *context)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &recall_rows);
	int r;

	statement_bind_integer(s, ":export", export);
	while ((r = statement_next(s)) == STATEMENT_ROW) {
		struct recall row = { .recalled_s = statement_integer(s, "recalled_min") };

		r = statement_id(s, "export_id", &row.export);
		if (r == 0)
			r = statement_id(s, "token", &row.token);
		if (r == 0)
			r = statement_text_copy(s, "reason", row.reason, sizeof(row.reason));
		if (r == 0)
			r = recall(context, &row);
		if (r != 0)
			break;
	}
	return fault_trace(r);
}

int store_recall_list_number(struct store *store, int64_t *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &recall_list_number);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret = statement_integer(s, "number");
	return 0;
}

int store_recall_list_next(struct store *store, int64_t *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &recall_list_next);
	int r = statement_run(s);

	return r ? fault_trace(r) : fault_trace(store_recall_list_number(store, ret));
}
