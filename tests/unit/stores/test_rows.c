/* SPDX-License-Identifier: Apache-2.0 */
/* R12, R13, R17: what a parent who was removed, and keys that changed, leave in the database stays
 * as it is, also under the hands of who writes SQL. */

#include "keeper_room.h"

#include "outside.h"

/* A household whose keys are those of the second change, with an item and a copy of before. */
#define ZEROS "0000000000000000000000000000000000000000"
#define HEADER(id) "x'01" id ZEROS ZEROS ZEROS ZEROS "'"
static const char household_sql[] =
	"INSERT INTO parent VALUES (1, 'Anna', randomblob(32), NULL, 1, NULL),"
	" (2, 'Ben', randomblob(32), '{}', 1, 5);"
	"INSERT INTO rekey VALUES (1, '{}', x'1111111111111111', x'2111111111111111',"
	" zeroblob(80), zeroblob(80), 1, 1), (2, '{}', x'1222222222222222', x'2222222222222222',"
	" zeroblob(80), zeroblob(80), 1, 0);"
	"INSERT INTO item SELECT 900, randomblob(16), profile, 1, 1, "
	HEADER("1111111111111111") " FROM profile WHERE type = 'adult' LIMIT 1;"
	"INSERT INTO copy (copy, id, item, header, purpose, recipient, approved_min) VALUES"
	" (900, randomblob(16), 900, " HEADER("2111111111111111") ", 'p', 'r', 1);"
	"INSERT INTO log_key VALUES (900, 1, zeroblob(80));";

static const struct change {
	const char *sql, *words;	/* NULL: it is done */
} changes[] = {
	{ "UPDATE parent SET removed_min = NULL WHERE parent = 2", "does not come back" },
	{ "INSERT INTO door VALUES (2, 'passphrase', zeroblob(16), 3, 65536, zeroblob(32), 0, 901,"
	  " zeroblob(16), zeroblob(16))", "has no door" },
	{ "UPDATE rekey SET statement = '{ }' WHERE number = 2", "by another change" },
	{ "UPDATE rekey SET home_id = x'1111111111111111' WHERE number = 2", "by another change" },
	{ "UPDATE item SET header = " HEADER("1111111111111111"), "keys that changed" },
	{ "UPDATE item SET header = " HEADER("3333333333333333"), "keys that changed" },
	{ "UPDATE item SET header = " HEADER("2222222222222222"), "keys that changed" },
	{ "UPDATE copy SET header = " HEADER("1222222222222222"), "keys that changed" },
	{ "UPDATE copy SET purpose = 'q'", "what it was given for" },
	{ "UPDATE log_key SET sealed = zeroblob(80)", "stays what it is" },
	{ "UPDATE log_key SET first_seq = 2, sealed = zeroblob(128)", "stays what it is" },
	{ "UPDATE log_key SET sealed = zeroblob(128)", NULL },
	{ "UPDATE item SET header = " HEADER("1222222222222222") " WHERE item = 900", NULL },
	{ "UPDATE copy SET header = " HEADER("2222222222222222"), NULL },
	{ "UPDATE copy SET header = " HEADER("2222222222222222"), "keys that changed" },
};

static void test_r12_rows_of_parents_and_keys_stay(void **state)
{
	struct cupboard *c = *state;
	char path[320];
	sqlite3 *db = NULL;

	cupboard_shut(c);
	assert_int_equal(outside_open(room_path(c->room, "cubby.db", path), &db), SQLITE_OK);
	if (sqlite3_exec(db, household_sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const char *words = changes[i].words;
		int rc = sqlite3_exec(db, changes[i].sql, NULL, NULL, NULL);

		if (words ? rc == SQLITE_OK || !strstr(sqlite3_errmsg(db), words) :
			    rc != SQLITE_OK)
			fail_msg("%s: %s", changes[i].sql, sqlite3_errmsg(db));
	}
	sqlite3_close(db);
	cupboard_open(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_r12_rows_of_parents_and_keys_stay,
						cupboard_make, cupboard_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
