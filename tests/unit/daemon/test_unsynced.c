/* SPDX-License-Identifier: Apache-2.0 */
/* A disk whose syncs fail, as Linux tells of it: the error comes once, the pages count as clean
 * from then on, and what was in them is on the disk only if it is written once more. */

#include "house.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "age_file.h"

struct range {
	ino_t inode;
	off_t at;
	size_t n;
};

/* What was written and not synced, and what a failed sync left off the disk for good. */
static struct range dirty[4096], lost[4096];
static unsigned n_dirty, n_lost;
static bool syncs_fail;

ssize_t __real_pwrite64(int fd, const void *bytes, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t at);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static unsigned drop(struct range *list, unsigned n, const struct range *covered)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (list[i].inode != covered->inode || list[i].at < covered->at ||
		    list[i].at + (off_t)list[i].n > covered->at + (off_t)covered->n)
			list[kept++] = list[i];
	return kept;
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
	const struct range range = { inode_of(fd), at, n };
	const ssize_t put = __real_pwrite64(fd, bytes, n, at);

	if (put == (ssize_t)n && n_dirty < ARRAY_SIZE(dirty)) {
		dirty[n_dirty++] = range;
		n_lost = drop(lost, n_lost, &range);
	}
	return put;
}

int __wrap_fdatasync(int fd)
{
	const struct range all = { inode_of(fd), 0, SIZE_MAX / 2 };

	if (syncs_fail) {
		for (unsigned i = 0; i < n_dirty && n_lost < ARRAY_SIZE(lost); i++)
			if (dirty[i].inode == all.inode)
				lost[n_lost++] = dirty[i];
		n_dirty = drop(dirty, n_dirty, &all);
		errno = EIO;
		return -1;
	}
	n_dirty = drop(dirty, n_dirty, &all);
	return __real_fdatasync(fd);
}

static unsigned lost_of(struct house *house, const char *name)
{
	char path[128];
	struct stat st;
	unsigned n = 0;

	snprintf(path, sizeof(path), "%s/%s", house->dir, name);
	assert_int_equal(stat(path, &st), 0);
	for (unsigned i = 0; i < n_lost; i++)
		n += lost[i].inode == st.st_ino;
	return n;
}

static int start(void **state)
{
	n_dirty = n_lost = 0;
	syncs_fail = false;
	return house_make(state);
}

static void test_r8_a_key_whose_erasing_was_not_synced_is_erased_again(void **state)
{
	struct house *house = *state;
	const struct id owner = { "owner" };
	struct vault_erasure e = { .owner = owner, .kind = 1 };
	struct secret *key = NULL;

	assert_int_equal(vault_take(house->vault, &owner, 1, &e.slot, &key), 0);
	syncs_fail = true;
	assert_true(vault_erase(house->vault, &e, 1) < 0);
	assert_int_equal(lost_of(house, VAULT_FILE), 1);
	syncs_fail = false;
	assert_int_equal(vault_erase(house->vault, &e, 1), 0);
	assert_int_equal(lost_of(house, VAULT_FILE), 0);
	secret_free(key);
}

static void write_one(struct house *house)
{
	struct access_entry entry = { .what = "list", .uid = HOUSE_UID, .outcome = "done" };

	assert_int_equal(access_log_write(house->log, &entry), 0);
}

/* The key of the log's next entry, put and not synced: the next one is put all the same, and the
 * slot follows its row through a restart. */
static void test_r14_the_logs_key_is_turned_after_syncs_that_failed(void **state)
{
	struct house *house = *state;

	house_setup(house);
	syncs_fail = true;
	for (int i = 0; i < 3; i++)
		write_one(house);
	assert_true(lost_of(house, VAULT_FILE) > 0);
	syncs_fail = false;
	write_one(house);
	assert_int_equal(lost_of(house, VAULT_FILE), 0);
	house_restart(house);
	assert_string_equal(house->told, "");
	/* And where the last thing before a restart failed: what is there is put once more. */
	syncs_fail = true;
	write_one(house);
	house_close(house);
	assert_true(lost_of(house, VAULT_FILE) > 0);
	syncs_fail = false;
	house_open(house);
	assert_int_equal(lost_of(house, VAULT_FILE), 0);
	assert_string_equal(house->told, "");
}

/* The place that was not synced is written again; the other holds the newest record there is. */
static void test_r29_a_record_that_was_not_synced_is_the_next_to_be_written_over(void **state)
{
	struct house *house = *state;
	struct age_record record = { .powered_s = HOUSE_NOW_S };
	int fd = -1;

	assert_int_equal(age_file_open(house->dir, &fd, &house->why), 0);
	assert_int_equal(age_file_read(fd, &record), 0);
	syncs_fail = true;
	assert_true(age_file_write(fd, &record) < 0);
	assert_int_equal(lost_of(house, AGE_FILE), 1);
	syncs_fail = false;
	assert_int_equal(age_file_write(fd, &record), 0);
	assert_int_equal(lost_of(house, AGE_FILE), 0);
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, house_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_r8_a_key_whose_erasing_was_not_synced_is_erased_again),
		TEST(test_r14_the_logs_key_is_turned_after_syncs_that_failed),
		TEST(test_r29_a_record_that_was_not_synced_is_the_next_to_be_written_over),
	};

	return cmocka_run_group_tests_name("unsynced", tests, NULL, NULL);
}
