/* SPDX-License-Identifier: Apache-2.0 */
/* A file whose rules somebody changed is not trusted; one that was broken under them is damage. */

#include "opened.h"

#include "store/household.h"
#include "store/job.h"
#include "store/log.h"
#include "store/profile.h"

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

static int read_household(struct store *store)
{
	char *statement = NULL;

	return store_household(store, &statement);
}

static int read_profile(struct store *store)
{
	struct profile profile;

	const struct id id = { { 0 } };

	return store_profile_by_id(store, &id, &profile);
}

static int read_parent(struct store *store)
{
	struct parent_row *rows;
	size_t n;

	return store_parents(store, &rows, &n);
}

static int read_job(struct store *store)
{
	struct job_row job;

	return store_job_find(store, 1, &job);
}

static int read_log(struct store *store)
{
	struct log_row *rows;
	size_t n;

	return store_log_list(store, 0, 10, &rows, &n);
}

/* Somebody took NOT NULL away, wrote NULL, and put it back. */
static void test_null_where_there_is_none_is_damage(void **state)
{
#define NULLED(table, column, rest, then)                                                         \
	REWRITE("table", table, column "\tTEXT NOT NULL" rest, column "\tTEXT" rest), then,       \
	REWRITE("table", table, column "\tTEXT" rest, column "\tTEXT NOT NULL" rest)
	static const struct {
		const char *first, *then, *last;
		int (*read)(struct store *store);
	} damages[] = {
		{ NULLED("household", "statement", ",", "UPDATE household SET statement = NULL"),
		  read_household },
		{ NULLED("parent", "name\t", " UNIQUE", "UPDATE parent SET name = NULL"),
		  read_parent },
		{ NULLED("profile", "name\t", " UNIQUE", "UPDATE profile SET name = NULL"),
		  read_profile },
		{ NULLED("job", "problem\t", " DEFAULT", "UPDATE job SET problem = NULL"),
		  read_job },
		{ NULLED("log", "body\t", " CHECK",
			 "INSERT INTO log (seq, time_min, body, salt, hash)"
			 " VALUES (2, 1, NULL, zeroblob(16), zeroblob(32))"),
		  read_log },
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
		struct store *store;
		char path[320];

		store_free(opened(room));
		outside(room, rows);
		outside(room, damages[i].first);
		outside(room, damages[i].then);
		outside(room, damages[i].last);
		store = opened(room);
		assert_int_equal(damages[i].read(store), -EBADMSG);
		store_free(store);
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
