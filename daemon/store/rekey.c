/* SPDX-License-Identifier: Apache-2.0 */

/* SQL of the changes of keys. Everything here is public or sealed to a key that is not here. */

#include "store/rekey.h"

#include <string.h>

STATEMENT(rekey_insert,
	"INSERT INTO rekey (number, statement, home_id, release_id, former_home, former_release,"
	" made_min) VALUES (:number, :statement, :home_id, :release_id, :former_home,"
	" :former_release, :now)");
STATEMENT(rekey_list,
	"SELECT number, statement, home_id, release_id, former_home, former_release, moved"
	" FROM rekey ORDER BY number");
STATEMENT(rekey_moved, "UPDATE rekey SET moved = 1 WHERE moved = 0");
STATEMENT(old_items,
	"SELECT item AS row, id, header FROM item WHERE item > :after"
	" AND substr(header, 2, 8) <> :key_id ORDER BY item LIMIT :max");
STATEMENT(old_copies,
	"SELECT copy AS row, id, header FROM copy WHERE copy > :after"
	" AND substr(header, 2, 8) <> :key_id ORDER BY copy LIMIT :max");
STATEMENT(old_items_count, "SELECT count(*) AS n FROM item WHERE substr(header, 2, 8) <> :key_id");
STATEMENT(old_copies_count, "SELECT count(*) AS n FROM copy WHERE substr(header, 2, 8) <> :key_id");
STATEMENT(item_replace,
	"UPDATE item SET header = :header WHERE id = :id"
	" AND substr(header, 2, 8) <> substr(:header, 2, 8)");
STATEMENT(copy_replace,
	"UPDATE copy SET header = :header WHERE id = :id"
	" AND substr(header, 2, 8) <> substr(:header, 2, 8)");

int store_rekey_insert(struct store *store, const struct rekey_row *row, int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &rekey_insert);

	statement_bind_integer(s, ":number", row->number);
	statement_bind_text(s, ":statement", row->statement);
	statement_bind_blob(s, ":home_id", row->home_id, sizeof(row->home_id));
	statement_bind_blob(s, ":release_id", row->release_id, sizeof(row->release_id));
	statement_bind_blob(s, ":former_home", row->former_home, sizeof(row->former_home));
	statement_bind_blob(s, ":former_release", row->former_release,
			    sizeof(row->former_release));
	statement_bind_integer(s, ":now", now_min);
	return fault_trace(statement_run(s));
}

static int rekey_read(struct statement *s, struct rekey_row *row)
{
	int r;

	row->number = (uint32_t)statement_integer(s, "number");
	row->statement = statement_text(s, "statement");
	row->moved = statement_integer(s, "moved") != 0;
	r = statement_bytes(s, "home_id", row->home_id, sizeof(row->home_id));
	if (!r)
		r = statement_bytes(s, "release_id", row->release_id, sizeof(row->release_id));
	if (!r)
		r = statement_bytes(s, "former_home", row->former_home, sizeof(row->former_home));
	if (!r)
		r = statement_bytes(s, "former_release", row->former_release,
				    sizeof(row->former_release));
	return r || row->statement ? fault_trace(r) : fault_origin(-EBADMSG);
}

int store_rekeys(struct store *store, int (*each)(void *context, const struct rekey_row *row),
		 void *context)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &rekey_list);
	struct rekey_row row;
	int r;

	while ((r = statement_next(s)) == STATEMENT_ROW) {
		r = rekey_read(s, &row);
		if (!r)
			r = each(context, &row);
		if (r)
			break;
	}
	return fault_trace(r);
}

int store_rekey_moved(struct store *store)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &rekey_moved);

	return fault_trace(statement_run(s));
}

int store_headers_old(struct store *store, bool release, const uint8_t key_id[REKEY_ID_BYTES],
		      int64_t after, unsigned max,
		      int (*each)(void *context, int64_t row, const struct id *id,
				  const struct envelope_header *header), void *context)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(store, release ? &old_copies : &old_items);
	struct envelope_header header;
	struct id id;
	int r;

	statement_bind_integer(s, ":after", after);
	statement_bind_integer(s, ":max", max);
	statement_bind_blob(s, ":key_id", key_id, REKEY_ID_BYTES);
	while ((r = statement_next(s)) == STATEMENT_ROW) {
		r = statement_id(s, "id", &id);
		if (!r)
			r = statement_bytes(s, "header", header.bytes, sizeof(header.bytes));
		if (!r)
			r = each(context, statement_integer(s, "row"), &id, &header);
		if (r)
			break;
	}
	return fault_trace(r);
}

int store_headers_count(struct store *store, bool release, const uint8_t key_id[REKEY_ID_BYTES],
			uint64_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(store, release ? &old_copies_count : &old_items_count);
	int r;

	statement_bind_blob(s, ":key_id", key_id, REKEY_ID_BYTES);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r ? fault_trace(r) : fault_origin(-EBADMSG);
	*ret_n = (uint64_t)statement_integer(s, "n");
	return 0;
}

int store_header_replace(struct store *store, bool release, const struct id *id,
			 const struct envelope_header *header)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(store, release ? &copy_replace : &item_replace);

	statement_bind_id(s, ":id", id);
	statement_bind_blob(s, ":header", header->bytes, sizeof(header->bytes));
	return fault_trace(statement_run(s));
}
