/* SPDX-License-Identifier: Apache-2.0 */
/* What one thing costs among many others: in a household of so many items, and in a directory of as
 * many plain files. */

#include "bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* As in the seed: two kinds, each of them the smallest there is. */
#define PART_BYTES (1 + 24 + 1024 + 17)
#define FILE_BYTES (2 * PART_BYTES)
#define PAGE_ITEMS 100
#define EXPIRE_BATCH 20

static int64_t later_s;

static int64_t later_wall_s(void *context)
{
	return clock_wall_s(&clock_system) + later_s;
}

static int64_t later_boot_ms(void *context)
{
	return clock_boot_ms(&clock_system) + later_s * 1000;
}

static const struct clock later_clock = { later_wall_s, later_boot_ms, NULL };

static struct id small_keep(struct bench_room *room, uint32_t keep_s)
{
	const enum kind kinds[] = { KIND_AUDIO, KIND_TRANSCRIPT };
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	struct archive_body bodies[2];
	struct envelope_header header;
	uint8_t sealed[2][PART_BYTES];

	bench_need(archive_begin(room->archive, &room->mia.id, kinds, 2, &draft, &room->why),
		   "begin", &room->why);
	crypt_random(sealed, sizeof(sealed));
	crypt_random(header.bytes, sizeof(header.bytes));
	for (int k = 0; k < 2; k++)
		bodies[k] = (struct archive_body){ kinds[k], sealed[k], PART_BYTES, keep_s, 0 };
	bench_room_keep(room, draft, &header, bodies, 2);
	return draft->id;
}

static void page_list(struct bench_room *room)
{
	_cleanup_(cleanup_free) struct archive_item *items = NULL;
	char cursor[ARCHIVE_CURSOR_TEXT];
	size_t n;

	bench_need(archive_list(room->archive, &(struct archive_selection){ 0 }, NULL, PAGE_ITEMS,
				&items, &n, cursor, &room->why), "list", &room->why);
}

static void finish(struct bench_room *room, int64_t job)
{
	_cleanup_(erasure_job_freep) struct erasure_job *done = NULL;
	uint64_t partial;

	bench_need(erasure_finish(room->erasure, &partial), "delete", NULL);
	bench_need(erasure_find(room->erasure, job, &done), "job", NULL);
	bench_need(done->state == ERASURE_DONE ? 0 : ANSWER_FAILED, "receipt", NULL);
}

static void one_delete(struct bench_room *room, const struct id *id)
{
	const struct archive_selection one = { .ids = id, .n_ids = 1 };
	struct access_within logged = {
		.log = room->log,
		.entry = { .what = "delete", .uid = 1000, .outcome = "asked",
			   .method = "Archive.Delete", .items = 1 },
	};
	const struct archive_within within = { access_log_within, &logged };
	uint64_t items;
	int64_t job;

	bench_need(erasure_ask(room->erasure, ERASURE_DELETE, &one, 1000, &within, &job, &items,
			       &room->why), "delete", &room->why);
	finish(room, job);
}

/* A batch that has just expired, found and erased, with its receipt. */
static double expire_ms(struct bench_room *room)
{
	double begin;
	int64_t job;

	for (int i = 0; i < EXPIRE_BATCH; i++)
		small_keep(room, 60);
	later_s += 180;
	begin = bench_now_ms();
	bench_need(erasure_sweep(room->erasure, &job), "sweep", NULL);
	bench_need(job ? 0 : ANSWER_FAILED, "nothing expired", NULL);
	finish(room, job);
	return bench_now_ms() - begin;
}

/* size STATE N: each thing N times in this household. */
int bench_size(int argc, char **argv)
{
	const int n = argc > 1 ? atoi(argv[1]) : 0;
	double *keep = calloc((size_t)n + 1, sizeof(double));
	double *list = calloc((size_t)n + 1, sizeof(double));
	double *delete = calloc((size_t)n + 1, sizeof(double));
	double *expire = calloc((size_t)n + 1, sizeof(double));
	struct id *ids = calloc((size_t)n + 1, sizeof(*ids));
	struct bench_room room = { .clock = &later_clock };

	if (argc < 2)
		return 2;
	bench_room_open(argv[0], &room);
	/* What is read for the first time is not what is measured. */
	page_list(&room);
	ids[0] = small_keep(&room, 86400);
	one_delete(&room, &ids[0]);
	for (int i = 0; i < n; i++) {
		double begin = bench_now_ms();

		ids[i] = small_keep(&room, 86400);
		keep[i] = bench_now_ms() - begin;
		begin = bench_now_ms();
		page_list(&room);
		list[i] = bench_now_ms() - begin;
	}
	for (int i = 0; i < n; i++) {
		const double begin = bench_now_ms();

		one_delete(&room, &ids[i]);
		delete[i] = bench_now_ms() - begin;
	}
	for (int i = 0; i < n; i++)
		expire[i] = expire_ms(&room);
	printf("{");
	bench_print("keep_ms", keep, (size_t)n);
	printf(", ");
	bench_print("list_ms", list, (size_t)n);
	printf(", ");
	bench_print("delete_ms", delete, (size_t)n);
	printf(", ");
	bench_print("expire_ms", expire, (size_t)n);
	printf(", \"expire_items\": %d}\n", EXPIRE_BATCH);
	bench_room_close(&room);
	return 0;
}

static void plain_path(char path[static 512], const char *dir, int number)
{
	snprintf(path, 512, "%s/%07d.wav", dir, number);
}

static void plain_keep(const char *dir, int dir_fd, int number, bool synced)
{
	uint8_t bytes[FILE_BYTES];
	char path[512];
	int fd;

	crypt_random(bytes, sizeof(bytes));
	plain_path(path, dir, number);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, sizeof(bytes)) != sizeof(bytes) ||
	    (synced && fsync(fd) < 0) || close(fd) < 0 || (synced && fsync(dir_fd) < 0))
		bench_need(-errno, path, NULL);
}

/* As shred -n1 -u does, without starting a program. */
static void plain_shred(const char *dir, int dir_fd, int number)
{
	uint8_t bytes[FILE_BYTES];
	char path[512];
	int fd;

	crypt_random(bytes, sizeof(bytes));
	plain_path(path, dir, number);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, bytes, sizeof(bytes), 0) != sizeof(bytes) || fdatasync(fd) < 0 ||
	    close(fd) < 0 || unlink(path) < 0 || fsync(dir_fd) < 0)
		bench_need(-errno, path, NULL);
}

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = a, *y = b;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return x->tv_nsec < y->tv_nsec ? 1 : x->tv_nsec > y->tv_nsec ? -1 : 0;
}

/* The newest are known when all have been looked at. */
static void plain_list(const char *dir, size_t room)
{
	struct timespec *times = calloc(room, sizeof(*times));
	DIR *entries = opendir(dir);
	struct dirent *entry;
	struct stat st;
	size_t n = 0;

	bench_need(entries && times ? 0 : -errno, dir, NULL);
	while ((entry = readdir(entries)))
		if (n < room && fstatat(dirfd(entries), entry->d_name, &st, 0) == 0)
			times[n++] = st.st_mtim;
	qsort(times, n, sizeof(*times), newest_first);
	closedir(entries);
	free(times);
}

/* plain DIR ITEMS N: the same in an empty directory, made to hold so many files first. */
int bench_plain(int argc, char **argv)
{
	const int items = argc > 1 ? atoi(argv[1]) : 0, n = argc > 2 ? atoi(argv[2]) : 0;
	double *keep = calloc((size_t)n, sizeof(double)), *list = calloc((size_t)n, sizeof(double));
	double *shred = calloc((size_t)n, sizeof(double));
	int dir_fd;

	if (argc < 3)
		return 2;
	bench_need(crypt_init(), "libsodium", NULL);
	dir_fd = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < items; i++)
		plain_keep(argv[0], dir_fd, i, false);
	if (syncfs(dir_fd) < 0)
		bench_need(-errno, argv[0], NULL);
	for (int i = 0; i < n; i++) {
		double begin = bench_now_ms();

		plain_keep(argv[0], dir_fd, items + i, true);
		keep[i] = bench_now_ms() - begin;
	}
	for (int i = 0; i < (n < 5 ? n : 5); i++) {
		const double begin = bench_now_ms();

		plain_list(argv[0], (size_t)(items + n) + 2);
		list[i] = bench_now_ms() - begin;
	}
	for (int i = 0; i < n; i++) {
		const double begin = bench_now_ms();

		plain_shred(argv[0], dir_fd, items + i);
		shred[i] = bench_now_ms() - begin;
	}
	printf("{");
	bench_print("keep_ms", keep, (size_t)n);
	printf(", ");
	bench_print("list_ms", list, (size_t)(n < 5 ? n : 5));
	printf(", ");
	bench_print("delete_ms", shred, (size_t)n);
	printf("}\n");
	return 0;
}
