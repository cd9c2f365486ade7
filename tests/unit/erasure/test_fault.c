/* SPDX-License-Identifier: Apache-2.0 */
/* Disks that fail at any write of an erasure: what was not acknowledged is as it was, what was is
 * partial and says so, without a receipt, and ends well once the disk does. */

#include "keeper_room.h"

#include "store/core.h"

#include <sqlite3.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#define A (1u << KIND_AUDIO)
#define T (1u << KIND_TRANSCRIPT)
#define L (1u << KIND_LOCATION)

/* Under SQLite: the nth write from now, and all after it, fail so. */
static struct {
	int writes_until;
	int error;
	/* What happened to the log, in order, for the test of the order. */
	bool record;
	int n;
	struct {
		char what;		/* w: write of zeros, x: other write, t: truncate */
		off_t at;
		size_t bytes;
	} list[256];
} disk = { .writes_until = -1 };

static bool disk_fails(void)
{
	if (disk.writes_until < 0)
		return false;
	if (disk.writes_until > 0) {
		disk.writes_until--;
		return false;
	}
	errno = disk.error;
	return true;
}

static void disk_note(char what, off_t at, size_t bytes)
{
	if (!disk.record || disk.n == (int)ARRAY_SIZE(disk.list))
		return;
	disk.list[disk.n].what = what;
	disk.list[disk.n].at = at;
	disk.list[disk.n++].bytes = bytes;
}

static bool is_log(int fd)
{
	char link[64], path[400];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return n > 4 && strcmp(path + n - 4, "-wal") == 0;
}

static bool all_zero(const void *bytes, size_t n)
{
	const char *b = bytes;

	return n == 0 || (b[0] == 0 && memcmp(b, b + 1, n - 1) == 0);
}

static ssize_t disk_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (disk_fails())
		return -1;
	if (disk.record && is_log(fd))
		disk_note(all_zero(bytes, n) ? 'w' : 'x', at, n);
	return pwrite(fd, bytes, n, at);
}

static ssize_t disk_write(int fd, const void *bytes, size_t n)
{
	if (disk_fails())
		return -1;
	return write(fd, bytes, n);
}

static int disk_ftruncate(int fd, off_t size)
{
	if (disk_fails())
		return -1;
	if (disk.record && is_log(fd))
		disk_note('t', size, 0);
	return ftruncate(fd, size);
}

/* Under the vault: its syncs. Linked with --wrap. */
static int syncs_fail;
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
	if (syncs_fail > 0) {
		errno = EIO;
		return -1;
	}
	return __real_fdatasync(fd);
}

/* Under the reserve: how much room the disk says it has. 64: what the C library calls it. */
static bool disk_full, disk_unasked;
int __real_fstatvfs64(int fd, struct statvfs *ret);
int __wrap_fstatvfs64(int fd, struct statvfs *ret);

int __wrap_fstatvfs64(int fd, struct statvfs *ret)
{
	const int r = __real_fstatvfs64(fd, ret);

	if (disk_unasked) {
		errno = EIO;
		return -1;
	}
	if (r == 0 && disk_full)
		ret->f_bfree = ret->f_bavail = 0;
	return r;
}

static int start(void **state)
{
	sqlite3_vfs *vfs;
	int r;

	disk.writes_until = -1;
	disk.record = false;
	syncs_fail = 0;
	disk_full = disk_unasked = false;
	/* The store first: it configures SQLite before SQLite wakes up. */
	r = cupboard_make(state);
	vfs = sqlite3_vfs_find("unix");
	vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)disk_pwrite);
	vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)disk_pwrite);
	vfs->xSetSystemCall(vfs, "write", (sqlite3_syscall_ptr)disk_write);
	vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)disk_ftruncate);
	return r;
}

static void ends_as(struct cupboard *c, int64_t number, enum erasure_state state,
		    const char *problem)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	uint64_t partial = 0;

	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_int_equal(erasure_find(c->erasure, number, &job), 0);
	if (job->state != state)
		print_message("state %s: %s\n", erasure_state_name(job->state), job->problem);
	assert_int_equal(job->state, state);
	assert_int_equal(partial, state == ERASURE_PARTIAL);
	assert_non_null(strstr(job->problem, problem));
	assert_int_equal(job->receipt[0] != '\0', state == ERASURE_DONE);
}

static void test_r8_slots_that_do_not_sync_are_partial(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .all = true }, &job), 0);
	syncs_fail = 1;
	ends_as(c, job, ERASURE_PARTIAL, "slots.bin");
	ends_as(c, job, ERASURE_PARTIAL, "slots.bin");
	syncs_fail = 0;
	ends_as(c, job, ERASURE_DONE, "");
	assert_int_equal(cupboard_traces(c, &kept), 0);
	secret_free(kept.keys);
}

/* One round for each write that an erasure makes. */
static void any_write_fails(struct cupboard *c, int error)
{
	int nth, refused = 0, partial = 0;

	for (nth = 0; nth < 400; nth++) {
		_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
		struct archive_opened *opened = NULL;
		struct kept kept = { 0 };
		int64_t number = 0;
		uint64_t n_partial;
		bool untouched;
		int r;

		assert_int_equal(cupboard_keep(c, &child_id, A | T, 9000, &kept), 0);
		disk.writes_until = nth;
		disk.error = error;
		r = cupboard_ask(c, &(struct archive_selection){ .all = true }, &number);
		if (r == 0)
			(void)erasure_finish(c->erasure, &n_partial);
		untouched = disk.writes_until > 0;
		disk.writes_until = -1;
		if (r != 0) {
			/* Not acknowledged: the item is there as before. */
			refused++;
			assert_int_equal(archive_open(c->archive, &kept.id, 0, &opened, &c->why),
					 0);
			archive_opened_free(opened);
			assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .all = true },
						      &number), 0);
		} else {
			assert_int_equal(erasure_find(c->erasure, number, &job), 0);
			assert_int_equal(job->receipt[0] != '\0', job->state == ERASURE_DONE);
			partial += job->state != ERASURE_DONE;
		}
		ends_as(c, number, ERASURE_DONE, "");
		assert_int_equal(cupboard_traces(c, &kept), 0);
		secret_free(kept.keys);
		if (untouched)
			break;
	}
	print_message("# of %d writes that failed, %d refused the job and %d left it partial\n",
		      nth, refused, partial);
	assert_in_range(nth, 10, 399);
	assert_true(refused > 0);
	assert_true(partial > 0);
}

static void test_r8_any_write_that_fails_converges(void **state)
{
	any_write_fails(*state, EIO);
}

static void test_r8_any_write_on_a_full_disk_converges(void **state)
{
	any_write_fails(*state, ENOSPC);
}

/* SQLite forgets to overwrite what it frees: the verifier looks where the erasure was. */
static void test_r8_what_is_not_overwritten_is_found(void **state)
{
	static const size_t sizes[] = { 300, 9000, 160000 };
	struct cupboard *c = *state;
	struct kept stays = { 0 };
	int64_t job;

	assert_int_equal(cupboard_keep(c, &adult_id, A | T, 160000, &stays), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_(erasure_job_freep) struct erasure_job *done_job = NULL;
		struct archive_selection one = { .n_ids = 1 };
		struct kept kept = { 0 }, other = { 0 };

		assert_int_equal(cupboard_keep(c, &child_id, A, sizes[i], &kept), 0);
		assert_int_equal(cupboard_keep(c, &child_id, A, sizes[i], &other), 0);
		assert_int_equal(store_checkpoint(c->store), 0);
		sqlite3_exec(c->store->db, "PRAGMA secure_delete = OFF", NULL, NULL, NULL);
		one.ids = &kept.id;
		assert_int_equal(cupboard_ask(c, &one, &job), 0);
		ends_as(c, job, ERASURE_PARTIAL, "cubby.db");
		sqlite3_exec(c->store->db, "PRAGMA secure_delete = ON", NULL, NULL, NULL);
		/* One that is done tells on its receipt what was read. */
		one.ids = &other.id;
		assert_int_equal(cupboard_ask(c, &one, &job), 0);
		assert_true(erasure_finish(c->erasure, &(uint64_t){ 0 }) == 0);
		assert_int_equal(erasure_find(c->erasure, job, &done_job), 0);
		assert_non_null(strstr(done_job->receipt, "pages written or freed"));
		secret_free(kept.keys);
		secret_free(other.keys);
	}
	secret_free(stays.keys);
}

static bool reserve_is_kept(struct cupboard *c)
{
	char path[320];
	struct stat st;

	assert_int_equal(stat(room_path(c->room, "reserve.bin", path), &st), 0);
	return st.st_blocks * 512 >= 8 << 20;
}

/* On a full disk the reserve goes for an erasure, and for nothing else. */
static void test_r8_reserve_is_given_for_erasing_alone(void **state)
{
	struct cupboard *c = *state;
	const struct id nobody = { "nobody" };
	struct kept kept = { 0 };
	uint64_t partial;
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	assert_true(reserve_is_kept(c));
	disk_full = true;
	assert_int_equal(erasure_sweep(c->erasure, &job), 0);
	assert_int_equal(job, 0);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_true(reserve_is_kept(c));
	assert_answer(cupboard_ask(c, &(struct archive_selection){ .ids = &nobody, .n_ids = 1 },
				   &job),
		      ANSWER_NOT_FOUND, c->why);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .kinds = L }, &job),
			 ANSWER_NOT_FOUND);
	/* What was given for a question that came to nothing is taken back when there is room. */
	disk_full = false;
	assert_int_equal(erasure_sweep(c->erasure, &job), 0);
	assert_true(reserve_is_kept(c));
	disk_full = true;
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .all = true }, &job), 0);
	assert_false(reserve_is_kept(c));
	ends_as(c, job, ERASURE_DONE, "");
	disk_full = false;
	assert_int_equal(erasure_sweep(c->erasure, &job), 0);
	assert_true(reserve_is_kept(c));
	secret_free(kept.keys);
}

/* Nor does it stand in the way when it cannot be given. */
static void test_r8_a_reserve_that_fails_keeps_nobody_from_erasing(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 }, old = { 0 };
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	disk_unasked = true;
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .all = true }, &job), 0);
	ends_as(c, job, ERASURE_DONE, "");
	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &old), 0);
	c->boot_ms += INT64_C(8) * 86400000;
	assert_int_equal(erasure_sweep(c->erasure, &job), 0);
	assert_true(job > 0);
	ends_as(c, job, ERASURE_DONE, "");
	secret_free(old.keys);
	secret_free(kept.keys);
}

/* Head, then the rest, then the truncation: see daemon/store/vfs.c. */
static void test_log_is_overwritten_head_first(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };
	off_t size, covered = 512;
	int i;

	assert_int_equal(cupboard_keep(c, &child_id, A, 9000, &kept), 0);
	size = room_size(c->room, "cubby.db-wal");
	assert_true(size > 9000);
	disk.record = true;
	disk.n = 0;
	assert_int_equal(store_checkpoint(c->store), 0);
	disk.record = false;
	assert_true(disk.n >= 3);
	assert_int_equal(disk.list[0].what, 'w');
	assert_int_equal(disk.list[0].at, 0);
	assert_int_equal(disk.list[0].bytes, 512);
	for (i = 1; disk.list[i].what == 'w'; i++) {
		assert_int_equal(disk.list[i].at, covered);
		covered += (off_t)disk.list[i].bytes;
	}
	assert_int_equal(covered, size);
	assert_int_equal(disk.list[i].what, 't');
	assert_int_equal(i + 1, disk.n);
	secret_free(kept.keys);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, cupboard_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_r8_slots_that_do_not_sync_are_partial),
		TEST(test_r8_any_write_that_fails_converges),
		TEST(test_r8_any_write_on_a_full_disk_converges),
		TEST(test_r8_what_is_not_overwritten_is_found),
		TEST(test_r8_reserve_is_given_for_erasing_alone),
		TEST(test_r8_a_reserve_that_fails_keeps_nobody_from_erasing),
		TEST(test_log_is_overwritten_head_first),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
