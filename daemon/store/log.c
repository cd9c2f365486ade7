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

int store_log_list(struct store *store, uint64_t after, unsigned limit, struct log_row **ret_rows,
		   size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_list);
	struct log_row *rows = calloc(limit, sizeof(*rows));
	size_t n = 0;
	int r;

	if (!rows)
		return fault_origin(-ENOMEM);
	statement_bind_integer(s, ":after", after > INT64_MAX ? INT64_MAX : (int64_t)after);
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

struct log_row *log_rows_free(struct log_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(rows[i].body);
	free(rows);
	return NULL;
}
