/* SPDX-License-Identifier: Apache-2.0 */
/* The work whose traces freed_blocks.py looks for on the raw image: rows written and deleted
 * through the keeper's store or (the control) through stock SQLite, and items erased, also on a
 * full disk. Each line it prints is a needle, in hex. */

#include "keeper_room.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include "store/step.h"

#define ROUNDS 12
#define NAMES 60
#define ITEMS 25

STATEMENT(freed_insert,
	"INSERT INTO profile (id, name, type, created_min)"
	" VALUES (randomblob(16), :name, 'child', 1)");
STATEMENT(freed_delete, "DELETE FROM profile WHERE name LIKE 'CANARY%' AND profile % 7 <> :stay");

static void name_make(char name[static 128], int round, int i)
{
	const int n = snprintf(name, 128, "CANARY-%d-%d-", round, i);
	const int length = n + (i * 37 + round * 11) % (110 - n);

	memset(name + n, 'a' + i % 26, (size_t)(length - n));
	name[length] = '\0';
}

static void say(const void *bytes, unsigned n)
{
	char text[2 * 64 + 1];

	puts(hex_text(bytes, n, text));
}

static void rows_cubby(struct cupboard *c)
{
	struct statement *s;
	char name[128];

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < NAMES; i++) {
			name_make(name, round, i);
			s = store_statement(c->store, &freed_insert);
			statement_bind_text(s, ":name", name);
			assert_int_equal(statement_run(s), 0);
			statement_end(s);
		}
		if (round % 3 == 0)
			assert_int_equal(store_checkpoint(c->store), 0);
		s = store_statement(c->store, &freed_delete);
		statement_bind_integer(s, ":stay", round == ROUNDS - 1 ? 99 : round % 7);
		assert_int_equal(statement_run(s), 0);
		statement_end(s);
	}
	assert_int_equal(store_checkpoint(c->store), 0);
}

static void stock(sqlite3 *db, const char *sql)
{
	char *problem = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &problem) != SQLITE_OK)
		print_message("%s\n", problem);
	assert_null(problem);
}

/* The same statements, schema and pragmas; only the VFS is SQLite's own. */
static void rows_stock(const char *dir)
{
	char path[320], name[128], sql[256];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/stock.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	stock(db,
	      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
	      "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY");
	for (int i = 0; i < store_steps_n; i++)
		stock(db, store_steps[i].sql);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < NAMES; i++) {
			name_make(name, round, i);
			snprintf(sql, sizeof(sql),
				 "INSERT INTO profile (id, name, type, created_min) "
				 "VALUES (randomblob(16), '%s', 'child', 1)",
				 name);
			stock(db, sql);
		}
		if (round % 3 == 0)
			stock(db, "PRAGMA wal_checkpoint(TRUNCATE)");
		snprintf(sql, sizeof(sql), "DELETE FROM profile WHERE profile %% 7 <> %d",
			 round == ROUNDS - 1 ? 99 : round % 7);
		stock(db, sql);
	}
	stock(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	sqlite3_close(db);
}

static void erase_all(struct cupboard *c)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	uint64_t partial;
	int64_t number;

	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .all = true }, &number), 0);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_int_equal(erasure_find(c->erasure, number, &job), 0);
	if (job->state != ERASURE_DONE)
		print_message("%s\n", job->problem);
	assert_int_equal(job->state, ERASURE_DONE);
}

static void items_keep(struct cupboard *c)
{
	struct kept kept = { 0 };

	for (int i = 0; i < ITEMS; i++) {
		assert_int_equal(cupboard_keep(c, &child_id, 6, 30000, &kept), 0);
		say(kept.id.bytes, ID_BYTES);
		say(kept.head, 16);
		say(kept.keys->bytes, KEY_BYTES);
		say(kept.keys->bytes + KEY_BYTES, KEY_BYTES);
		secret_free(kept.keys);
	}
}

/* Not a byte is left, for root neither. */
static void disk_fill(const char *dir)
{
	static const char block[65536] = { 1 };
	size_t step = sizeof(block);
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "%s/../filler", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0);
	while (step >= 512)
		if (write(fd, block, step) <= 0)
			step /= 2;
	assert_int_equal(fsync(fd), 0);
	close(fd);
}

static void full_disk(struct cupboard *c)
{
	struct kept kept = { 0 };
	struct statvfs fs;
	int r = 0;

	disk_fill(c->room->dir);
	assert_int_equal(statvfs(c->room->dir, &fs), 0);
	assert_int_equal(fs.f_bavail, 0);	/* ext4 counts some as free that nobody gets */
	/* Freed pages of the database take a few more; then it is said. */
	for (int i = 0; r == 0 && i < 100; i++) {
		r = cupboard_keep(c, &child_id, 2, 160000, &kept);
		if (r == 0)
			secret_free(kept.keys);
	}
	assert_int_equal(r, ANSWER_QUOTA_EXCEEDED);
	erase_all(c);
}

int main(int argc, char **argv)
{
	struct cupboard *c = NULL;

	assert_int_equal(argc, 3);
	assert_int_equal(setenv("CUBBY_TEST_DIR", argv[2], 1), 0);
	if (strcmp(argv[1], "stock") == 0) {
		rows_stock(argv[2]);
		return 0;
	}
	assert_int_equal(cupboard_make((void **)&c), 0);
	rows_cubby(c);
	items_keep(c);
	/* "kept" proves the eyes: what was not erased is found. */
	if (strcmp(argv[1], "full") == 0)
		full_disk(c);
	else if (strcmp(argv[1], "kept") != 0)
		erase_all(c);
	cupboard_shut(c);
	/* The files stay for the reader of the image. */
	device_free(c->device);
	free(c->room);
	free(c);
	return 0;
}
