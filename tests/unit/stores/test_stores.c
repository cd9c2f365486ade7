/* SPDX-License-Identifier: Apache-2.0 */
/* The list of stores is closed: whatever the real schema and the real state directory have is in
 * it, and what is planted there is found. */

#include "keeper_room.h"


#include "outside.h"
#include "stores.h"

struct strangers {
	unsigned n;
	char first[300];
};

static void stranger_add(struct strangers *strangers, const char *what, const char *name)
{
	if (strangers->n++ == 0)
		snprintf(strangers->first, sizeof(strangers->first), "%s %s", what, name);
}

static sqlite3 *db_open(struct cupboard *c)
{
	char path[320];
	sqlite3 *db = NULL;

	assert_int_equal(outside_open(room_path(c->room, "cubby.db", path), &db), SQLITE_OK);
	return db;
}

/* The columns as the schema has them, one space between. */
static void columns_of(sqlite3 *db, const char *table, char text[static 512])
{
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_xinfo(?)", -1, &stmt,
					    NULL), SQLITE_OK);
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
	text[0] = '\0';
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		if (text[0])
			strncat(text, " ", 511 - strlen(text));
		strncat(text, (const char *)sqlite3_column_text(stmt, 0), 511 - strlen(text));
	}
	sqlite3_finalize(stmt);
}

/* sqlite_sequence is SQLite's own: the number of the last job. */
static unsigned tables_look(struct cupboard *c, struct strangers *strangers)
{
	sqlite3 *db = db_open(c);
	sqlite3_stmt *stmt = NULL;
	char columns[512];
	unsigned known = 0;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type IN "
					    "('table', 'view') AND name <> 'sqlite_sequence'", -1,
					    &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		const struct stores_table *table = stores_table(name);

		columns_of(db, name, columns);
		if (!table)
			stranger_add(strangers, "table", name);
		else if (strcmp(table->columns, columns) != 0)
			stranger_add(strangers, "columns of", name);
		known += table != NULL;
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return known;
}

static void files_look(struct cupboard *c, struct strangers *strangers)
{
	DIR *dir = opendir(c->room->dir);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    !stores_file(entry->d_name))
			stranger_add(strangers, "file", entry->d_name);
	closedir(dir);
}

static struct strangers look(struct cupboard *c)
{
	struct strangers strangers = { 0 };

	files_look(c, &strangers);
	cupboard_shut(c);
	if (tables_look(c, &strangers) != stores_tables_n)
		stranger_add(&strangers, "fewer tables than", "registered");
	if (strangers.n > 0)
		print_message("not registered in daemon/stores.h: %s\n", strangers.first);
	return strangers;
}

static void sql_run(struct cupboard *c, const char *sql)
{
	sqlite3 *db;

	cupboard_shut(c);
	db = db_open(c);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void test_r5_every_table_column_and_file_is_registered(void **state)
{
	struct cupboard *c = *state;
	struct kept kept;

	assert_int_equal(cupboard_keep(c, &child_id, 2, 5000, &kept), 0);
	secret_free(kept.keys);
	assert_int_equal(look(c).n, 0);
}

static void test_r5_a_planted_table_is_found(void **state)
{
	struct strangers found;

	sql_run(*state, "CREATE TABLE cache (transcript TEXT)");
	found = look(*state);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.first, "table cache");
}

static void test_r5_a_planted_column_is_found(void **state)
{
	struct strangers found;

	sql_run(*state, "ALTER TABLE item ADD COLUMN transcript TEXT");
	found = look(*state);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.first, "columns of item");
}

static void test_r5_a_planted_file_is_found(void **state)
{
	struct cupboard *c = *state;
	struct strangers found;

	room_write(c->room, "cache.json", 0, "{}", 2);
	found = look(c);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.first, "file cache.json");
}

static void test_every_row_says_what_it_holds(void **state)
{
	for (size_t i = 0; i < stores_tables_n; i++) {
		assert_true(stores_tables[i].reach >= STORES_NOBODY);
		assert_true(strlen(stores_tables[i].holds) > 10);
	}
	for (size_t i = 0; i < stores_files_n; i++)
		assert_true(strlen(stores_files[i].holds) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_r5_every_table_column_and_file_is_registered,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r5_a_planted_table_is_found, cupboard_make,
						cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r5_a_planted_column_is_found, cupboard_make,
						cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r5_a_planted_file_is_found, cupboard_make,
						cupboard_drop),
		cmocka_unit_test(test_every_row_says_what_it_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
