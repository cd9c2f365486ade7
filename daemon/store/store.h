/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The database of the keeper: ciphertext and the little the keeper may know of it. This folder
 * alone speaks SQL, and never sees plaintext.
 *
 * Writing a statement. Each is a constant named at the top of its file; all are prepared when the
 * store opens, so that a mistyped one is found by the first start and not by the first use:
 *
 *	STATEMENT(profile_insert,
 *		"INSERT INTO profile (id, name, type, created_min) VALUES (:id, :name, :type,
 *:now)");
 *
 *	_cleanup_(statement_endp) struct statement *s = store_statement(store, &profile_insert);
 *
 *	statement_bind_id(s, ":id", &id);
 *	statement_bind_text(s, ":name", name);
 *	...
 *	r = statement_run(s);
 *
 * Reading rows, columns by name:
 *
 *	while ((r = statement_next(s)) == STATEMENT_ROW)
 *		names[n++] = strdup(statement_text(s, "name"));
 *
 * A bind that fails is remembered and comes back from the next run. A name that is not in the
 * statement is a mistake in the program and ends it. A statement in use cannot be taken again.
 *
 * Transactions do not nest, and roll back unless they are committed:
 *
 *	_cleanup_(store_rollbackp) struct store *transaction = NULL;
 *
 *	r = store_begin(store, &transaction);
 *	...
 *	return fault_trace(store_commit(take(transaction)));
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/id.h"

struct store;

#define STORE_FILE "cubby.db"

/*
 * Opens `dir`/cubby.db, makes it or brings it up to this build's schema. ANSWER_FAILED with the
 * remedy: written by a newer build; a table, index or trigger that is not as this build makes it;
 * not ours alone (owner, mode, a link); a step that did not go through (the file is left as it
 * was); a promise of SQLite (secure_delete, WAL, ...) that does not hold. ANSWER_BUSY: another
 * process has it.
 */
int store_open(const char *dir, struct store **ret, struct why *why);
struct store *store_free(struct store *store);
CLEANUP_DEFINE(struct store *, store_free)

int store_begin(struct store *store, struct store **ret_transaction) _must_use_;
int store_commit(struct store *transaction) _must_use_;
/* What was refused is in SQLite's log all the same when only the sync failed, and the next start
 * would find it committed: empties the log after such a commit, and does nothing after any other.
 * The commit does so itself, and every store_begin() where that failed; for idle moments, too. */
int store_tidy(struct store *store);
struct store *store_rollback(struct store *transaction);
CLEANUP_DEFINE(struct store *, store_rollback)

/*
 * One listener to every transaction: `ending` runs inside it, just before it commits, and may
 * refuse; `ended` is told how it went. For what has to change with the database and is not in it.
 */
struct store_watch {
	int (*ending)(void *context);
	void (*ended)(void *context, bool committed);
	void *context;
};
/* NULL: nobody listens any more. Borrowed. */
void store_watch(struct store *store, const struct store_watch *watch);

/* Rowid of the last INSERT, and rows changed by the last statement that ran. */
int64_t store_last_row(const struct store *store);
int64_t store_changes(const struct store *store);

/* Writes the log back and empties it through the scrubbing VFS. A fault when it is not empty
 * afterwards. Not inside a transaction. */
int store_checkpoint(struct store *store);
/* Gives back the pages that are only held to be read sooner. */
void store_rest(struct store *store);
/* The last statement ended at a page that is not as it was written. */
bool store_met_damage(const struct store *store);
/* How often that was so since the start. */
uint64_t store_damage(const struct store *store);
/* PRAGMA integrity_check and foreign_key_check; ANSWER_FAILED names the first finding. */
int store_check(struct store *store, struct why *why);

struct statement;

struct statement_source {
	const char *name;
	const char *sql;
};

#define STATEMENT(name_, sql_)                                                                    \
	static struct statement_source name_                                                      \
		__attribute__((used, section("cubby_sql"), aligned(sizeof(void *)))) = {          \
			#name_, sql_}

/* Never NULL. */
struct statement *store_statement(struct store *store, struct statement_source *source);

void statement_bind_integer(struct statement *s, const char *name, int64_t value);
/* The bytes must live until the statement has run. NULL binds NULL. */
void statement_bind_text(struct statement *s, const char *name, const char *text);
void statement_bind_blob(struct statement *s, const char *name, const void *bytes, size_t n);
void statement_bind_id(struct statement *s, const char *name, const struct id *id);

#define STATEMENT_ROW 100

/*
 * One step. STATEMENT_ROW: a row is there. Anything else ends the statement:
 *   0                        no more rows
 *   ANSWER_EXISTS            UNIQUE or PRIMARY KEY does not hold
 *   ANSWER_INVALID_ARGUMENT  CHECK, NOT NULL, a foreign key or a trigger's law does not hold
 *   ANSWER_QUOTA_EXCEEDED    the disk, or the file's largest size, is full
 */
int statement_next(struct statement *s) _must_use_;
/* For a statement without rows: the same without STATEMENT_ROW. */
int statement_run(struct statement *s) _must_use_;
/* The same for one that takes nothing, or this number alone. */
int store_run(struct store *store, struct statement_source *source) _must_use_;
int store_run_with(struct store *store, struct statement_source *source, const char *name,
		   int64_t value) _must_use_;
/* Calls `read` for each row that is left, into one more element of an array: *(void **)ret_rows.
 * `clear`: what an element owns, when a later one fails; NULL: nothing. */
int statement_rows(struct statement *s, size_t size,
		   int (*read)(struct statement *s, void *ret_row), void (*clear)(void *row),
		   void *ret_rows, size_t *ret_n) _must_use_;
/* Back to unbound and unused; what _cleanup_ does. */
struct statement *statement_end(struct statement *s);
CLEANUP_DEFINE(struct statement *, statement_end)

/* Columns of the current row; what they point at lives until the next step. */
int64_t statement_integer(struct statement *s, const char *column);
bool statement_null(struct statement *s, const char *column);
/* NULL for NULL: only for a column that may be. */
const char *statement_text(struct statement *s, const char *column);
/* For one that may not: whatever the file's schema promised, -EBADMSG when it is. *ret: free(). */
int statement_text_new(struct statement *s, const char *column, char **ret) _must_use_;
/* -EBADMSG, too, when it does not fit n bytes. */
int statement_text_copy(struct statement *s, const char *column, char *ret, size_t n) _must_use_;
const void *statement_blob(struct statement *s, const char *column, size_t *ret_n);
/* Copies exactly n bytes; a blob of another length is a fault. */
int statement_bytes(struct statement *s, const char *column, void *ret_bytes, size_t n) _must_use_;
int statement_id(struct statement *s, const char *column, struct id *ret) _must_use_;
