/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of items, parts and bodies. A body is only ever ciphertext; nothing here can tell. */

#include "store/item.h"

#include <string.h>

#include "store/seen.h"

STATEMENT(item_insert,
	"INSERT INTO item (id, profile, started_min, uid, header)"
	" SELECT :id, profile, :started, :uid, :header FROM profile"
	" WHERE id = :profile AND removing = 0");
STATEMENT(part_insert,
	"INSERT INTO part (item, kind, slot, slot_tag, made_min, expires_min, bytes, hash, body,"
	" veiled) VALUES (:item, :kind, :slot, :tag, :made, :expires, :bytes, :hash, :body,"
	" :veiled)");
STATEMENT(body_insert, "INSERT INTO body (sealed) VALUES (:sealed)");
STATEMENT(body_read, "SELECT sealed FROM body WHERE body = :body");
STATEMENT(item_find,
	"SELECT item.item AS item, item.id AS id, profile.id AS profile_id, started_min, header,"
	" profile.type <> 'adult' AS child"
	" FROM item JOIN profile ON profile.profile = item.profile WHERE item.id = :id"
	" AND profile.removing = 0");
STATEMENT(parts_find,
	"SELECT kind, slot, slot_tag, made_min, expires_min, bytes, hash, body, veiled FROM part"
	" JOIN item USING (item) WHERE item = :item AND job IS NULL AND " PART_SEEN
	" ORDER BY kind");
STATEMENT(parts_shorten,
	"UPDATE part SET expires_min = made_min + :keep WHERE kind = :kind"
	" AND expires_min > made_min + :keep AND item IN (SELECT item FROM item"
	" WHERE profile = (SELECT profile FROM profile WHERE id = :profile))");
/* No copy outlives the part it was made of, not even until the next sweep. */
#define SOURCE_EXPIRES                                                                            \
	"(SELECT part.expires_min FROM copy JOIN part USING (item)"                               \
	" WHERE copy.copy = copy_part.copy AND part.kind = copy_part.kind)"
STATEMENT(copies_shorten,
	"UPDATE copy_part SET expires_min = " SOURCE_EXPIRES " WHERE kind = :kind"
	" AND copy IN (SELECT copy FROM copy JOIN item USING (item)"
	" WHERE profile = (SELECT profile FROM profile WHERE id = :profile))"
	" AND expires_min > " SOURCE_EXPIRES);
/* One walk for all kinds of all profiles: the start has no time for one each. */
#define CAP "made_min + CASE kind WHEN :audio THEN :audio_keep WHEN :transcript THEN"           \
	" :transcript_keep ELSE :location_keep END"
STATEMENT(parts_cap, "UPDATE part SET expires_min = " CAP " WHERE expires_min > " CAP);
STATEMENT(copies_cap,
	"UPDATE copy_part SET expires_min = " SOURCE_EXPIRES " WHERE expires_min > "
	SOURCE_EXPIRES);
STATEMENT(load_items, "SELECT count(*) AS items FROM item");
STATEMENT(load_bytes,
	"SELECT (SELECT coalesce(sum(bytes), 0) FROM part)"
	" + (SELECT coalesce(sum(bytes), 0) FROM copy_part) AS bytes");

int store_item_insert(struct store *store, const struct id *id, const struct id *profile,
		      int64_t started_min, uint32_t uid, const struct envelope_header *header,
		      int64_t *ret_item)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &item_insert);
	int r;

	statement_bind_id(s, ":id", id);
	statement_bind_id(s, ":profile", profile);
	statement_bind_integer(s, ":started", started_min);
	statement_bind_integer(s, ":uid", uid);
	statement_bind_blob(s, ":header", header->bytes, sizeof(header->bytes));
	r = statement_run(s);
	if (r != 0)
		return fault_trace(r);
	if (store_changes(store) != 1)
		return ANSWER_NOT_FOUND;
	*ret_item = store_last_row(store);
	return 0;
}

int store_part_insert(struct store *store, int64_t item, const struct part_row *part)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &part_insert);

	statement_bind_integer(s, ":item", item);
	statement_bind_integer(s, ":kind", part->kind);
	statement_bind_integer(s, ":slot", part->slot.number);
	statement_bind_blob(s, ":tag", part->slot.tag, VAULT_TAG_BYTES);
	statement_bind_integer(s, ":made", part->made_min);
	statement_bind_integer(s, ":expires", part->expires_min);
	statement_bind_integer(s, ":bytes", (int64_t)part->bytes);
	statement_bind_blob(s, ":hash", part->hash, HASH_BYTES);
	statement_bind_integer(s, ":body", part->body);
	statement_bind_integer(s, ":veiled", part->veiled);
	return fault_trace(statement_run(s));
}

int store_body_insert(struct store *store, const void *sealed, size_t n, int64_t *ret_body)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &body_insert);
	int r;

	statement_bind_blob(s, ":sealed", sealed, n);
	r = statement_run(s);
	if (r != 0)
		return fault_trace(r);
	*ret_body = store_last_row(store);
	return 0;
}

int store_item_find(struct store *store, const struct id *id, struct item_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &item_find);
	struct item_row row = { 0 };
	int r;

	statement_bind_id(s, ":id", id);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	row.item = statement_integer(s, "item");
	row.started_min = statement_integer(s, "started_min");
	row.child = statement_integer(s, "child") != 0;
	r = statement_id(s, "id", &row.id);
	if (r == 0)
		r = statement_id(s, "profile_id", &row.profile);
	if (r == 0)
		r = statement_bytes(s, "header", row.header.bytes, sizeof(row.header.bytes));
	if (r == 0)
		*ret = row;
	return fault_trace(r);
}

int store_parts_find(struct store *store, int64_t item, const struct sight *sight,
		     struct part_row ret[static KIND_MAX], unsigned *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &parts_find);
	unsigned n = 0;
	int r;

	statement_bind_integer(s, ":item", item);
	sight_bind(s, sight);
	while ((r = statement_next(s)) == STATEMENT_ROW && n < KIND_MAX) {
		struct part_row *row = &ret[n++];

		row->kind = (enum kind)statement_integer(s, "kind");
		row->slot.number = (uint32_t)statement_integer(s, "slot");
		row->made_min = statement_integer(s, "made_min");
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

int store_body_read(struct store *store, int64_t body, uint8_t *bytes, size_t n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &body_read);
	const void *sealed;
	size_t n_there;
	int r;

	statement_bind_integer(s, ":body", body);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 || store_met_damage(store) ? ANSWER_FAILED : fault_trace(r);
	sealed = statement_blob(s, "sealed", &n_there);
	if (!sealed || n_there != n)
		return ANSWER_FAILED;
	memcpy(bytes, sealed, n);
	return 0;
}

int store_parts_shorten(struct store *store, const struct id *profile, enum kind kind,
			int64_t keep_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &parts_shorten);
	_cleanup_(statement_endp) struct statement *copies =
		store_statement(store, &copies_shorten);
	int r;

	statement_bind_id(s, ":profile", profile);
	statement_bind_integer(s, ":kind", kind);
	statement_bind_integer(s, ":keep", keep_min);
	statement_bind_id(copies, ":profile", profile);
	statement_bind_integer(copies, ":kind", kind);
	r = statement_run(s);
	return fault_trace(r != 0 ? r : statement_run(copies));
}

int store_parts_cap(struct store *store, const int64_t keep_min[static KIND_MAX + 1])
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &parts_cap);
	_cleanup_(statement_endp) struct statement *copies = store_statement(store, &copies_cap);
	int r;

	statement_bind_integer(s, ":audio", KIND_AUDIO);
	statement_bind_integer(s, ":audio_keep", keep_min[KIND_AUDIO]);
	statement_bind_integer(s, ":transcript", KIND_TRANSCRIPT);
	statement_bind_integer(s, ":transcript_keep", keep_min[KIND_TRANSCRIPT]);
	statement_bind_integer(s, ":location_keep", keep_min[KIND_LOCATION]);
	r = statement_run(s);
	return fault_trace(r != 0 ? r : statement_run(copies));
}

int store_load(struct store *store, uint64_t *ret_items, uint64_t *ret_bytes)
{
	_cleanup_(statement_endp) struct statement *items = store_statement(store, &load_items);
	_cleanup_(statement_endp) struct statement *bytes = store_statement(store, &load_bytes);
	int r = statement_next(items);

	if (r == STATEMENT_ROW)
		r = statement_next(bytes);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_items = (uint64_t)statement_integer(items, "items");
	*ret_bytes = (uint64_t)statement_integer(bytes, "bytes");
	return 0;
}
