/* SPDX-License-Identifier: Apache-2.0 */
/* What is done for one item must not take longer because there are many: no statement reads a table
 * that grows with what is kept from end to end, but those named here. */

#include "opened.h"

#include "store/core.h"

/* Tables with a row for each thing kept, done or said. */
static const char *const growing[] = {
	"item", "part", "body", "copy", "copy_part", "log", "job", "witness", "export_item",
};

/* They count, compare or empty whole tables, or end with the first row. */
static const char *const whole[] = {
	/* for status, a checkpoint, a quota that may be full */
	"count_all", "count_seen", "copies_count", "log_count", "load_items", "load_bytes",
	/* at a start; jobs that have not ended are few */
	"slots_used", "slot_rows", "slots_live", "parts_cap", "copies_cap", "jobs_pending",
	"removals_of_no_job", "tombstones_of_no_job",
	/* by the drill, which compares every store with every other */
	"slots_named_twice", "items_of_nobody", "items_without_parts", "lone_parts",
	"bodies_of_other_size", "lone_bodies",
	/* once a day, or when the age clock leaps */
	"jobs_forget", "log_old", "leap_parts", "leap_copies",
	/* when an export begins */
	"export_select", "export_excluded",
	/* after a parent was removed, until all is sealed to the new keys */
	"old_items_count", "old_copies_count",
	/* in a reset */
	"choose_whole", "reset_other_jobs", "reset_other_witnesses", "reset_marks", "empty_job",
	"empty_witness", "empty_item", "empty_body", "empty_part", "empty_copy",
	"empty_copy_part", "empty_export_item",
	/* the last entry, and no other */
	"log_head",
};

static bool is_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Of one statement: how often it reads such a table from end to end. */
static int scans(struct store *store, const struct statement_source *source)
{
	char sql[4096], table[64];
	sqlite3_stmt *plan;
	int n = 0;

	assert_true(snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", source->sql) <
		    (int)sizeof(sql));
	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &plan, NULL), SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *detail = (const char *)sqlite3_column_text(plan, 3);

		if (sscanf(detail, "SCAN %63s", table) != 1 ||
		    !is_of(table, growing, ARRAY_SIZE(growing)))
			continue;
		if (!is_of(source->name, whole, ARRAY_SIZE(whole)))
			print_error("%s: %s\n", source->name, detail);
		n++;
	}
	sqlite3_finalize(plan);
	return n;
}

static void test_nothing_is_read_from_end_to_end(void **state)
{
	struct store *store = opened(*state);
	int found[2] = { 0, 0 };

	for (size_t i = 0; i < store->n_statements; i++) {
		const struct statement_source *source = store->statements[i].source;

		if (scans(store, source) > 0)
			found[is_of(source->name, whole, ARRAY_SIZE(whole))]++;
	}
	store_free(store);
	assert_int_equal(found[false], 0);
	/* Nor is one named here that does not do so any more. */
	assert_int_equal(found[true], ARRAY_SIZE(whole));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_read_from_end_to_end, room_make,
						room_drop),
	};

	return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}
