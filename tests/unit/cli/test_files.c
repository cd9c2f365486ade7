/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a parent asked for: whole or not there. */

#include "unit/test.h"

#include <sys/stat.h>

#include "audiofolder.h"
#include "base/file.h"
#include "output.h"

CLEANUP_DEFINE(struct audiofolder *, audiofolder_free)

static char dir[] = "/tmp/cubby-test-files-XXXXXX";

static char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static unsigned count_entries(void)
{
	char command[300], line[16] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", dir);
	pipe = popen(command, "r");
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return (unsigned)atoi(line);
}

static int dir_make(void **state)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int dir_remove(void **state)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_output_is_private_and_replaces(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct stat st;

	assert_int_equal(output_write(in_dir("a.wav"), "old", 3, 0600), 0);
	assert_int_equal(output_write(in_dir("a.wav"), "new!", 4, 0600), 0);
	assert_int_equal(stat(in_dir("a.wav"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(file_read_path(in_dir("a.wav"), 100, &text, NULL), 0);
	assert_string_equal(text, "new!");
	assert_int_equal(count_entries(), 1);
}

static void test_output_that_fails_leaves_nothing(void **state)
{
	assert_true(output_write(in_dir("missing/a.wav"), "x", 1, 0600) < 0);
	assert_true(output_write("/dev/full", "x", 1, 0600) == -ENOSPC);
	assert_int_equal(count_entries(), 0);
}

static void test_audiofolder_is_whole(void **state)
{
	_cleanup_(audiofolder_freep) struct audiofolder *folder = NULL;
	_cleanup_(cleanup_free) char *metadata = NULL;
	_cleanup_(cleanup_free) char *flac = NULL;

	assert_int_equal(audiofolder_new(in_dir("set"), &folder), 0);
	assert_int_equal(audiofolder_add(folder, "aa", "flac", 4, "say \"hi\""), 0);
	assert_int_equal(audiofolder_add(folder, "bb", "FLAC", 4, ""), 0);
	assert_int_equal(access(in_dir("set"), F_OK), -1);
	assert_int_equal(audiofolder_finish(folder), 0);
	assert_int_equal(file_read_path(in_dir("set/metadata.jsonl"), 1000, &metadata, NULL), 0);
	assert_string_equal(metadata,
			    "{\"file_name\":\"audio/aa.flac\",\"transcription\":\"say "
			    "\\\"hi\\\"\"}\n"
			    "{\"file_name\":\"audio/bb.flac\",\"transcription\":\"\"}\n");
	assert_int_equal(file_read_path(in_dir("set/audio/bb.flac"), 1000, &flac, NULL), 0);
	assert_string_equal(flac, "FLAC");
	assert_int_equal(count_entries(), 1);
}

static void test_audiofolder_given_up_leaves_nothing(void **state)
{
	struct audiofolder *folder = NULL;

	assert_int_equal(audiofolder_new(in_dir("set/"), &folder), 0);
	assert_int_equal(audiofolder_add(folder, "aa", "flac", 4, "x"), 0);
	assert_int_equal(count_entries(), 1);
	audiofolder_free(folder);
	assert_int_equal(count_entries(), 0);
}

static void test_audiofolder_never_writes_over(void **state)
{
	struct audiofolder *folder = NULL;

	assert_int_equal(mkdir(in_dir("set"), 0755), 0);
	assert_int_equal(output_write(in_dir("set/mine"), "x", 1, 0600), 0);
	assert_int_equal(audiofolder_new(in_dir("set"), &folder), -EEXIST);
	assert_int_equal(audiofolder_new(in_dir("set/mine"), &folder), -EEXIST);
	assert_int_equal(access(in_dir("set/mine"), F_OK), 0);
	assert_int_equal(unlink(in_dir("set/mine")), 0);
	assert_int_equal(audiofolder_new(in_dir("set"), &folder), 0);
	/* Somebody puts a file there meanwhile. */
	assert_int_equal(output_write(in_dir("set/mine"), "x", 1, 0600), 0);
	assert_int_equal(audiofolder_finish(folder), -EEXIST);
	audiofolder_free(folder);
	assert_int_equal(access(in_dir("set/mine"), F_OK), 0);
	assert_int_equal(count_entries(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_output_is_private_and_replaces, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_output_that_fails_leaves_nothing, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_audiofolder_is_whole, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(test_audiofolder_given_up_leaves_nothing, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_audiofolder_never_writes_over, dir_make,
						dir_remove),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
