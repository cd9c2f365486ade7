/* SPDX-License-Identifier: Apache-2.0 */
/* The pages an erasure touched, told from the files alone: none that held the row is missing, even
 * when SQLite does not overwrite what it frees; and they are few in a large database. */

#include "room.h"

#include <sqlite3.h>

#include "footprint.h"

#define BODY_BYTES 100000
#define PAGE_BYTES 4096
#define ROWS 100

struct world {
	struct room *room;
	sqlite3 *db;
	int fd;
	struct footprint *footprint;
};

static void run(struct world *w, const char *sql)
{
	if (sqlite3_exec(w->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(w->db));
}

static int start(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char path[320];

	if (room_make((void **)&w->room) != 0 ||
	    sqlite3_open(room_path(w->room, "cubby.db", path), &w->db) != SQLITE_OK)
		return -1;
	run(w, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 4096;"
	       "PRAGMA journal_mode = WAL; PRAGMA secure_delete = OFF;"
	       "CREATE TABLE body (body INTEGER PRIMARY KEY, sealed BLOB);"
	       "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
	       " INSERT INTO body SELECT i, CAST(replace(hex(zeroblob(3125)), '00',"
	       " printf('row %03d canary. ', i)) AS BLOB) FROM n;"
	       "PRAGMA wal_checkpoint(TRUNCATE);");
	w->fd = open(path, O_RDONLY);
	if (w->fd < 0 || footprint_new(w->room->dir, w->fd, &w->footprint) != 0)
		return -1;
	*state = w;
	return 0;
}

static int stop(void **state)
{
	struct world *w = *state;

	footprint_free(w->footprint);
	sqlite3_close(w->db);
	close(w->fd);
	room_drop((void **)&w->room);
	free(w);
	return 0;
}

/* Which pages of the file hold a row's bytes. */
static unsigned pages_of(struct world *w, int row, bool *ret_pages, uint32_t room)
{
	uint8_t page[PAGE_BYTES];
	char canary[32];
	unsigned n = 0;
	uint32_t number = 0;

	snprintf(canary, sizeof(canary), "row %03d canary", row);
	while (pread(w->fd, page, PAGE_BYTES, (off_t)number * PAGE_BYTES) == PAGE_BYTES) {
		number++;
		assert_true(number < room);
		ret_pages[number] = memmem(page, PAGE_BYTES, canary, strlen(canary)) != NULL;
		n += ret_pages[number];
	}
	return n;
}

static unsigned missing(struct world *w, const bool *pages, uint32_t room, unsigned *ret_all)
{
	bool *seen = calloc(room, sizeof(*seen));
	uint32_t page = 0, n = 0;
	unsigned lost = 0;

	*ret_all = 0;
	for (footprint_next(w->footprint, 7, &page, &n); n > 0;
	     page += n - 1, footprint_next(w->footprint, 7, &page, &n)) {
		assert_in_range(n, 1, 7);
		*ret_all += n;
		for (uint32_t i = 0; i < n && page + i < room; i++)
			seen[page + i] = true;
	}
	assert_true(seen[1]);
	for (uint32_t i = 1; i < room; i++)
		lost += pages[i] && !seen[i];
	free(seen);
	return lost;
}

static void test_r8_every_page_of_a_removed_row_is_told(void **state)
{
	struct world *w = *state;
	bool pages[8192] = { false };
	unsigned all;

	assert_true(pages_of(w, 50, pages, ARRAY_SIZE(pages)) >= BODY_BYTES / PAGE_BYTES / 2);
	assert_int_equal(footprint_begin(w->footprint), 0);
	run(w, "DELETE FROM body WHERE body = 50");
	assert_int_equal(footprint_look(w->footprint), 0);
	run(w, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(footprint_end(w->footprint), 0);
	assert_int_equal(missing(w, pages, ARRAY_SIZE(pages), &all), 0);
	/* A small part of the whole. */
	assert_true(all < 60);
	assert_true(room_size(w->room, "cubby.db") / PAGE_BYTES > 1000);
}

/* Commit by commit, with a log that is begun anew in between, and pages freed, taken and freed. */
static void test_r8_pages_are_told_across_many_commits(void **state)
{
	struct world *w = *state;
	bool pages[8192] = { false };
	char sql[80];
	unsigned all;

	assert_int_equal(footprint_begin(w->footprint), 0);
	for (int row = 20; row < 60; row++) {
		bool more[8192] = { false };

		pages_of(w, row, more, ARRAY_SIZE(more));
		for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
			pages[i] |= more[i];
		snprintf(sql, sizeof(sql), "DELETE FROM body WHERE body = %d", row);
		run(w, sql);
		assert_int_equal(footprint_look(w->footprint), 0);
		if (row % 10 == 9)
			run(w, "PRAGMA wal_checkpoint(RESTART)");
	}
	run(w, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(footprint_end(w->footprint), 0);
	assert_int_equal(missing(w, pages, ARRAY_SIZE(pages), &all), 0);
}

/* A list of free pages that makes no sense is a fault, and then everything is read. */
static void test_damaged_list_is_not_followed(void **state)
{
	struct world *w = *state;

	run(w, "DELETE FROM body WHERE body = 50; PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(footprint_begin(w->footprint), 0);
	room_write(w->room, "cubby.db", 36, "\0\0\0\1", 4);
	assert_true(footprint_begin(w->footprint) < 0);
	room_write(w->room, "cubby.db", 32, "\177\0\0\1", 4);
	assert_true(footprint_begin(w->footprint) < 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_r8_every_page_of_a_removed_row_is_told),
		TEST(test_r8_pages_are_told_across_many_commits),
		TEST(test_damaged_list_is_not_followed),
	};

	return cmocka_run_group_tests_name("footprint", tests, NULL, NULL);
}
