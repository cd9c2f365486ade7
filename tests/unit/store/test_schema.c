/* SPDX-License-Identifier: Apache-2.0 */
/* A file whose rules somebody changed is not trusted; one that was broken under them is damage. */

#include "opened.h"

#include "store/household.h"

#define REWRITE(type_, name_, from_, to_)                                                         \
	"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '" from_ "', '"  \
	to_ "') WHERE type = '" type_ "' AND name = '" name_ "'; PRAGMA writable_schema = OFF"

/* R17, R14: what the file's triggers and constraints forbid, nobody may have allowed since. */
static void test_r17_a_changed_schema_is_refused(void **state)
{
	static const struct {
		const char *does, *words, *undoes;
	} changes[] = {
		{ "DROP TRIGGER copy_only_of_an_adult",
		  "\"copy_only_of_an_adult\" of", NULL },
		{ REWRITE("table", "household", "statement\tTEXT NOT NULL", "statement\tTEXT"),
		  "\"household\" of",
		  REWRITE("table", "household", "statement\tTEXT", "statement\tTEXT NOT NULL") },
		{ REWRITE("trigger", "log_is_append_only", "BEFORE UPDATE", "AFTER UPDATE"),
		  "not as Cubby made it",
		  REWRITE("trigger", "log_is_append_only", "AFTER UPDATE", "BEFORE UPDATE") },
		{ "CREATE TRIGGER zz AFTER INSERT ON item BEGIN SELECT 1; END",
		  "not one of Cubby's", "DROP TRIGGER zz" },
		{ "CREATE TABLE item_by_dad (a)", "not one of Cubby's", "DROP TABLE item_by_dad" },
		{ "CREATE VIEW a AS SELECT * FROM body", "not one of Cubby's", "DROP VIEW a" },
		{ "DROP INDEX consent_in_force", "is missing", NULL },
	};
	struct room *room = *state;
	char path[320];

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		store_free(opened(room));
		outside(room, changes[i].does);
		refused(room, ANSWER_FAILED, changes[i].words);
		if (changes[i].undoes) {
			outside(room, changes[i].undoes);
			store_free(opened(room));
		}
		unlink(room_path(room, STORE_FILE, path));
	}
}

/* Somebody took NOT NULL away, wrote NULL, and put it back. */
static void test_null_where_there_is_none_is_damage(void **state)
{
#define NULLED(table, column, rest, then)                                                         \
	REWRITE("table", table, column "\tTEXT NOT NULL" rest, column "\tTEXT" rest), then,       \
	REWRITE("table", table, column "\tTEXT" rest, column "\tTEXT NOT NULL" rest)
	static const struct {
		const char *first, *then, *last, *found;
	} damages[] = {
		{ NULLED("household", "statement", ",", "UPDATE household SET statement = NULL"),
		  "NULL value in household.statement" },
		{ NULLED("parent", "name\t", " UNIQUE", "UPDATE parent SET name = NULL"),
		  "NULL value in parent.name" },
		{ NULLED("profile", "name\t", " UNIQUE", "UPDATE profile SET name = NULL"),
		  "NULL value in profile.name" },
		{ NULLED("job", "problem\t", " DEFAULT", "UPDATE job SET problem = NULL"),
		  "NULL value in job.problem" },
		{ NULLED("log", "body\t", " CHECK",
			 "INSERT INTO log (seq, time_min, body, salt, hash)"
			 " VALUES (2, 1, NULL, zeroblob(16), zeroblob(32))"),
		  "NULL value in log.body" },
	};
	static const char rows[] =
		"INSERT INTO household VALUES (1, 'x', 1);"
		"INSERT INTO parent (name, sign_key, created_min) VALUES ('a', zeroblob(32), 1);"
		"INSERT INTO profile (id, name, type, created_min)"
		" VALUES (zeroblob(16), 'mia', 'child', 1);"
		"INSERT INTO job (reason, items, parts, state, asked_min, salt, commitment)"
		" VALUES ('delete', 1, 1, 'queued', 1, zeroblob(16), zeroblob(32));"
		"INSERT INTO log (time_min, body, salt, hash)"
		" VALUES (1, '{}', zeroblob(16), zeroblob(32))";
	struct room *room = *state;

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		_cleanup_(cleanup_free) char *statement = NULL;
		struct store *store;
		char path[320];

		store_free(opened(room));
		outside(room, rows);
		store = opened(room);
		assert_int_equal(store_household(store, &statement), 0);
		store_free(store);
		outside(room, damages[i].first);
		outside(room, damages[i].then);
		outside(room, damages[i].last);
		refused(room, ANSWER_FAILED, damages[i].found);
		unlink(room_path(room, STORE_FILE, path));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, room_make, room_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_r17_a_changed_schema_is_refused),
		TEST(test_null_where_there_is_none_is_damage),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
