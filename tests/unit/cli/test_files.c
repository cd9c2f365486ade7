/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a parent asked for: whole or not there. */

#include "unit/test.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "crypt/manifest.h"
#include "dataset.h"
#include "base/file.h"
#include "output.h"

CLEANUP_DEFINE(struct dataset *, dataset_free)

static char dir[64];

static char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static unsigned count_entries(const char *name)
{
	char command[300], line[16] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", in_dir(name));
	pipe = popen(command, "r");
	assert_non_null(fgets(line, sizeof(line), pipe));
	pclose(pipe);
	return (unsigned)atoi(line);
}

static int dir_make(void **state)
{
	/* In memory where that is possible: nothing here has to outlive the machine. */
	snprintf(dir, sizeof(dir), "%s/cubby-test-files-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
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
	assert_int_equal(count_entries(""), 1);
}

static void test_output_that_fails_leaves_nothing(void **state)
{
	assert_true(output_write(in_dir("missing/a.wav"), "x", 1, 0600) < 0);
	assert_true(output_write("/dev/full", "x", 1, 0600) == -ENOSPC);
	assert_int_equal(count_entries(""), 0);
}

/* A manifest of these tokens, as the keeper gives it; only its lines are read here. */
static char *manifest_of(const char *const *tokens, size_t n, const char *encoding)
{
	char *text = NULL;
	size_t room;
	FILE *file = open_memstream(&text, &room);

	fputs("{}\n", file);
	for (size_t i = 0; i < n; i++) {
		struct manifest_item item = { .bytes = 4, .expires_s = 1, .review = "named",
					      .n_lines = MANIFEST_LINES_MAX };
		_cleanup_(cleanup_free) char *line = NULL;

		assert_true(id_parse(tokens[i], &item.token));
		assert_int_equal(manifest_item_text(&item, encoding, &line), 0);
		fputs(line, file);
	}
	fclose(file);
	return text;
}

/* What the export ends with: the keeper's first line, and the others in a memfd. */
static int finish(struct dataset *dataset, const char *manifest, size_t wanted)
{
	_cleanup_(cleanup_close) int lines = -1;
	size_t items = 0;
	int r;

	assert_int_equal(file_memfd("lines", manifest + 3, strlen(manifest + 3), &lines), 0);
	r = dataset_finish(dataset, "{}", lines, &items);
	if (r == 0)
		assert_int_equal(items, wanted);
	return r;
}

static const char *const index_hf[] = { "metadata.jsonl", NULL };
static const char *const index_nemo[] = { "manifest.json", NULL };
static const char *const index_kaldi[] = { "wav.scp", "text", "utt2spk", "spk2utt", NULL };

#define AA "aa000000000000000000000000000000"
#define BB "bb000000000000000000000000000000"
static const char *const both[] = { AA, BB };

static struct cubby_export_info info_of(const char *format, const char *const *index,
					const char *encoding)
{
	return (struct cubby_export_info){ .id = "0123456789abcdef0123456789abcdef",
					   .format = format, .encoding = encoding,
					   .index = index };
}

static void item_add(struct dataset *dataset, const char *token, const char *text)
{
	const struct dataset_item item = { token, text, "flac", 4, 1.25 };
	const char *const *lines;

	assert_int_equal(dataset_add(dataset, &item, &lines), 0);
	assert_int_equal(lines[0][strlen(lines[0]) - 1], '\n');
}

static void assert_file(const char *name, const char *wanted)
{
	_cleanup_(cleanup_free) char *text = NULL;

	assert_int_equal(file_read_path(in_dir(name), 10000, &text, NULL), 0);
	assert_string_equal(text, wanted);
}

static void whole(const struct cubby_export_info *info)
{
	_cleanup_(dataset_freep) struct dataset *dataset = NULL;
	_cleanup_(cleanup_free) char *manifest = manifest_of(both, 2, info->encoding);

	assert_int_equal(dataset_open(in_dir("set"), &dataset), 0);
	assert_null(dataset_unfinished(dataset));
	assert_int_equal(dataset_begin(dataset, info), 0);
	item_add(dataset, BB, "");
	item_add(dataset, AA, "say \"hi\"");
	assert_int_equal(dataset_sync(dataset), 0);
	assert_int_equal(access(in_dir("set"), F_OK), -1);
	assert_int_equal(finish(dataset, manifest, 2), 0);
	assert_file("set/cubby-manifest.jsonl", manifest);
	assert_int_equal(access(in_dir("set/export"), F_OK), -1);
	assert_int_equal(count_entries(""), 1);
}

static void test_an_audiofolder(void **state)
{
	const struct cubby_export_info info = info_of("hf", index_hf, "flac");

	whole(&info);
	assert_file("set/metadata.jsonl",
		    "{\"file_name\":\"audio/" AA ".flac\",\"transcription\":\"say \\\"hi\\\"\"}\n"
		    "{\"file_name\":\"audio/" BB ".flac\",\"transcription\":\"\"}\n");
	assert_file("set/audio/" BB ".flac", "flac");
}

static void test_a_nemo_manifest(void **state)
{
	const struct cubby_export_info info = info_of("nemo", index_nemo, "wav");

	whole(&info);
	assert_file("set/manifest.json",
		    "{\"audio_filepath\":\"audio/" AA ".wav\",\"duration\":1.25,"
		    "\"text\":\"say \\\"hi\\\"\"}\n"
		    "{\"audio_filepath\":\"audio/" BB ".wav\",\"duration\":1.25,\"text\":\"\"}\n");
}

static void test_a_kaldi_directory(void **state)
{
	const struct cubby_export_info info = info_of("kaldi", index_kaldi, "wav");

	whole(&info);
	assert_file("set/wav.scp", AA " audio/" AA ".wav\n" BB " audio/" BB ".wav\n");
	assert_file("set/text", AA " say \"hi\"\n" BB "\n");
	assert_file("set/utt2spk", AA " " AA "\n" BB " " BB "\n");
	assert_file("set/spk2utt", AA " " AA "\n" BB " " BB "\n");
}

/* Stopped, with a line torn and an item that was not told to the keeper: gone on with, each item is
 * there once, and what the manifest does not have is not there. */
static void test_an_export_is_gone_on_with(void **state)
{
	const struct cubby_export_info info = info_of("hf", index_hf, "flac");
	static const char *const tokens[] = { AA };
	_cleanup_(dataset_freep) struct dataset *dataset = NULL;
	_cleanup_(cleanup_free) char *manifest = manifest_of(tokens, 1, "flac");
	int fd;

	assert_int_equal(dataset_open(in_dir("set"), &dataset), 0);
	assert_int_equal(dataset_begin(dataset, &info), 0);
	item_add(dataset, AA, "hello");
	item_add(dataset, BB, "recalled");
	dataset = dataset_free(dataset);
	fd = open(in_dir(".set.partial/metadata.jsonl.part"), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"file_name\":\"audio/" AA, 53), 53);
	close(fd);
	assert_int_equal(access(in_dir("set"), F_OK), -1);
	assert_int_equal(dataset_open(in_dir("set/"), &dataset), 0);
	assert_string_equal(dataset_unfinished(dataset), info.id);
	assert_int_equal(dataset_begin(dataset, &info), 0);
	item_add(dataset, AA, "hello");
	assert_int_equal(dataset_drop(dataset, BB), 0);
	assert_int_equal(dataset_drop(dataset, BB), 0);
	assert_int_equal(finish(dataset, manifest, 1), 0);
	assert_file("set/metadata.jsonl",
		    "{\"file_name\":\"audio/" AA ".flac\",\"transcription\":\"hello\"}\n");
	assert_int_equal(access(in_dir("set/audio/" BB ".flac"), F_OK), -1);
}

/* More than is held in memory at once: all of them, once, sorted, and no other file. */
static void test_an_export_of_many_items(void **state)
{
	enum { MANY = 5000 };
	const struct cubby_export_info info = info_of("hf", index_hf, "flac");
	_cleanup_(dataset_freep) struct dataset *dataset = NULL;
	_cleanup_(cleanup_free) char *manifest = NULL, *text = NULL;
	static char tokens[MANY][ID_TEXT];
	static const char *list[MANY];
	char last[ID_TEXT] = "";
	size_t n = 0;

	assert_int_equal(dataset_open(in_dir("set"), &dataset), 0);
	assert_int_equal(dataset_begin(dataset, &info), 0);
	for (unsigned i = 0; i < MANY; i++) {
		struct id id = { 0 };

		/* Spread over all there are, in no order. */
		for (unsigned k = 0; k < 4; k++)
			id.bytes[k] = (uint8_t)(i * 2654435761u >> (24 - 8 * k));
		list[i] = id_text(&id, tokens[i]);
		item_add(dataset, list[i], "hello");
	}
	item_add(dataset, "00000000000000000000000000000001", "recalled");
	item_add(dataset, "ffffffffffffffffffffffffffffffff", "recalled");
	manifest = manifest_of(list, MANY, "flac");
	assert_true(strlen(manifest) > 4 << 20);
	assert_int_equal(finish(dataset, manifest, MANY), 0);
	assert_int_equal(file_read_path(in_dir("set/metadata.jsonl"), 8 << 20, &text, NULL), 0);
	for (char *line = text; *line; line = strchr(line, '\n') + 1, n++) {
		char *token = strstr(line, "audio/") + 6;

		assert_true(strncmp(last, token, ID_TEXT - 1) < 0);
		memcpy(last, token, ID_TEXT - 1);
	}
	assert_int_equal(n, MANY);
	assert_int_equal(count_entries("set/audio"), MANY);
	assert_int_equal(access(in_dir("set/audio/ffffffffffffffffffffffffffffffff.flac"), F_OK),
			 -1);
	assert_int_equal(access(in_dir("set/audio/00000000000000000000000000000001.flac"), F_OK),
			 -1);
}

/* An item of the manifest that was never written: there is no export. */
static void test_an_export_is_never_half(void **state)
{
	const struct cubby_export_info info = info_of("hf", index_hf, "flac");
	_cleanup_(dataset_freep) struct dataset *dataset = NULL;
	_cleanup_(cleanup_free) char *manifest = manifest_of(both, 2, "flac");

	assert_int_equal(dataset_open(in_dir("set"), &dataset), 0);
	assert_int_equal(dataset_begin(dataset, &info), 0);
	item_add(dataset, AA, "hello");
	assert_int_equal(finish(dataset, manifest, 1), -EBADMSG);
	/* Nor where the manifest is cut off. */
	item_add(dataset, BB, "hello");
	manifest[strlen(manifest) - 1] = '\0';
	assert_int_equal(finish(dataset, manifest, 1), -EBADMSG);
	assert_int_equal(access(in_dir("set"), F_OK), -1);
	assert_int_equal(access(in_dir(".set.partial/cubby-manifest.jsonl"), F_OK), -1);
	assert_int_equal(dataset_discard(dataset), 0);
	assert_int_equal(count_entries(""), 0);
}

static void test_an_export_never_writes_over(void **state)
{
	const struct cubby_export_info info = info_of("hf", index_hf, "flac");
	static const char *const tokens[] = { AA };
	_cleanup_(dataset_freep) struct dataset *dataset = NULL;
	_cleanup_(cleanup_free) char *manifest = manifest_of(tokens, 1, "flac");

	assert_int_equal(mkdir(in_dir("set"), 0755), 0);
	assert_int_equal(output_write(in_dir("set/mine"), "x", 1, 0600), 0);
	assert_int_equal(dataset_open(in_dir("set"), &dataset), -EEXIST);
	assert_int_equal(dataset_open(in_dir("set/mine"), &dataset), -EEXIST);
	assert_int_equal(unlink(in_dir("set/mine")), 0);
	assert_int_equal(dataset_open(in_dir("set"), &dataset), 0);
	assert_int_equal(dataset_begin(dataset, &info), 0);
	item_add(dataset, AA, "hello");
	/* Somebody puts a file there meanwhile. */
	assert_int_equal(output_write(in_dir("set/mine"), "x", 1, 0600), 0);
	assert_int_equal(finish(dataset, manifest, 1), -EEXIST);
	assert_int_equal(access(in_dir("set/mine"), F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_output_is_private_and_replaces, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_output_that_fails_leaves_nothing, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_an_audiofolder, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_a_nemo_manifest, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_a_kaldi_directory, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_an_export_is_gone_on_with, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_an_export_of_many_items, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_an_export_is_never_half, dir_make,
						dir_remove),
		cmocka_unit_test_setup_teardown(test_an_export_never_writes_over, dir_make,
						dir_remove),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
