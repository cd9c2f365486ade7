/* SPDX-License-Identifier: Apache-2.0 */
/* Households of many items, made, removed, and as plain files; and the log in one transaction. */

#include "bench.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each item has two kinds, each of them the smallest there is: what is counted is rows and keys. */
#define PART_BYTES (1 + 24 + 1024 + 17)

/* seed STATE ITEMS TOMBSTONES: the household; that many of the items are asked to be deleted, and
 * nothing more is done about it. */
int bench_seed(int argc, char **argv)
{
	const enum kind kinds[] = { KIND_AUDIO, KIND_TRANSCRIPT };
	const int n = argc > 1 ? atoi(argv[1]) : 0, n_dead = argc > 2 ? atoi(argv[2]) : 0;
	struct id *dead = calloc((size_t)n_dead + 1, sizeof(*dead));
	struct envelope_header header;
	struct bench_room room = { 0 };
	uint8_t sealed[2][PART_BYTES];
	uint64_t items;
	int64_t job;

	if (argc < 3)
		return 2;
	bench_room_make(argv[0]);
	bench_room_open(argv[0], &room);
	for (int i = 0; i < n; i++) {
		_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
		struct archive_body bodies[2];

		bench_need(archive_begin(room.archive, &room.mia.id, kinds, 2, &draft, &room.why),
			   "begin", &room.why);
		crypt_random(sealed, sizeof(sealed));
		crypt_random(header.bytes, sizeof(header.bytes));
		for (int k = 0; k < 2; k++)
			bodies[k] = (struct archive_body){ kinds[k], sealed[k], PART_BYTES,
							   7 * 86400, 0 };
		bench_room_keep(&room, draft, &header, bodies, 2);
		if (i < n_dead)
			dead[i] = draft->id;
	}
	if (n_dead > 0)
		bench_need(erasure_ask(room.erasure, ERASURE_DELETE,
				       &(struct archive_selection){ .ids = dead,
								    .n_ids = (size_t)n_dead },
				       1000, NULL, &job, &items, &room.why), "delete", &room.why);
	bench_room_close(&room);
	printf("{\"items\": %d, \"part_bytes\": %d}\n", n, PART_BYTES);
	return 0;
}

/* One of the items, and whether it can be read. */
static int any_open(struct bench_room *room, const struct id *id)
{
	_cleanup_(archive_opened_freep) struct archive_opened *opened = NULL;

	return archive_open(room->archive, id, 0, &opened, &room->why);
}

/* remove STATE: the whole profile. Unreadable: from the call until the step after which nobody can
 * open anything of it is on the disk. */
int bench_remove(int argc, char **argv)
{
	struct bench_room room = { 0 };
	struct access_within logged = { .entry = { .what = "remove", .uid = 1000,
						   .outcome = "asked" } };
	const struct archive_within within = { access_log_within, &logged };
	_cleanup_(erasure_job_freep) struct erasure_job *done = NULL;
	struct archive_item *items = NULL;
	char cursor[ARCHIVE_CURSOR_TEXT];
	double begin, dark, end;
	uint64_t n, partial;
	size_t n_items = 0;
	int64_t job;

	if (argc < 1)
		return 2;
	bench_room_open(argv[0], &room);
	logged.log = room.log;
	logged.entry.profile = &room.mia;
	bench_need(archive_list(room.archive, &(struct archive_selection){ 0 }, NULL, 1, &items,
				&n_items, cursor, &room.why), "list", &room.why);
	bench_need(n_items == 1 ? any_open(&room, &items[0].id) : ANSWER_FAILED, "open", &room.why);
	begin = bench_now_ms();
	bench_need(erasure_ask(room.erasure, ERASURE_REMOVE,
			       &(struct archive_selection){ .profile = &room.mia.id }, 1000,
			       &within, &job, &n, &room.why), "remove", &room.why);
	dark = bench_now_ms();
	bench_need(any_open(&room, &items[0].id) == ANSWER_NOT_FOUND ? 0 : ANSWER_FAILED,
		   "still readable", NULL);
	end = bench_now_ms();
	bench_need(erasure_finish(room.erasure, &partial), "remove", NULL);
	end = dark + bench_now_ms() - end;
	bench_need(erasure_find(room.erasure, job, &done), "job", NULL);
	if (done->state != ERASURE_DONE)
		bench_need(ANSWER_FAILED, done->problem, NULL);
	printf("{\"items\": %llu, \"unreadable_ms\": %.3f, "
	       "\"complete_ms\": %.3f}\n", (unsigned long long)done->items,
	       dark - begin, end - begin);
	free(items);
	bench_room_close(&room);
	return 0;
}

/* files DIR N: the same as plain files, two for each item, synced. */
int bench_files(int argc, char **argv)
{
	const int n = argc > 1 ? atoi(argv[1]) : 0;
	uint8_t bytes[PART_BYTES];
	char path[512];

	if (argc < 2)
		return 2;
	bench_need(crypt_init(), "libsodium", NULL);
	for (int i = 0; i < 2 * n; i++) {
		int fd;

		crypt_random(bytes, sizeof(bytes));
		snprintf(path, sizeof(path), "%s/%06d.%s", argv[0], i / 2, i % 2 ? "txt" : "wav");
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes) || close(fd) < 0)
			bench_need(-errno, path, NULL);
	}
	sync();
	return 0;
}

/* list STATE TIMES: all of it, in as few walks as Archive.ListMany takes; no bus, no log. */
int bench_list(int argc, char **argv)
{
	const int times = argc > 1 ? atoi(argv[1]) : 0;
	double *ms = calloc((size_t)times + 1, sizeof(*ms));
	struct bench_room room = { 0 };
	size_t n_all = 0;

	if (argc < 2)
		return 2;
	bench_room_open(argv[0], &room);
	for (int t = 0; t < times; t++) {
		char cursor[ARCHIVE_CURSOR_TEXT] = "";
		const double begin = bench_now_ms();

		n_all = 0;
		do {
			struct archive_item *items;
			size_t n;

			bench_need(archive_list(room.archive, &(struct archive_selection){ 0 },
						cursor, ARCHIVE_MANY_MAX, &items, &n, cursor,
						&room.why), "list", &room.why);
			free(items);
			n_all += n;
		} while (*cursor);
		ms[t] = bench_now_ms() - begin;
	}
	printf("{\"items\": %zu, ", n_all);
	bench_print("list_ms", ms, (size_t)times);
	printf("}\n");
	bench_room_close(&room);
	return 0;
}

/* append STATE ENTRIES TIMES: entries of the log in one transaction, TIMES times. */
int bench_append(int argc, char **argv)
{
	const int n = argc > 1 ? atoi(argv[1]) : 0, times = argc > 2 ? atoi(argv[2]) : 0;
	double *us = calloc((size_t)times + 1, sizeof(*us));
	struct bench_room room = { 0 };

	if (argc < 3)
		return 2;
	bench_room_make(argv[0]);
	bench_room_open(argv[0], &room);
	for (int t = 0; t < times; t++) {
		struct access_entry entry = { .what = "open", .uid = 1000, .outcome = "done",
					      .method = "Archive.Open", .profile = &room.mia,
					      .items = 1 };
		struct store *transaction = NULL;
		const double begin = bench_now_ms();

		bench_need(store_begin(room.store, &transaction), "begin", NULL);
		for (int i = 0; i < n; i++)
			bench_need(access_log_append(room.log, &entry), "append", NULL);
		bench_need(store_commit(transaction), "commit", NULL);
		us[t] = (bench_now_ms() - begin) * 1e3 / n;
	}
	printf("{");
	bench_print("append_us", us, (size_t)times);
	printf("}\n");
	bench_room_close(&room);
	return 0;
}
