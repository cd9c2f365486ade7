/* SPDX-License-Identifier: Apache-2.0 */
/* The database opens under all its promises or not at all. */

#include "opened.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store/slot.h"
#include "store/step.h"
#include "store/store.h"
#include "store/vfs.h"

STATEMENT(test_profile_insert,
	"INSERT INTO profile (id, name, type, created_min) VALUES (:id, :name, :type, :now)");
STATEMENT(test_profile_type, "UPDATE profile SET type = 'adult'");
STATEMENT(test_profile_names, "SELECT name, id, created_min FROM profile ORDER BY name");
STATEMENT(test_profile_delete, "DELETE FROM profile");
STATEMENT(test_item_insert,
	"INSERT INTO item (id, profile, started_min, uid, header) VALUES"
	" (randomblob(16), 1, 100, 0, zeroblob(89))");
STATEMENT(test_body_insert, "INSERT INTO body (sealed) VALUES (zeroblob(64))");
STATEMENT(test_part_insert,
	"INSERT INTO part (item, kind, slot, slot_tag, made_min, expires_min, bytes, hash, body)"
	" VALUES (1, :kind, :slot, zeroblob(16), 100, :expires, 64, zeroblob(32), :body)");
STATEMENT(test_slot_tables,
	"SELECT count(*) AS n FROM sqlite_schema AS t, pragma_table_info(t.name) AS c"
	" WHERE t.type = 'table' AND c.name = 'slot'");

static int insert_profile(struct store *store, const char *name)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(store, &test_profile_insert);
	struct id id;

	for (int i = 0; i < ID_BYTES; i++)
		id.bytes[i] = (uint8_t)(name[0] + i);
	statement_bind_id(s, ":id", &id);
	statement_bind_text(s, ":name", name);
	statement_bind_text(s, ":type", "child");
	statement_bind_integer(s, ":now", 100);
	return statement_run(s);
}

static int run(struct store *store, struct statement_source *source)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);

	return statement_run(s);
}

static void test_opens_and_keeps(void **state)
{
	struct room *room = *state;
	struct store *store = opened(room);
	struct statement *s;
	struct id id;

	assert_int_equal(insert_profile(store, "mia"), 0);
	assert_int_equal(insert_profile(store, "MIA"), ANSWER_EXISTS);
	assert_int_equal(run(store, &test_profile_type), ANSWER_INVALID_ARGUMENT);
	store_free(store);
	assert_int_equal(room_size(room, STORE_FILE "-wal"), -1);
	assert_int_equal(room_size(room, STORE_FILE "-shm"), -1);

	store = opened(room);
	s = store_statement(store, &test_profile_names);
	assert_int_equal(statement_next(s), STATEMENT_ROW);
	assert_string_equal(statement_text(s, "name"), "mia");
	assert_int_equal(statement_integer(s, "created_min"), 100);
	assert_int_equal(statement_id(s, "id", &id), 0);
	assert_int_equal(id.bytes[1], 'm' + 1);
	assert_int_equal(statement_next(s), 0);
	statement_end(s);
	assert_int_equal(store_check(store, &room->why), 0);
	store_free(store);
}

static void test_transactions_do_not_nest_and_roll_back(void **state)
{
	struct room *room = *state;
	struct store *store = opened(room);
	struct store *a = NULL, *b = NULL;
	struct statement *s;

	assert_int_equal(store_begin(store, &a), 0);
	assert_true(store_begin(store, &b) < 0);
	assert_null(b);
	assert_int_equal(insert_profile(store, "mia"), 0);
	store_rollback(a);
	s = store_statement(store, &test_profile_names);
	assert_int_equal(statement_next(s), 0);
	statement_end(s);
	store_free(store);
}

static void test_files_are_private(void **state)
{
	struct room *room = *state;
	struct store *store = opened(room);
	static const char *const names[] = { STORE_FILE, STORE_FILE "-wal" };
	char path[320];
	struct stat st;

	assert_int_equal(insert_profile(store, "mia"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(stat(room_path(room, names[i], path), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	assert_int_equal(room_size(room, STORE_FILE "-shm"), -1);
	store_free(store);
}

static void test_second_instance_is_refused(void **state)
{
	struct room *room = *state;
	struct store *store = opened(room);
	pid_t child;
	int status;

	refused(room, ANSWER_BUSY, "another cubbyd");
	child = fork();
	if (child == 0) {
		struct store *second = NULL;

		_exit(store_open(room->dir, &second, NULL) == ANSWER_BUSY ? 0 : 1);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	store_free(store);
	store_free(opened(room));
}

static void test_newer_file_is_refused_and_kept(void **state)
{
	struct room *room = *state;
	char sql[64];

	store_free(opened(room));
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", store_steps_n + 1);
	outside(room, sql);
	refused(room, ANSWER_FAILED, "newer");
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", store_steps_n);
	outside(room, sql);
	store_free(opened(room));
}

/* A file from before there were sums, and that stopped after each step, goes on from there. */
#define STEP_OF_SUMS 21
static void test_migrates_from_every_step(void **state)
{
	struct room *room = *state;
	static const char household[] = "INSERT INTO household (one, statement, created_min)"
					" VALUES (1, 'Zweifelhofer', 100)";
	char path[320];

	for (int from = 0; from <= STEP_OF_SUMS; from++) {
		sqlite3 *db;

		unlink(room_path(room, STORE_FILE, path));
		room_write(room, STORE_FILE, 0, "", 0);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		for (int i = 0; i < from; i++)
			assert_int_equal(sqlite3_exec(db, store_steps[i].sql, NULL, NULL, NULL),
					 SQLITE_OK);
		if (from > 0)
			assert_int_equal(sqlite3_exec(db, household, NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		if (from == STEP_OF_SUMS) {
			refused(room, ANSWER_FAILED, "no sums");
			break;
		}
		store_free(opened(room));
		assert_int_equal(room_count(room, STORE_FILE, "Zweifelhofer", 12),
				 from > 0);
		store_free(opened(room));
	}
}

static void file_change(struct room *room, off_t at, uint8_t mask)
{
	_cleanup_(cleanup_close) int fd = -1;
	char path[320];
	uint8_t byte;

	fd = open(room_path(room, STORE_FILE, path), O_RDWR);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= mask;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* Every page that the start reads, at its ends and in the middle; then another's in its place. */
static void test_r8_a_page_that_changed_is_refused(void **state)
{
	static const struct { off_t at; uint8_t mask; const char *words; } changes[] = {
		{ 20, 8, "no sums" },		/* what says that there are sums */
		{ 63, 1, "damaged" },		/* the schema's version */
		{ 2000, 1, "damaged" },
		{ 4095, 0x80, "damaged" },
	};
	struct room *room = *state;
	char path[320];
	uint8_t page[4096];
	int fd;

	store_free(opened(room));
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		file_change(room, changes[i].at, changes[i].mask);
		refused(room, ANSWER_FAILED, changes[i].words);
		file_change(room, changes[i].at, changes[i].mask);
		store_free(opened(room));
	}
	fd = open(room_path(room, STORE_FILE, path), O_RDWR);
	assert_int_equal(pread(fd, page, sizeof(page), 4096), sizeof(page));
	for (off_t at = 8192; at < room_size(room, STORE_FILE); at += 4096)
		assert_int_equal(pwrite(fd, page, sizeof(page), at), sizeof(page));
	close(fd);
	refused(room, ANSWER_FAILED, "damaged");
}

static void test_failed_step_keeps_the_file(void **state)
{
	struct room *room = *state;

	int status;
	pid_t pid;

	room_write(room, STORE_FILE, 0, "", 0);
	outside(room, store_steps[0].sql);
	outside(room, "INSERT INTO household VALUES (1, 'kept', 100)");
	pid = fork();
	if (pid == 0) {
		/* No room for the log of a step. */
		const struct rlimit narrow = { 24 << 10, 24 << 10 };

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &narrow);
		refused(room, ANSWER_FAILED, "0002-profile");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(room_count(room, STORE_FILE, "kept", 4), 1);
	store_free(opened(room));
}

static void test_foreign_and_damaged_files_are_refused(void **state)
{
	struct room *room = *state;
	char junk[8192];
	char path[320];

	room_write(room, STORE_FILE, 0, "", 0);
	outside(room, "CREATE TABLE mine (a)");
	chmod(room_path(room, STORE_FILE, path), 0600);
	refused(room, ANSWER_FAILED, "other program");
	memset(junk, 'x', sizeof(junk));
	room_write(room, STORE_FILE, 0, junk, sizeof(junk));
	refused(room, ANSWER_FAILED, "not a database");
	assert_true(room_count(room, STORE_FILE, "xxxx", 4) > 0);
}

static void test_what_cannot_be_secured_is_refused(void **state)
{
	struct room *room = *state;
	char path[320], other[320];

	store_free(opened(room));
	room_path(room, STORE_FILE, path);
	room_path(room, "other", other);

	assert_int_equal(chmod(path, 0640), 0);
	refused(room, ANSWER_FAILED, "open to others");
	assert_int_equal(chmod(path, 0600), 0);

	assert_int_equal(link(path, other), 0);
	refused(room, ANSWER_FAILED, "2 names");
	assert_int_equal(unlink(path), 0);

	assert_int_equal(symlink("other", path), 0);
	refused(room, ANSWER_FAILED, "link");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(other, path), 0);

	assert_int_equal(chmod(room->dir, 0755), 0);
	refused(room, ANSWER_FAILED, "chmod 0700");
	assert_int_equal(chmod(room->dir, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 12345), 0);
		refused(room, ANSWER_FAILED, "uid 12345");
		assert_int_equal(chown(path, 0, 0), 0);
	}
	store_free(opened(room));
}

static int insert_part(struct store *store, int kind, int64_t slot, int64_t expires)
{
	_cleanup_(statement_endp) struct statement *s = NULL;

	if (run(store, &test_body_insert) != 0)
		return -1;
	s = store_statement(store, &test_part_insert);
	statement_bind_integer(s, ":kind", kind);
	statement_bind_integer(s, ":slot", slot);
	statement_bind_integer(s, ":body", store_last_row(store));
	statement_bind_integer(s, ":expires", expires);
	return statement_run(s);
}

/* Under direct SQL, too: no expiry, none before it was made, none over the cap of its kind. */
static void test_r2_forever_is_refused_by_the_schema(void **state)
{
	struct room *room = *state;
	struct store *store = opened(room);
	static const int64_t never[] = {
		0, -1, 100, INT64_MAX, INT64_MAX / 60, 100 + 30 * 1440 + 1
	};

	assert_int_equal(insert_profile(store, "mia"), 0);
	assert_int_equal(run(store, &test_item_insert), 0);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		assert_int_not_equal(insert_part(store, 1, 5, never[i]), 0);
	assert_int_equal(insert_part(store, 1, 5, 100 + 30 * 1440), 0);
	assert_int_not_equal(insert_part(store, 2, 6, 100 + 90 * 1440 + 1), 0);
	assert_int_not_equal(insert_part(store, 3, 7, 100 + 7 * 1440 + 1), 0);
	store_free(store);
}

static void test_r5_every_table_with_slots_is_known(void **state)
{
	struct room *room = *state;
	struct store *store = opened(room);
	struct statement *s = store_statement(store, &test_slot_tables);
	struct vault_used used;

	/* part, copy_part, door, witness, log_slot, profile, voiceprint: all seven are in
	 * store/slot.c. */
	assert_int_equal(statement_next(s), STATEMENT_ROW);
	assert_int_equal(statement_integer(s, "n"), 7);
	statement_end(s);
	assert_int_equal(insert_profile(store, "mia"), 0);
	assert_int_equal(run(store, &test_item_insert), 0);
	assert_int_equal(insert_part(store, 1, 4711, 200), 0);
	assert_int_equal(store_slots_used(store, &used), 0);
	assert_true(vault_used_get(&used, 4711));
	assert_false(vault_used_get(&used, 4710));
	vault_used_clear(&used);
	store_free(store);
}

/* Deleted and checkpointed: not one copy in the files, whatever the pages looked like before. */
static void test_r4_deleted_rows_leave_no_bytes(void **state)
{
	struct room *room = *state;
	struct store *store = opened(room);
	struct store *transaction = NULL;
	char name[32];

	for (int round = 0; round < 5; round++) {
		assert_int_equal(store_begin(store, &transaction), 0);
		for (int i = 0; i < 95; i++) {
			snprintf(name, sizeof(name), "%cCANARY%d", 32 + i, i * 7919 % 1000);
			if (name[0] != '"' && (name[0] < 'a' || name[0] > 'z'))
				assert_int_equal(insert_profile(store, name), 0);
		}
		assert_int_equal(store_commit(transaction), 0);
		assert_true(room_count(room, STORE_FILE "-wal", "CANARY", 6) > 0);
		assert_int_equal(store_checkpoint(store), 0);
		assert_true(room_count(room, STORE_FILE, "CANARY", 6) > 0);
		assert_int_equal(run(store, &test_profile_delete), 0);
		assert_int_equal(store_checkpoint(store), 0);
		assert_int_equal(room_count(room, STORE_FILE, "CANARY", 6), 0);
		assert_int_equal(room_count(room, STORE_FILE "-wal", "CANARY", 6), 0);
	}
	store_free(store);
}

STATEMENT(test_moved_insert,
	"INSERT INTO profile (id, name, type, created_min)"
	" VALUES (randomblob(16), :name, 'child', 1)");
STATEMENT(test_moved_delete, "DELETE FROM profile WHERE name LIKE 'CANARY%'");

/* As above with neighbours that stay: cells move inside pages and between them, and what they leave
 * behind in the gap of a page is no row that secure_delete would know of. */
static void test_r4_moved_rows_leave_no_bytes(void **state)
{
	struct room *room = *state;
	struct store *store = opened(room);
	char name[128];

	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < 90; i++) {
			struct statement *s = store_statement(store, &test_moved_insert);

			snprintf(name, sizeof(name), "%s-%d-%*d", i % 5 ? "CANARY" : "STAYS", round,
				 10 + (i * 37 + round * 11) % 90, i);
			statement_bind_text(s, ":name", name);
			assert_int_equal(statement_run(s), 0);
			statement_end(s);
		}
		assert_int_equal(store_checkpoint(store), 0);
		assert_true(room_count(room, STORE_FILE, "CANARY", 6) > 0);
		assert_int_equal(run(store, &test_moved_delete), 0);
		assert_int_equal(store_checkpoint(store), 0);
		assert_int_equal(room_count(room, STORE_FILE, "CANARY", 6), 0);
		assert_true(room_count(room, STORE_FILE, "STAYS", 5) > 0);
	}
	store_free(store);
}

/* Whatever the settings: no file but the database, its log and its journal (R7). */
static void test_r7_temporary_files_are_refused(void **state)
{
	struct room *room = *state;
	char path[320];
	sqlite3 *db;

	store_free(opened(room));
	assert_int_equal(sqlite3_open_v2(room_path(room, STORE_FILE, path), &db,
					 SQLITE_OPEN_READWRITE, STORE_VFS), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = FILE;"
				      "PRAGMA cache_size = 2; PRAGMA temp.cache_size = 2",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "CREATE TEMP TABLE spill AS WITH RECURSIVE n(i) AS (SELECT 1"
				      " UNION ALL SELECT i + 1 FROM n WHERE i < 9999)"
				      " SELECT randomblob(500) FROM n",
				      NULL, NULL, NULL),
			 SQLITE_CANTOPEN);
	sqlite3_close(db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, room_make, room_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_opens_and_keeps),
		TEST(test_transactions_do_not_nest_and_roll_back),
		TEST(test_files_are_private),
		TEST(test_second_instance_is_refused),
		TEST(test_newer_file_is_refused_and_kept),
		TEST(test_migrates_from_every_step),
		TEST(test_r8_a_page_that_changed_is_refused),
		TEST(test_failed_step_keeps_the_file),
		TEST(test_foreign_and_damaged_files_are_refused),
		TEST(test_what_cannot_be_secured_is_refused),
		TEST(test_r2_forever_is_refused_by_the_schema),
		TEST(test_r5_every_table_with_slots_is_known),
		TEST(test_r4_deleted_rows_leave_no_bytes),
		TEST(test_r4_moved_rows_leave_no_bytes),
		TEST(test_r7_temporary_files_are_refused),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
