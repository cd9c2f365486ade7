/* SPDX-License-Identifier: Apache-2.0 */

/* SQL of the access log. Entries are added at the end; there is no statement that changes or
 * removes one. */

#include <string.h>
#include "store/log.h"

STATEMENT(log_head, "SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1");
STATEMENT(log_insert,
	"INSERT INTO log (seq, time_min, body, salt, hash, tag) "
	"VALUES (:seq, :time_min, :body, :salt, :hash, :tag)");
STATEMENT(log_list,
	"SELECT seq, time_min, body, salt, hash, tag FROM log WHERE seq > :after "
	"ORDER BY seq LIMIT :limit");
STATEMENT(log_read_all,
	"SELECT seq, time_min, body, tag, body_hash, salt, hash FROM log WHERE seq > :after "
	"ORDER BY seq");
STATEMENT(log_count, "SELECT count(*) AS n FROM log");
/* Those that say which key begins with them stay. */
STATEMENT(log_old,
	"SELECT seq, time_min, body, salt, hash, tag FROM log WHERE body_hash IS NULL "
	"AND time_min <= :before AND seq NOT IN (SELECT first_seq FROM log_key) "
	"ORDER BY seq LIMIT :limit");
STATEMENT(log_empty,
	"UPDATE log SET body = '{}', salt = zeroblob(16), body_hash = :hash WHERE seq = :seq");
STATEMENT(log_checkpoint_last,
	"SELECT made_min FROM log_checkpoint ORDER BY seq DESC LIMIT 1");
STATEMENT(log_checkpoint_put,
	"INSERT OR REPLACE INTO log_checkpoint (seq, made_min, statement) "
	"VALUES (:seq, :now, :statement)");
STATEMENT(log_checkpoint_drop, "DELETE FROM log_checkpoint WHERE made_min < :before");
STATEMENT(log_checkpoint_list,
	"SELECT statement FROM log_checkpoint WHERE seq > :after ORDER BY seq LIMIT :limit");
STATEMENT(log_opener_put, "INSERT OR IGNORE INTO log_opener (uid) VALUES (:uid)");
STATEMENT(log_opener_count, "SELECT count(*) - 1 AS others FROM log_opener");

int store_log_head(struct store *store, uint64_t *ret_seq,
		   uint8_t ret_hash[static CHAIN_HASH_BYTES])
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_head);
	int r = statement_next(s);

	if (r == 0) {
		*ret_seq = 0;
		memset(ret_hash, 0, CHAIN_HASH_BYTES);
		return 0;
	}
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	r = statement_bytes(s, "hash", ret_hash, CHAIN_HASH_BYTES);
	if (r)
		return fault_trace(r);
	*ret_seq = statement_integer(s, "seq");
	return 0;
}

int store_log_insert(struct store *store, const struct log_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_insert);

	statement_bind_integer(s, ":seq", row->seq);
	statement_bind_integer(s, ":time_min", row->time_min);
	statement_bind_text(s, ":body", row->body);
	statement_bind_blob(s, ":salt", row->salt, sizeof(row->salt));
	statement_bind_blob(s, ":hash", row->hash, sizeof(row->hash));
	statement_bind_blob(s, ":tag", row->tagged ? row->tag : NULL,
			    row->tagged ? sizeof(row->tag) : 0);
	return fault_trace(statement_run(s));
}

static int page_row(struct statement *s, struct logpage *page)
{
	struct logpage_entry entry = {
		.seq = (uint64_t)statement_integer(s, "seq"),
		.time_min = (uint64_t)statement_integer(s, "time_min"),
		.body = statement_text(s, "body"),
	};
	int r = entry.body ? 0 : fault_origin(-EBADMSG);

	if (r)
		return fault_trace(r);
	entry.n_body = (uint32_t)strlen(entry.body);
	entry.tagged = !statement_null(s, "tag");
	if (entry.tagged)
		r = statement_bytes(s, "tag", entry.tag, sizeof(entry.tag));
	entry.emptied = !statement_null(s, "body_hash");
	if (!r && entry.emptied)
		r = statement_bytes(s, "body_hash", entry.body_hash, sizeof(entry.body_hash));
	if (!r)
		r = statement_bytes(s, "salt", entry.salt, sizeof(entry.salt));
	if (!r)
		r = statement_bytes(s, "hash", entry.hash, sizeof(entry.hash));
	return fault_trace(r ? r : logpage_add(page, &entry));
}

int store_log_page(struct store *store, uint64_t after, size_t most_bytes, struct logpage *ret_page,
		   bool *ret_more)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_read_all);
	_cleanup_(logpage_clear) struct logpage page = { 0 };
	int r;

	statement_bind_integer(s, ":after", after > INT64_MAX ? INT64_MAX : (int64_t)after);
	while ((r = statement_next(s)) == STATEMENT_ROW && page.n < most_bytes) {
		r = page_row(s, &page);
		if (r)
			break;
	}
	if (r && r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_more = r == STATEMENT_ROW;
	*ret_page = page;
	page = (struct logpage){ 0 };
	return 0;
}

static int log_read(struct statement *s, struct log_row *ret)
{
	struct log_row row = {
		.seq = statement_integer(s, "seq"),
		.time_min = statement_integer(s, "time_min"),
		.tagged = !statement_null(s, "tag"),
	};
	int r;

	r = statement_bytes(s, "salt", row.salt, sizeof(row.salt));
	if (!r)
		r = statement_bytes(s, "hash", row.hash, sizeof(row.hash));
	if (!r && row.tagged)
		r = statement_bytes(s, "tag", row.tag, sizeof(row.tag));
	if (!r)
		r = statement_text_new(s, "body", &row.body);
	if (r)
		return fault_trace(r);
	*ret = row;
	return 0;
}

int store_log_opener(struct store *store, uint32_t uid, int64_t *ret_others)
{
	_cleanup_(statement_endp) struct statement *put = store_statement(store, &log_opener_put);
	_cleanup_(statement_endp) struct statement *count =
		store_statement(store, &log_opener_count);
	int r;

	statement_bind_integer(put, ":uid", uid);
	r = statement_run(put);
	if (r)
		return fault_trace(r);
	if (store_changes(store) == 0) {
		*ret_others = -1;
		return 0;
	}
	r = statement_next(count);
	if (r != STATEMENT_ROW)
		return r ? fault_trace(r) : fault_origin(-EBADMSG);
	*ret_others = statement_integer(count, "others");
	return 0;
}

static int rows_read(struct statement *s, unsigned limit, struct log_row **ret_rows, size_t *ret_n)
{
	struct log_row *rows = calloc(limit, sizeof(*rows));
	size_t n = 0;
	int r;

	if (!rows)
		return fault_origin(-ENOMEM);
	statement_bind_integer(s, ":limit", limit);
	while ((r = statement_next(s)) == STATEMENT_ROW) {
		r = log_read(s, &rows[n]);
		if (r)
			break;
		n++;
	}
	if (r) {
		log_rows_free(rows, n);
		return fault_trace(r);
	}
	*ret_rows = rows;
	*ret_n = n;
	return 0;
}

int store_log_list(struct store *store, uint64_t after, unsigned limit, struct log_row **ret_rows,
		   size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_list);

	statement_bind_integer(s, ":after", after > INT64_MAX ? INT64_MAX : (int64_t)after);
	return fault_trace(rows_read(s, limit, ret_rows, ret_n));
}

int store_log_old(struct store *store, int64_t before_min, unsigned limit,
		  struct log_row **ret_rows, size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_old);

	statement_bind_integer(s, ":before", before_min);
	return fault_trace(rows_read(s, limit, ret_rows, ret_n));
}

int store_log_empty(struct store *store, uint64_t seq,
		    const uint8_t body_hash[static CHAIN_HASH_BYTES])
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_empty);

	statement_bind_blob(s, ":hash", body_hash, CHAIN_HASH_BYTES);
	statement_bind_integer(s, ":seq", (int64_t)seq);
	return fault_trace(statement_run(s));
}

int store_log_count(struct store *store, uint64_t *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_count);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return r ? fault_trace(r) : fault_origin(-EBADMSG);
	*ret = (uint64_t)statement_integer(s, "n");
	return 0;
}

int store_log_checkpoint_last(struct store *store, int64_t *ret_made_min)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(store, &log_checkpoint_last);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return r ? fault_trace(r) : ANSWER_NOT_FOUND;
	*ret_made_min = statement_integer(s, "made_min");
	return 0;
}

int store_log_checkpoint_put(struct store *store, uint64_t seq, int64_t now_min,
			     const char *text, int64_t drop_before_min)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	_cleanup_(statement_endp) struct statement *put =
		store_statement(store, &log_checkpoint_put);
	_cleanup_(statement_endp) struct statement *drop =
		store_statement(store, &log_checkpoint_drop);
	int r;

	statement_bind_integer(put, ":seq", (int64_t)seq);
	statement_bind_integer(put, ":now", now_min);
	statement_bind_text(put, ":statement", text);
	statement_bind_integer(drop, ":before", drop_before_min);
	r = store_begin(store, &transaction);
	if (!r)
		r = statement_run(put);
	if (!r)
		r = statement_run(drop);
	return fault_trace(r ? r : store_commit(take(transaction)));
}

int store_log_checkpoints(struct store *store, uint64_t after, unsigned limit,
			  int (*each)(void *context, const char *text), void *context)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(store, &log_checkpoint_list);
	int r;

	statement_bind_integer(s, ":after", after > INT64_MAX ? INT64_MAX : (int64_t)after);
	statement_bind_integer(s, ":limit", limit);
	while ((r = statement_next(s)) == STATEMENT_ROW) {
		const char *statement = statement_text(s, "statement");

		r = statement ? each(context, statement) : fault_origin(-EBADMSG);
		if (r)
			break;
	}
	return fault_trace(r);
}

struct log_row *log_rows_free(struct log_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(rows[i].body);
	free(rows);
	return NULL;
}
