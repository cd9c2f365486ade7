/* SPDX-License-Identifier: Apache-2.0 */
/* What one would take instead: SQLite as it is, SQLCipher, a directory of files (on whatever file
 * system it lies). Each keeps and erases as durably as it can; none signs, logs or verifies. */

#include "bench.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

/* Just enough of SQLite's interface to drive it and its relative alike. */
struct sqlite {
	int (*open)(const char *path, void **ret);
	int (*exec)(void *db, const char *sql, void *callback, void *context, char **problem);
	int (*prepare)(void *db, const char *sql, int n, void **ret, const char **tail);
	int (*bind_blob)(void *stmt, int index, const void *bytes, int n, void (*destroy)(void *));
	int (*bind_int)(void *stmt, int index, int value);
	int (*step)(void *stmt);
	int (*reset)(void *stmt);
	int (*finalize)(void *stmt);
	int (*close)(void *db);
};

static void sqlite_load(const char *library, struct sqlite *ret)
{
	static const char *const names[] = {
		"sqlite3_open", "sqlite3_exec", "sqlite3_prepare_v2", "sqlite3_bind_blob",
		"sqlite3_bind_int", "sqlite3_step", "sqlite3_reset", "sqlite3_finalize",
		"sqlite3_close",
	};
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	void **to = (void **)ret;

	if (!handle)
		exit(77);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		to[i] = dlsym(handle, names[i]);
		bench_need(to[i] ? 0 : -ENOENT, names[i], NULL);
	}
}

static void run(const struct sqlite *sqlite, void *db, const char *sql)
{
	bench_need(sqlite->exec(db, sql, NULL, NULL, NULL) == 0 ? 0 : -EIO, sql, NULL);
}

static void step(const struct sqlite *sqlite, void *stmt)
{
	bench_need(sqlite->step(stmt) == 101 ? 0 : -EIO, "step", NULL);
	sqlite->reset(stmt);
}

/* The same durability as the keeper's: every commit is on the disk. */
static void *database_open(const struct sqlite *sqlite, const char *path, bool key)
{
	void *db = NULL;

	bench_need(sqlite->open(path, &db) == 0 ? 0 : -EIO, path, NULL);
	if (key)
		run(sqlite, db, "PRAGMA key = \"x'000102030405060708090a0b0c0d0e0f"
				"101112131415161718191a1b1c1d1e1f'\"");
	run(sqlite, db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
			"PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
			"CREATE TABLE item (item INTEGER PRIMARY KEY, body BLOB NOT NULL);"
			"CREATE TABLE entry (entry INTEGER PRIMARY KEY, body BLOB NOT NULL)");
	return db;
}

/* database LIBRARY PATH BYTES N: a body kept, erased (checkpoint and all), and an entry of 300
 * bytes in a transaction of its own. Exit status 77: there is no such library. */
int bench_database(int argc, char **argv)
{
	const int bytes = argc > 2 ? atoi(argv[2]) : 0, n = argc > 3 ? atoi(argv[3]) : 0;
	double *keep = calloc((size_t)n, sizeof(double));
	double *delete = calloc((size_t)n, sizeof(double));
	double *entry = calloc((size_t)n, sizeof(double)), begin;
	uint8_t *body = calloc(1, (size_t)bytes + 1);
	void *db, *insert, *remove, *append;
	struct sqlite sqlite;

	if (argc < 4)
		return 2;
	bench_need(crypt_init(), "libsodium", NULL);
	crypt_random(body, (size_t)bytes);
	sqlite_load(argv[0], &sqlite);
	db = database_open(&sqlite, argv[1], strstr(argv[0], "cipher"));
	sqlite.prepare(db, "INSERT INTO item VALUES (?1, ?2)", -1, &insert, NULL);
	sqlite.prepare(db, "DELETE FROM item WHERE item = ?1", -1, &remove, NULL);
	sqlite.prepare(db, "INSERT INTO entry (body) VALUES (?1)", -1, &append, NULL);
	for (int i = 0; i < n; i++) {
		begin = bench_now_ms();
		sqlite.bind_int(insert, 1, i + 1);
		sqlite.bind_blob(insert, 2, body, bytes, NULL);
		step(&sqlite, insert);
		keep[i] = bench_now_ms() - begin;
		begin = bench_now_ms();
		sqlite.bind_blob(append, 1, body, 300, NULL);
		step(&sqlite, append);
		entry[i] = bench_now_ms() - begin;
	}
	for (int i = 0; i < n; i++) {
		begin = bench_now_ms();
		sqlite.bind_int(remove, 1, i + 1);
		step(&sqlite, remove);
		run(&sqlite, db, "PRAGMA wal_checkpoint(TRUNCATE)");
		delete[i] = bench_now_ms() - begin;
	}
	printf("{");
	bench_print("keep_ms", keep, (size_t)n);
	printf(", ");
	bench_print("delete_ms", delete, (size_t)n);
	printf(", ");
	bench_print("entry_ms", entry, (size_t)n);
	printf("}\n");
	sqlite.finalize(insert);
	sqlite.finalize(remove);
	sqlite.finalize(append);
	sqlite.close(db);
	return 0;
}

/* directory DIR BYTES N: files of so many bytes, kept durably. */
int bench_directory(int argc, char **argv)
{
	const int bytes = argc > 1 ? atoi(argv[1]) : 0, n = argc > 2 ? atoi(argv[2]) : 0;
	double *keep = calloc((size_t)n, sizeof(double));
	uint8_t *body = calloc(1, (size_t)bytes + 1);
	int dir_fd;

	if (argc < 3)
		return 2;
	dir_fd = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < n; i++) {
		const double begin = bench_now_ms();

		bench_file_keep(argv[0], dir_fd, i, body, (size_t)bytes);
		keep[i] = bench_now_ms() - begin;
	}
	printf("{");
	bench_print("keep_ms", keep, (size_t)n);
	printf("}\n");
	return 0;
}

/* entries STATE N: an entry of the access log, in a transaction of its own. */
int bench_entries(int argc, char **argv)
{
	const int n = argc > 1 ? atoi(argv[1]) : 0;
	double *entry = calloc((size_t)n, sizeof(double));
	struct bench_room room = { 0 };

	if (argc < 2)
		return 2;
	bench_room_make(argv[0]);
	bench_room_open(argv[0], &room);
	for (int i = 0; i < n; i++) {
		struct access_entry written = { .what = "open", .uid = 1000, .outcome = "done",
						.method = "Archive.Open", .profile = &room.mia,
						.items = 1 };
		const double begin = bench_now_ms();

		bench_need(access_log_write(room.log, &written), "log", NULL);
		entry[i] = bench_now_ms() - begin;
	}
	printf("{");
	bench_print("entry_ms", entry, (size_t)n);
	printf("}\n");
	bench_room_close(&room);
	return 0;
}
