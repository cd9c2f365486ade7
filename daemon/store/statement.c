/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared statements, values bound and columns read by name. No SQL is ever put together here from
 * pieces, and nothing bound is ever logged. */

#include "store/core.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* The linker gathers every STATEMENT() of the program between these. */
extern struct statement_source __start_cubby_sql[];
extern struct statement_source __stop_cubby_sql[];

static void mistake(const struct statement *s, const char *what, const char *name)
{
	log_error("statement %s: %s %s", s->source->name, what, name);
	abort();
}

int store_result(sqlite3 *db, int rc)
{
	int extended;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_ROW:
		return STATEMENT_ROW;
	case SQLITE_FULL:
		return ANSWER_QUOTA_EXCEEDED;
	case SQLITE_CONSTRAINT:
		extended = sqlite3_extended_errcode(db);
		if (extended == SQLITE_CONSTRAINT_UNIQUE ||
		    extended == SQLITE_CONSTRAINT_PRIMARYKEY)
			return ANSWER_EXISTS;
		return ANSWER_INVALID_ARGUMENT;
	case SQLITE_NOMEM:
		return fault_origin(-ENOMEM);
	default:
		log_error("SQLite: %s (%d)", sqlite3_errmsg(db), rc);
		return fault_origin(-EIO);
	}
}

int statements_prepare(struct store *store)
{
	const size_t n = (size_t)(__stop_cubby_sql - __start_cubby_sql);

	store->statements = calloc(n, sizeof(*store->statements));
	if (!store->statements)
		return fault_origin(-ENOMEM);
	store->n_statements = n;
	for (size_t i = 0; i < n; i++) {
		struct statement *s = &store->statements[i];
		const char *tail = "";
		int rc;

		s->source = &__start_cubby_sql[i];
		rc = sqlite3_prepare_v3(store->db, s->source->sql, -1, SQLITE_PREPARE_PERSISTENT,
					&s->stmt, &tail);
		if (rc != SQLITE_OK || *tail) {
			log_error("statement %s: %s", s->source->name, sqlite3_errmsg(store->db));
			return fault_origin(-EINVAL);
		}
	}
	return 0;
}

void statements_finalize(struct store *store)
{
	for (size_t i = 0; i < store->n_statements; i++)
		sqlite3_finalize(store->statements[i].stmt);
	free(store->statements);
	store->statements = NULL;
	store->n_statements = 0;
}

struct statement *store_statement(struct store *store, struct statement_source *source)
{
	struct statement *s = &store->statements[source - __start_cubby_sql];

	if (s->busy)
		mistake(s, "is in use already", "");
	s->busy = true;
	return s;
}

struct statement *statement_end(struct statement *s)
{
	if (!s)
		return NULL;
	sqlite3_reset(s->stmt);
	sqlite3_clear_bindings(s->stmt);
	s->busy = false;
	s->failed = SQLITE_OK;
	return NULL;
}

static int parameter_index(struct statement *s, const char *name)
{
	int index = sqlite3_bind_parameter_index(s->stmt, name);

	if (index == 0)
		mistake(s, "has no parameter", name);
	return index;
}

static void bind_note(struct statement *s, int rc)
{
	if (rc != SQLITE_OK && s->failed == SQLITE_OK)
		s->failed = rc;
}

void statement_bind_integer(struct statement *s, const char *name, int64_t value)
{
	bind_note(s, sqlite3_bind_int64(s->stmt, parameter_index(s, name), value));
}

void statement_bind_text(struct statement *s, const char *name, const char *text)
{
	bind_note(s, sqlite3_bind_text(s->stmt, parameter_index(s, name), text, -1, SQLITE_STATIC));
}

void statement_bind_blob(struct statement *s, const char *name, const void *bytes, size_t n)
{
	bind_note(s,
		  sqlite3_bind_blob64(s->stmt, parameter_index(s, name), bytes, n, SQLITE_STATIC));
}

void statement_bind_id(struct statement *s, const char *name, const struct id *id)
{
	statement_bind_blob(s, name, id ? id->bytes : NULL, id ? ID_BYTES : 0);
}

int statement_next(struct statement *s)
{
	sqlite3 *db = sqlite3_db_handle(s->stmt);
	int rc = s->failed != SQLITE_OK ? s->failed : sqlite3_step(s->stmt);
	int r = store_result(db, rc);

	/* Reset at once, so that no read transaction stays open behind a row nobody fetched. */
	if (r != STATEMENT_ROW) {
		sqlite3_reset(s->stmt);
		s->failed = SQLITE_OK;
	}
	return r;
}

int statement_run(struct statement *s)
{
	int r = statement_next(s);

	if (r == STATEMENT_ROW)
		mistake(s, "gives rows, which", "statement_run() does not take");
	return r;
}

int store_run(struct store *store, struct statement_source *source)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);

	return fault_trace(statement_run(s));
}

int store_run_with(struct store *store, struct statement_source *source, const char *name,
		   int64_t value)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);

	statement_bind_integer(s, name, value);
	return fault_trace(statement_run(s));
}

/* Columns are read in their order, mostly: the search begins where the last one ended. */
static int column_index(struct statement *s, const char *column)
{
	const int n = sqlite3_column_count(s->stmt);
	int index = s->column;

	for (int i = 0; i < n; i++, index = index + 1 < n ? index + 1 : 0)
		if (strcmp(sqlite3_column_name(s->stmt, index), column) == 0)
			return s->column = index;
	mistake(s, "has no column", column);
	return -1;
}

int statement_rows(struct statement *s, size_t size,
		   int (*read)(struct statement *s, void *ret_row), void (*clear)(void *row),
		   void *ret_rows, size_t *ret_n)
{
	uint8_t *rows = NULL, *more;
	size_t n = 0;
	int r;

	while ((r = statement_next(s)) == STATEMENT_ROW) {
		more = reallocarray(rows, n + 1, size);
		r = more ? 0 : fault_origin(-ENOMEM);
		if (more)
			rows = more;
		if (r == 0)
			r = read(s, rows + n * size);
		if (r != 0)
			break;
		n++;
	}
	if (r != 0) {
		for (size_t i = 0; clear && i < n; i++)
			clear(rows + i * size);
		free(rows);
		return fault_trace(r);
	}
	*(void **)ret_rows = rows;
	*ret_n = n;
	return 0;
}

int64_t statement_integer(struct statement *s, const char *column)
{
	return sqlite3_column_int64(s->stmt, column_index(s, column));
}

bool statement_null(struct statement *s, const char *column)
{
	return sqlite3_column_type(s->stmt, column_index(s, column)) == SQLITE_NULL;
}

const char *statement_text(struct statement *s, const char *column)
{
	return (const char *)sqlite3_column_text(s->stmt, column_index(s, column));
}

int statement_text_new(struct statement *s, const char *column, char **ret)
{
	const char *text = statement_text(s, column);
	char *copy;

	if (!text)
		return fault_origin(-EBADMSG);
	copy = strdup(text);
	if (!copy)
		return fault_origin(-ENOMEM);
	*ret = copy;
	return 0;
}

int statement_text_copy(struct statement *s, const char *column, char *ret, size_t n)
{
	const char *text = statement_text(s, column);

	if (!text || strlen(text) >= n)
		return fault_origin(-EBADMSG);
	strcpy(ret, text);
	return 0;
}

const void *statement_blob(struct statement *s, const char *column, size_t *ret_n)
{
	int index = column_index(s, column);
	const void *bytes = sqlite3_column_blob(s->stmt, index);

	*ret_n = (size_t)sqlite3_column_bytes(s->stmt, index);
	return bytes;
}

int statement_bytes(struct statement *s, const char *column, void *ret_bytes, size_t n)
{
	size_t n_there;
	const void *bytes = statement_blob(s, column, &n_there);

	if (!bytes || n_there != n)
		return fault_origin(-EBADMSG);
	memcpy(ret_bytes, bytes, n);
	return 0;
}

int statement_id(struct statement *s, const char *column, struct id *ret)
{
	return fault_trace(statement_bytes(s, column, ret->bytes, ID_BYTES));
}
