/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes, replacing in place, and memfds that cannot change. */

#include "unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"

static char directory[] = "/tmp/cubby-test-file-XXXXXX";

static int group_setup(void **state)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int group_teardown(void **state)
{
	return rmdir(directory);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static unsigned directory_entries(void)
{
	DIR *dir = opendir(directory);
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void test_replace_and_read(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct stat st;
	size_t n;

	assert_int_equal(file_replace(path_of("a"), "old", 3, 0600), 0);
	assert_int_equal(file_replace(path_of("a"), "newer", 5, 0640), 0);
	assert_int_equal(file_read_path(path_of("a"), 5, &text, &n), 0);
	assert_int_equal(n, 5);
	assert_string_equal(text, "newer");
	assert_int_equal(stat(path_of("a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* No temporary file is left. */
	assert_int_equal(directory_entries(), 1);
	unlink(path_of("a"));
}

static void test_failed_replace_leaves_nothing(void **state)
{
	assert_int_equal(mkdir(path_of("sub"), 0700), 0);
	/* A directory cannot be replaced by a file. */
	assert_true(file_replace(path_of("sub"), "x", 1, 0600) < 0);
	assert_int_equal(directory_entries(), 1);
	rmdir(path_of("sub"));
	assert_true(file_replace("/nowhere/at/all", "x", 1, 0600) < 0);
}

static void test_read_limits(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	size_t n = 99;

	assert_int_equal(file_replace(path_of("b"), "123456", 6, 0600), 0);
	assert_int_equal(file_read_path(path_of("b"), 5, &text, &n), -EFBIG);
	assert_null(text);
	assert_int_equal(n, 99);
	assert_int_equal(file_read_path(path_of("b"), 6, &text, NULL), 0);
	assert_string_equal(text, "123456");
	unlink(path_of("b"));
	assert_int_equal(file_read_path(path_of("b"), 6, &text, &n), ANSWER_NOT_FOUND);
	assert_true(file_read_path(directory, 6, &text, &n) < 0);
}

/* A pipe has no size to go by, as files in /proc have none. */
static int pipe_of(size_t n, char ret_path[static 32])
{
	_cleanup_(cleanup_free) char *bytes = malloc(n);
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);
	memset(bytes, 'x', n);
	assert_int_equal(file_write(ends[1], bytes, n), 0);
	close(ends[1]);
	snprintf(ret_path, 32, "/proc/self/fd/%d", ends[0]);
	return ends[0];
}

static void test_read_without_a_size(void **state)
{
	static const size_t sizes[] = {0, 65535, 65536, 65537, 200000};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (size_t spare = 0; spare <= 1; spare++) {
			_cleanup_(cleanup_free) char *text = NULL;
			char path[32];
			int fd = pipe_of(sizes[i] + !spare, path);
			size_t n;

			assert_int_equal(file_read_path(path, sizes[i], &text, &n),
					 spare ? 0 : -EFBIG);
			if (spare) {
				assert_int_equal(n, sizes[i]);
				assert_int_equal(strlen(text), sizes[i]);
			}
			close(fd);
		}
	}
}

static void test_pread_of_a_short_file_is_a_fault(void **state)
{
	_cleanup_(cleanup_close) int fd = memfd_create("short", MFD_CLOEXEC);
	char buffer[8] = "";
	size_t n;

	assert_int_equal(file_pwrite(fd, "abcd", 4, 2), 0);
	assert_int_equal(file_pread(fd, buffer, 4, 2), 0);
	assert_string_equal(buffer, "abcd");
	assert_int_equal(file_pread(fd, buffer, 5, 2), -EIO);
	assert_int_equal(file_pread(-1, buffer, 1, 0), -EBADF);
	assert_int_equal(file_pread_most(fd, buffer, 8, 3, &n), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(buffer, "bcd", 3);
	assert_int_equal(file_pread_most(fd, buffer, 8, 6, &n), 0);
	assert_int_equal(n, 0);
}

static void test_memfd_cannot_change(void **state)
{
	_cleanup_(cleanup_close) int fd = -1;
	char buffer[4];
	size_t n;

	assert_int_equal(file_memfd("cubby", "body", 4, &fd), 0);
	assert_true(file_memfd_sealed(fd, &n));
	assert_int_equal(n, 4);
	assert_int_equal(file_pread(fd, buffer, 4, 0), 0);
	assert_memory_equal(buffer, "body", 4);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 3), -1);
	assert_int_equal(ftruncate(fd, 5), -1);
	assert_true(mmap(NULL, 4, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void test_memfd_with_a_seal_missing_is_refused(void **state)
{
	const int seals[] = { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE };
	size_t n = 99;

	for (size_t missing = 0; missing < ARRAY_SIZE(seals); missing++) {
		_cleanup_(cleanup_close) int fd =
			memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		/* F_SEAL_SEAL goes last, or the others could not be added. */
		for (size_t i = ARRAY_SIZE(seals); i-- > 0;)
			if (i != missing)
				assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
		assert_false(file_memfd_sealed(fd, &n));
	}
	assert_int_equal(n, 99);
}

static void test_other_descriptors_are_no_memfds(void **state)
{
	int pipes[2];
	size_t n;

	assert_int_equal(pipe(pipes), 0);
	assert_false(file_memfd_sealed(pipes[0], &n));
	assert_false(file_memfd_sealed(-1, &n));
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace_and_read),
		cmocka_unit_test(test_failed_replace_leaves_nothing),
		cmocka_unit_test(test_read_limits),
		cmocka_unit_test(test_read_without_a_size),
		cmocka_unit_test(test_pread_of_a_short_file_is_a_fault),
		cmocka_unit_test(test_memfd_cannot_change),
		cmocka_unit_test(test_memfd_with_a_seal_missing_is_refused),
		cmocka_unit_test(test_other_descriptors_are_no_memfds),
	};

	return cmocka_run_group_tests_name("base/file", tests, group_setup, group_teardown);
}
