/* SPDX-License-Identifier: Apache-2.0 */
/* A reset leaves nothing of a household: no row, no key, no trace in any file; its receipt is all
 * there is, and what was interrupted goes on. */

#include "keeper_room.h"


#include "outside.h"
#include "store/reset.h"
#include "stores.h"

/* One row in each table that a household fills and the cupboard does not. */
static const char household_sql[] =
	"INSERT INTO household VALUES (1, '{\"founder_name\":\"Mirjam Zweifel\",\"signature\":\""
	"0123456789abcdef0123456789abcdef\"}', 1);"
	"INSERT INTO parent VALUES (1, 'Mirjam Zweifel', randomblob(32), NULL, 1, NULL);"
	"INSERT INTO door VALUES (1, 'passphrase', randomblob(16), 3, 65536, randomblob(32), 0,"
	" 900,"
	" randomblob(16), randomblob(16));"
	"INSERT INTO wrap VALUES (1, 'passphrase', 'home',"
	" CAST('wrapped secret of the family!' AS BLOB));"
	"INSERT INTO consent VALUES (1, 1, 1,"
	" '{\"signature\":\"fedcba9876543210fedcba9876543210\"}', randomblob(32), 86400, 1, NULL);"
	"INSERT INTO rekey VALUES (1, '{\"signature\":\"0011223344556677\"}', randomblob(8),"
	" randomblob(8), CAST(printf('%-80s', 'former secret of the family') AS BLOB),"
	" randomblob(80), 1, 0);"
	"INSERT INTO retention VALUES (1, 1, 3600, 1);"
	"INSERT INTO alert VALUES (1, 'inactive', 1, 1, 1);"
	"INSERT INTO log (seq, time_min, body, salt, hash) VALUES (1, 1, '{\"what\":\"entry of the "
	"log\"}', randomblob(16), randomblob(32));";

static const char *const words[] = { "Mirjam Zweifel", "wrapped secret", "entry of the log",
				     "former secret",
				     "fedcba9876543210", "Mirjam", "Adelheid" };

static void sql_run(struct cupboard *c, const char *sql)
{
	char path[320];
	sqlite3 *db = NULL;

	cupboard_shut(c);
	assert_int_equal(outside_open(room_path(c->room, "cubby.db", path), &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	cupboard_open(c);
}

static int64_t sql_count(sqlite3 *db, const char *table)
{
	_cleanup_(cleanup_free) char *sql = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t n;

	assert_true(asprintf(&sql, "SELECT count(*) FROM \"%s\"", table) > 0);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

/* Every table of the schema, whether or not anybody remembered it. */
static unsigned tables_with_rows(struct cupboard *c)
{
	char path[320];
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	unsigned n = 0;

	cupboard_shut(c);
	assert_int_equal(outside_open(room_path(c->room, "cubby.db", path), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE "
					    "type = 'table' AND name NOT IN "
					    "('sqlite_sequence', 'job', 'reset')",
					    -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		const struct stores_table *table = stores_table(name);

		if ((table && table->reach == STORES_NOBODY) || sql_count(db, name) == 0)
			continue;
		print_message("rows are left in %s\n", name);
		n++;
	}
	sqlite3_finalize(stmt);
	assert_int_equal(sql_count(db, "job"), 1);
	sqlite3_close(db);
	cupboard_open(c);
	return n;
}

static unsigned words_left(struct cupboard *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		n += room_count(c->room, "cubby.db", words[i], strlen(words[i])) +
		     room_count(c->room, "cubby.db-wal", words[i], strlen(words[i]));
	return n;
}

static int64_t reset_ask(struct cupboard *c)
{
	const struct archive_selection everything = { .all = true };
	uint64_t items;
	int64_t job = 0;

	assert_int_equal(erasure_ask(c->erasure, ERASURE_RESET, &everything, 1000, NULL, &job,
				     &items, &c->why), 0);
	return job;
}

static void family_keep(struct cupboard *c, struct kept kept[static 2])
{
	sql_run(c, household_sql);
	assert_int_equal(cupboard_keep(c, &child_id, 2 | 4, 5000, &kept[0]), 0);
	assert_int_equal(cupboard_keep(c, &adult_id, 4, 90000, &kept[1]), 0);
	assert_true(words_left(c) > 0 && cupboard_traces(c, &kept[0]) > 0);
}

static void nothing_is_left(struct cupboard *c, int64_t number, struct kept kept[static 2])
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	struct receipt receipt;
	bool erased = false;
	int64_t pending;

	assert_int_equal(erasure_find(c->erasure, number, &job), 0);
	assert_string_equal(job->problem, "");
	assert_int_equal(job->state, ERASURE_DONE);
	assert_int_equal(job->reason, ERASURE_RESET);
	assert_int_equal(receipt_verify(job->receipt, c->device->sign->public, NULL, &receipt,
					&c->why), 0);
	assert_string_equal(receipt.reason, "reset");
	assert_int_equal(receipt.items, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cupboard_traces(c, &kept[i]), 0);
		secret_free(kept[i].keys);
	}
	assert_int_equal(words_left(c), 0);
	assert_int_equal(tables_with_rows(c), 0);
	assert_int_equal(store_reset_pending(c->store, &pending, &erased), 0);
	assert_true(erased && pending == number);
	assert_int_equal(store_reset_renewed(c->store, number), 0);
	assert_int_equal(store_reset_pending(c->store, &pending, &erased), ANSWER_NOT_FOUND);
}

static void test_r1_a_reset_leaves_nothing_of_the_household(void **state)
{
	struct cupboard *c = *state;
	struct kept kept[2];
	uint64_t partial = 9;
	int64_t job;

	family_keep(c, kept);
	job = reset_ask(c);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_int_equal(partial, 0);
	nothing_is_left(c, job, kept);
}

static void test_r9_an_interrupted_reset_ends_at_the_next_start(void **state)
{
	struct cupboard *c = *state;
	struct kept kept[2];
	uint64_t partial = 9;
	bool erased = true;
	int64_t job, pending;

	family_keep(c, kept);
	job = reset_ask(c);
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(store_reset_pending(c->store, &pending, &erased), 0);
	assert_true(!erased && pending == job);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	nothing_is_left(c, job, kept);
}

/* Another deletion that has not ended goes with it, its tombstones and its job. */
static void test_a_reset_takes_unfinished_deletions_along(void **state)
{
	struct cupboard *c = *state;
	const struct archive_selection selection = { .profile = &child_id };
	struct kept kept[2];
	uint64_t partial = 9;
	int64_t other, job;

	family_keep(c, kept);
	assert_int_equal(cupboard_ask(c, &selection, &other), 0);
	job = reset_ask(c);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_int_equal(erasure_find(c->erasure, other, &(struct erasure_job *){ NULL }),
			 ANSWER_NOT_FOUND);
	assert_int_equal(cupboard_traces(c, &kept[0]), 0);
	assert_int_equal(tables_with_rows(c), 0);
	assert_true(job > other);
	secret_free(kept[0].keys);
	secret_free(kept[1].keys);
}

/* After it the keeper takes new items in, with keys that are none of the old. */
static void test_after_a_reset_there_is_room_for_a_new_family(void **state)
{
	struct cupboard *c = *state;
	struct kept kept[2], next;
	static const uint8_t zeros[KEY_BYTES];
	uint64_t partial;

	family_keep(c, kept);
	reset_ask(c);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	cupboard_profile_add(c, &child_id, "Mirjam", "child");
	assert_int_equal(cupboard_keep(c, &child_id, 2, 5000, &next), 0);
	assert_memory_not_equal(next.keys->bytes, zeros, KEY_BYTES);
	assert_int_equal(room_count(c->room, "slots.bin", next.keys->bytes, KEY_BYTES), 1);
	secret_free(next.keys);
	secret_free(kept[0].keys);
	secret_free(kept[1].keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_r1_a_reset_leaves_nothing_of_the_household,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r9_an_interrupted_reset_ends_at_the_next_start,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_a_reset_takes_unfinished_deletions_along,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_after_a_reset_there_is_room_for_a_new_family,
						cupboard_make, cupboard_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
