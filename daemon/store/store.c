/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the database under every promise that erasing rests on, or refuses. It must never go on
 * with a promise that did not hold, and never drops or rewrites a file it does not understand. */

#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "failpoint.h"
#include "secure.h"
#include "store/core.h"
#include "store/page.h"
#include "store/refusal.h"
#include "store/schema.h"
#include "store/step.h"
#include "store/vfs.h"

/* docs/decisions/0001-page-size.md */
#ifndef STORE_PAGE_BYTES
#define STORE_PAGE_BYTES 4096
#endif
/* schemas/sql/0021: from here on a database without sums is a damaged one. */
#define STEP_OF_SUMS 21
#define TEXT_OF(x) TEXT_OF_(x)
#define TEXT_OF_(x) #x

/* Each is set, then asked for again, and must answer with `holds`. Order matters: the locking mode
 * before the first look at the log, so that no shared-memory file is made; the page size before the
 * first page. */
static const struct promise {
	const char *set;
	const char *ask;
	const char *holds;
} promises[] = {
	{ "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA locking_mode", "exclusive" },
	{ "PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", "0" },
	{ "PRAGMA mmap_size = 0", NULL, NULL },
	{ "PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "2" },
	{ "PRAGMA auto_vacuum = NONE", "PRAGMA auto_vacuum", "0" },
	{ "PRAGMA page_size = " TEXT_OF(STORE_PAGE_BYTES), NULL, NULL },
	{ "PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal" },
	{ "PRAGMA synchronous = FULL", "PRAGMA synchronous", "2" },
	{ "PRAGMA secure_delete = ON", "PRAGMA secure_delete", "1" },
	{ "PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "1" },
	{ "PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "1" },
	{ "PRAGMA max_page_count = " TEXT_OF(STORE_PAGES_MAX), NULL, NULL },
};

/* In memory (temp_store): working sets of one call, of what a selection or a job names and of slots
 * that hold somebody else's key; and slots whose rows have lost their key (lost.h). */
static const char temporary_tables[] =
	"CREATE TEMP TABLE chosen (item INTEGER PRIMARY KEY);"
	"CREATE TEMP TABLE chosen_copy (copy INTEGER PRIMARY KEY);"
	"CREATE TEMP TABLE stuck (slot INTEGER PRIMARY KEY);"
	"CREATE TEMP TABLE lost (slot INTEGER PRIMARY KEY, erased INTEGER NOT NULL);";

static int pragma_text(sqlite3 *db, const char *sql, char *text, int n)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	text[0] = '\0';
	if (rc == SQLITE_ROW && sqlite3_column_text(stmt, 0)) {
		strncpy(text, (const char *)sqlite3_column_text(stmt, 0), (size_t)n - 1);
		text[n - 1] = '\0';
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* What a test breaks, to see whether it is noticed; NULL: nothing. */
static const char *promise_broken(const char *set)
{
	if (seeded(SEEDED_NO_SYNC) && strstr(set, "synchronous"))
		return "PRAGMA synchronous = OFF";
	if (seeded(SEEDED_SECURE_DELETE_OFF) && strstr(set, "secure_delete"))
		return "PRAGMA secure_delete = OFF";
	return NULL;
}

static int promises_hold(sqlite3 *db, const char *dir, struct why *why)
{
	char text[64];
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(promises); i++) {
		if (promise_broken(promises[i].set)) {
			pragma_text(db, promise_broken(promises[i].set), text, sizeof(text));
			continue;
		}
		rc = pragma_text(db, promises[i].set, text, sizeof(text));
		if (rc == SQLITE_OK && promises[i].ask)
			rc = pragma_text(db, promises[i].ask, text, sizeof(text));
		if (rc != SQLITE_OK)
			return refusal_code(db, rc, dir, why);
		if (promises[i].ask && strcmp(text, promises[i].holds) != 0)
			return answer_why(why, ANSWER_FAILED,
					  "SQLite does not hold \"%s\" for %s/" STORE_FILE
					  " (it says \"%s\"); what is erased could stay readable, "
					  "so Cubby does not start",
					  promises[i].set, dir, text);
	}
	return 0;
}

static int step_apply(sqlite3 *db, const struct store_step *step, const char *dir, struct why *why)
{
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, step->sql, NULL, NULL, NULL);
	failpoint("step-before-commit");
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	failpoint("step-committed");
	if (rc == SQLITE_OK)
		return 0;
	answer_why(why, ANSWER_FAILED, "step %s of the schema did not go through on %s/" STORE_FILE
		   " (%s); the file is as it was; keep it and report this", step->name, dir,
		   sqlite3_errmsg(db));
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return ANSWER_FAILED;
}

/* What a test takes down, to see that the other walls stand (R17). */
static int walls_drop(sqlite3 *db)
{
	char name[128], sql[192];
	int rc = sqlite3_exec(db, "PRAGMA foreign_keys = OFF", NULL, NULL, NULL);

	while (rc == SQLITE_OK) {
		rc = pragma_text(db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'", name,
				 sizeof(name));
		if (rc != SQLITE_OK || !name[0])
			break;
		snprintf(sql, sizeof(sql), "DROP TRIGGER %s", name);
		rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	}
	return rc == SQLITE_OK ? 0 : fault_origin(-EIO);
}

/* For a new file at once, for another with the next VACUUM, unless a pragma sets the page size. */
static int sums_want(struct store *store)
{
	int bytes = PAGE_SUM_BYTES;

	return sqlite3_file_control(store->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
}

/* A database from before there were sums is written anew, with them. */
static int sums_add(struct store *store, int version, const char *dir, struct why *why)
{
	bool there = false;
	int rc = sqlite3_file_control(store->db, "main", VFS_HAS_SUMS, &there);

	if (rc == SQLITE_OK && !there && version >= STEP_OF_SUMS)
		return refusal_damaged("its pages carry no sums", dir, why);
	if (rc == SQLITE_OK && !there)
		rc = sums_want(store);
	if (rc == SQLITE_OK && !there)
		rc = sqlite3_exec(store->db, "VACUUM", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return refusal_code(store->db, rc, dir, why);
	/* Out of the log before a step says that they are there. */
	if (!there && store_checkpoint(store) != 0)
		return answer_why(why, ANSWER_FAILED, "%s/" STORE_FILE " could not be written anew "
				  "with sums; free some space and check the disk", dir);
	return 0;
}

static int schema_migrate(struct store *store, const char *dir, struct why *why)
{
	sqlite3 *db = store->db;
	char text[64];
	int version, rc, r;

	rc = pragma_text(db, "PRAGMA user_version", text, sizeof(text));
	if (rc != SQLITE_OK)
		return refusal_code(db, rc, dir, why);
	version = atoi(text);
	if (version > store_steps_n || version < 0)
		return answer_why(why, ANSWER_FAILED,
				  "%s/" STORE_FILE " was written by a newer Cubby "
				  "(schema %d, this one knows up to %d); install that version "
				  "again",
				  dir, version, store_steps_n);
	if (version == 0) {
		rc = pragma_text(db, "SELECT count(*) FROM sqlite_schema", text, sizeof(text));
		if (rc != SQLITE_OK)
			return refusal_code(db, rc, dir, why);
		if (strcmp(text, "0") != 0)
			return answer_why(why, ANSWER_FAILED,
					  "%s/" STORE_FILE " is a database of some "
					  "other program; move it away",
					  dir);
	}
	/* Before a step runs: it would meet the triggers that are there. */
	r = schema_check(db, version, dir, why);
	if (r == 0)
		r = sums_add(store, version, dir, why);
	if (r != 0)
		return fault_trace(r);
	for (; version < store_steps_n; version++) {
		r = step_apply(db, &store_steps[version], dir, why);
		if (r != 0)
			return r;
	}
	return seeded(SEEDED_NO_SCHEMA_WALL) ? walls_drop(db) : 0;
}

/* Made here and not by SQLite, so that it never exists with another mode or behind a link. */
static int file_make(int dir_fd)
{
	_cleanup_(cleanup_close) int fd = -1;

	fd = openat(dir_fd, STORE_FILE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_origin(-errno);
	failpoint("store-file-made");
	return fsync(dir_fd) < 0 ? fault_origin(-errno) : 0;
}

static int files_check(struct store *store, const char *dir, struct why *why)
{
	static const char *const names[] = { STORE_FILE "-wal", STORE_FILE "-journal", STORE_FILE };
	bool there = false;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		r = secure_file_check(store->dir_fd, dir, names[i], &there, why);
		if (r != 0)
			return fault_trace(r);
	}
	return there ? 0 : fault_trace(file_make(store->dir_fd));
}

/* Once a process, before SQLite wakes up: a statement's journal stays in memory, because the VFS
 * refuses the file it would otherwise spill to. */
static int sqlite_prepare(void)
{
	static bool done;

	if (!done && (sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1) != SQLITE_OK ||
		      sqlite3_initialize() != SQLITE_OK))
		return fault_origin(-ENOSYS);
	done = true;
	return fault_trace(vfs_register());
}

/* What is in the log may be there since a sync that failed, and be taken for written by the kernel
 * alone: it is written again, into the database. */
static int log_fold(struct store *store, const char *dir, struct why *why)
{
	int r = store_checkpoint(store);

	/* On a full disk there is still something to be deleted. */
	if (r == ANSWER_QUOTA_EXCEEDED)
		return 0;
	return r == 0 ? 0 : answer_why(why, ANSWER_FAILED, "%s/" STORE_FILE " cannot be written "
				       "and synced; check the disk", dir);
}

static int db_open(struct store *store, const char *dir, struct why *why)
{
	_cleanup_(cleanup_free) char *path = NULL;
	int rc, r;

	if (asprintf(&path, "%s/" STORE_FILE, dir) < 0)
		return fault_origin(-ENOMEM);
	rc = sqlite3_open_v2(path, &store->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
			     SQLITE_OPEN_EXRESCODE,
			     STORE_VFS);
	if (rc == SQLITE_OK)
		rc = sums_want(store);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (rc != SQLITE_OK)
		return refusal_code(store->db, rc, dir, why);
	r = promises_hold(store->db, dir, why);
	if (r == 0)
		r = schema_migrate(store, dir, why);
	if (r != 0)
		return fault_trace(r);
	rc = sqlite3_exec(store->db, temporary_tables, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return refusal_code(store->db, rc, dir, why);
	r = statements_prepare(store);
	if (r == 0)
		r = log_fold(store, dir, why);
	return fault_trace(r);
}

int store_open(const char *dir, struct store **ret, struct why *why)
{
	_cleanup_(store_freep) struct store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return fault_origin(-ENOMEM);
	store->dir_fd = -1;
	r = sqlite_prepare();
	if (r < 0)
		return fault_trace(r);
	r = secure_dir_open(dir, &store->dir_fd, why);
	if (r != 0)
		return fault_trace(r);
	/* SQLite's own lock belongs to the process and falls when any descriptor of the file is
	 * closed; this one belongs to the descriptor. */
	if (flock(store->dir_fd, LOCK_EX | LOCK_NB) < 0)
		return answer_why(why, ANSWER_BUSY, "another cubbyd works in %s; stop it first",
				  dir);
	r = files_check(store, dir, why);
	if (r != 0)
		return fault_trace(r);
	r = db_open(store, dir, why);
	if (r != 0)
		return fault_trace(r);
	*ret = take(store);
	return 0;
}

struct store *store_free(struct store *store)
{
	if (!store)
		return NULL;
	statements_finalize(store);
	if (sqlite3_close(store->db) != SQLITE_OK)
		log_error("the database did not close: %s", sqlite3_errmsg(store->db));
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	free(store);
	return NULL;
}

int store_tidy(struct store *store)
{
	int r = store->unclean ? store_checkpoint(store) : 0;

	if (r == 0)
		store->unclean = false;
	return fault_trace(r);
}

int store_begin(struct store *store, struct store **ret_transaction)
{
	int r;

	if (!sqlite3_get_autocommit(store->db))
		return fault_origin(-EDEADLK);
	r = store_tidy(store);
	if (r != 0)
		return fault_trace(r);
	r = store_result(store->db, sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	if (r == 0)
		*ret_transaction = store;
	return fault_trace(r);
}

int store_commit(struct store *transaction)
{
	const struct store_watch *watch = transaction->watch;
	sqlite3 *db = transaction->db;
	int r = watch ? watch->ending(watch->context) : 0;

	failpoint("commit-begins");
	if (r == 0)
		r = store_result(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
	failpoint("commit-ended");

	if (r != 0)
		store_rollback(transaction);
	transaction->unclean |= r < 0;
	(void)store_tidy(transaction);
	if (r == 0 && watch)
		watch->ended(watch->context, true);
	return fault_trace(r);
}

void store_watch(struct store *store, const struct store_watch *watch)
{
	store->watch = watch;
}

struct store *store_rollback(struct store *transaction)
{
	/* SQLite has rolled back by itself after a full disk and the like. */
	if (transaction && !sqlite3_get_autocommit(transaction->db) &&
	    sqlite3_exec(transaction->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
		log_error("SQLite: rollback: %s", sqlite3_errmsg(transaction->db));
	if (transaction && transaction->watch)
		transaction->watch->ended(transaction->watch->context, false);
	return NULL;
}

int64_t store_last_row(const struct store *store)
{
	return sqlite3_last_insert_rowid(store->db);
}

int64_t store_changes(const struct store *store)
{
	return sqlite3_changes64(store->db);
}

int store_checkpoint(struct store *store)
{
	int n_log = -1, n_done = -1;
	int r;

	if (seeded(SEEDED_NO_CHECKPOINT))
		return 0;
	r = store_result(store->db, sqlite3_wal_checkpoint_v2(store->db, "main",
			 SQLITE_CHECKPOINT_TRUNCATE, &n_log, &n_done));
	if (r != 0)
		return fault_trace(r);
	return n_log == 0 ? 0 : fault_origin(-EBUSY);
}

void store_rest(struct store *store)
{
	sqlite3_db_release_memory(store->db);
}

bool store_met_damage(const struct store *store)
{
	return sqlite3_extended_errcode(store->db) == SQLITE_IOERR_DATA;
}

uint64_t store_damage(const struct store *store)
{
	uint64_t n = 0;

	sqlite3_file_control(store->db, "main", VFS_DAMAGE, &n);
	return n;
}

int store_check(struct store *store, struct why *why)
{
	char text[256];
	int rc = pragma_text(store->db, "PRAGMA integrity_check(1)", text, sizeof(text));

	if (rc != SQLITE_OK)
		return fault_trace(store_result(store->db, rc));
	if (strcmp(text, "ok") != 0)
		return answer_why(why, ANSWER_FAILED, STORE_FILE " is damaged: %s", text);
	rc = pragma_text(store->db, "PRAGMA foreign_key_check", text, sizeof(text));
	if (rc != SQLITE_OK)
		return fault_trace(store_result(store->db, rc));
	if (text[0])
		return answer_why(why, ANSWER_FAILED,
				  STORE_FILE " is damaged: a row of %s belongs to "
					     "nothing",
				  text);
	return 0;
}
