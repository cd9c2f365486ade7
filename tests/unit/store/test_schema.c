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
			_cleanup_(cleanup_free) char *statement = NULL;
			struct store *store;

			outside(room, changes[i].undoes);
			store = opened(room);
			assert_int_equal(store_household(store, &statement), ANSWER_NOT_FOUND);
			store_free(store);
		}
		unlink(room_path(room, STORE_FILE, path));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, room_make, room_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_r17_a_changed_schema_is_refused),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
