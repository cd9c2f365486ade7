/* SPDX-License-Identifier: Apache-2.0 */
/* What keeping, listing, opening and erasing cost on this disk. Not a test: run it by hand, as
 *   CUBBY_TEST_DIR=/somewhere build/tests/bench/bench-store [items of 160 KB] [small items] */

#include "keeper_room.h"

#include <time.h>

#define BODY_BYTES 160000

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void say(const char *what, double *ms, int n)
{
	qsort(ms, (size_t)n, sizeof(*ms), by_value);
	printf("%-40s median %8.2f ms   p95 %8.2f ms   n %d\n", what, ms[n / 2], ms[n * 95 / 100],
	       n);
}

static void erase_now(struct cupboard *c, const struct archive_selection *selection, double *ret_ms,
		      double *ret_dark_ms)
{
	_cleanup_(erasure_job_freep) struct erasure_job *done = NULL;
	const double begin = now_ms();
	uint64_t partial;
	int64_t job;

	assert_int_equal(cupboard_ask(c, selection, &job), 0);
	*ret_dark_ms = now_ms() - begin;
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	*ret_ms = now_ms() - begin;
	assert_int_equal(erasure_find(c->erasure, job, &done), 0);
	assert_int_equal(done->state, ERASURE_DONE);
}

int main(int argc, char **argv)
{
	const int n = argc > 1 ? atoi(argv[1]) : 200, n_small = argc > 2 ? atoi(argv[2]) : 10000;
	struct kept *kept = calloc((size_t)n, sizeof(*kept)), small = { 0 };
	double *ms = calloc((size_t)n + 1, sizeof(*ms)),
	       *dark = calloc((size_t)n + 1, sizeof(*dark));
	struct archive_selection of_child = { .profile = &child_id };
	char cursor[ARCHIVE_CURSOR_TEXT] = "";
	struct cupboard *c = NULL;
	double begin;

	assert_int_equal(cupboard_make((void **)&c), 0);
	for (int i = 0; i < n; i++) {
		begin = now_ms();
		assert_int_equal(cupboard_keep(c, &adult_id, 2, BODY_BYTES, &kept[i]), 0);
		ms[i] = now_ms() - begin;
	}
	say("keep 160 KB (with making the bytes)", ms, n);
	for (int i = 0; i < n; i++) {
		struct archive_opened *opened = NULL;

		begin = now_ms();
		assert_int_equal(archive_open(c->archive, &kept[i].id, 0, &opened, &c->why), 0);
		ms[i] = now_ms() - begin;
		archive_opened_free(opened);
	}
	say("open 160 KB", ms, n);
	for (int i = 0; i < n / 2; i++)
		erase_now(c, &(struct archive_selection){ .ids = &kept[i].id, .n_ids = 1 }, &ms[i],
			  &dark[i]);
	say("delete one of 160 KB: all five steps", ms, n / 2);
	say("... of that until it is invisible", dark, n / 2);
	erase_now(c, &(struct archive_selection){ .profile = &adult_id }, ms, dark);
	printf("%-40s %8.1f ms (%d items)\n", "delete the rest of 160 KB", ms[0], n - n / 2);
	begin = now_ms();
	for (int i = 0; i < n_small; i++) {
		assert_int_equal(cupboard_keep(c, &child_id, 6, 1100, &small), 0);
		secret_free(small.keys);
	}
	printf("%-40s %8.2f ms each (%d items)\n", "keep 2 kinds of 1.1 KB",
	       (now_ms() - begin) / n_small, n_small);
	begin = now_ms();
	do {
		struct archive_item *items;
		size_t got;

		assert_int_equal(archive_list(c->archive, &(struct archive_selection){ 0 }, cursor,
					      0, &items, &got, cursor, &c->why),
				 0);
		free(items);
	} while (cursor[0]);
	printf("%-40s %8.1f ms\n", "list them all in pages of 500", now_ms() - begin);
	printf("%-40s %8lld bytes\n", "cubby.db", (long long)room_size(c->room, "cubby.db"));
	erase_now(c, &of_child, ms, dark);
	printf("%-40s %8.1f ms, invisible after %.1f ms\n", "delete them all", ms[0], dark[0]);
	return 0;
}
