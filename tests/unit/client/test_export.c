/* SPDX-License-Identifier: Apache-2.0 */
/* The training export from the parent's side, and the access log that shows it. */

#include "unit/client/world.h"

#include <jansson.h>

#include "base/file.h"
#include "base/id.h"
#include "sound/sound.h"

static int16_t samples[SOUND_RATE_HZ / 2];

static void item_make(char ret_id[CUBBY_ID_TEXT])
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", 0);
	char profile[CUBBY_ID_TEXT];
	int r = cubby_profile_add(cubby, "Anna", false, profile);

	assert_true(r == 0 || r == CUBBY_EXISTS);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		samples[i] = (int16_t)(i * 7919);
	assert_cubby(cubby, cubby_import(cubby, "Anna", samples, ARRAY_SIZE(samples), "hello",
					 ret_id));
}

/* Writes what the page has, as an exporter would. */
static size_t page_write(struct cubby *cubby, struct cubby_export *export, char ret_token[])
{
	static const char *const lines[] = { "a line\n" };
	size_t n;

	assert_cubby(cubby, cubby_export_page(export, &n));
	for (size_t i = 0; i < n; i++) {
		_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
		struct cubby_written written = CUBBY_WRITTEN_INIT;

		assert_cubby(cubby, cubby_export_open(export, i, ret_token, &opened));
		assert_int_equal(opened->frames, ARRAY_SIZE(samples));
		assert_memory_equal(opened->samples, samples, sizeof(samples));
		assert_string_equal(opened->text, "hello");
		written.token = ret_token;
		written.file = opened->flac;
		written.file_bytes = opened->flac_bytes;
		written.samples = opened->samples;
		written.frames = opened->frames;
		written.lines = lines;
		assert_cubby(cubby, cubby_export_wrote(export, &written));
	}
	if (n > 0)
		assert_cubby(cubby, cubby_export_synced(export));
	return n;
}

static int never_drop(void *context, const char *token)
{
	return 1;
}

static int note_drop(void *context, const char *token)
{
	strcpy(context, token);
	return 0;
}

static struct cubby_export *begun(struct cubby *cubby, const char *purpose)
{
	struct cubby_export_options options = CUBBY_EXPORT_OPTIONS_INIT;
	struct cubby_export *export = NULL;

	options.purpose = purpose;
	options.recipient = "Acme";
	options.format = "hf";
	options.encoding = "flac";
	assert_cubby(cubby, cubby_export_begin(cubby, &options, &export));
	return export;
}

static int copy_check(void *item, const struct cubby_copy *copy)
{
	return strcmp(copy->item, item) != 0 || strcmp(copy->recipient, "Acme") != 0;
}

static int copy_count(void *n, const struct cubby_copy *copy)
{
	++*(size_t *)n;
	return 0;
}

/* Ends it; the lines of its manifest. */
static char *finished(struct cubby *cubby, struct cubby_export *export,
		      int (*drop)(void *context, const char *token), void *context)
{
	_cleanup_(cleanup_free) char *head = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	char *lines;
	size_t n;

	assert_cubby(cubby, cubby_export_finish(export, drop, context, &head, &fd));
	assert_non_null(strstr(head, "\"statement\""));
	assert_true(file_memfd_sealed(fd, &n));
	lines = calloc(1, n + 1);
	assert_int_equal(file_pread(fd, lines, n, 0), 0);
	return lines;
}

static void test_r17_r19_an_adult_exports(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *exporter = NULL;
	_cleanup_(cubby_export_freep) struct cubby_export *export = NULL, *other = NULL;
	_cleanup_(cubby_past_exports_freep) struct cubby_past_exports *past = NULL;
	struct cubby_export_options options = CUBBY_EXPORT_OPTIONS_INIT;
	struct cubby_opened *source = NULL;
	_cleanup_(cleanup_free) char *manifest = NULL;
	char id[CUBBY_ID_TEXT], copy[CUBBY_ID_TEXT], token[CUBBY_ID_TEXT];
	int64_t expires_s = 0;
	int lines = -1;

	item_make(id);
	cubby = world_proved("home", CUBBY_SECRET_HOME);
	assert_cubby(cubby, cubby_export_approve(cubby, id, "wake word", "Acme", "heard",
						 NULL, copy, &expires_s));
	assert_true(expires_s > session_now_s());
	assert_string_not_equal(copy, id);
	assert_cubby(cubby, cubby_copies(cubby, copy_check, id));
	assert_refused(cubby, cubby_copies(cubby, copy_check, copy), CUBBY_FAILED);

	exporter = world_proved("home", CUBBY_SECRET_RELEASE);
	options.purpose = "ads";
	options.recipient = "Evil";
	options.format = "hf";
	options.encoding = "flac";
	assert_refused(exporter, cubby_export_begin(exporter, &options, &other), CUBBY_NOT_FOUND);
	export = begun(exporter, "wake word");
	assert_int_equal(cubby_export_info(export)->items, 1);
	assert_int_equal(page_write(exporter, export, token), 1);
	assert_int_equal(page_write(exporter, export, token), 0);
	/* Gone on with by its id alone. */
	options.resume = cubby_export_info(export)->id;
	assert_cubby(exporter, cubby_export_begin(exporter, &options, &other));
	assert_int_equal(cubby_export_info(other)->written, 1);
	assert_string_equal(cubby_export_info(other)->purpose, "wake word");
	/* R19: one that another key signed is none; asked again, the keeper signs again. */
	exporter->pins.device_sign[0] ^= 1;
	assert_refused(exporter, cubby_export_finish(other, never_drop, NULL, &manifest, &lines),
		       CUBBY_INVALID_ARGUMENT);
	assert_null(manifest);
	exporter->pins.device_sign[0] ^= 1;
	manifest = finished(exporter, other, never_drop, NULL);
	assert_non_null(strstr(manifest, token));
	assert_non_null(strstr(manifest, "\"review\":\"heard\""));
	assert_null(strstr(manifest, id));
	/* The source stays shut for the exporter. */
	assert_refused(exporter, cubby_open(exporter, id, NULL, &source), CUBBY_NOT_AUTHORIZED);
	assert_null(source);
	assert_cubby(cubby, cubby_past_exports(cubby, &past));
	assert_int_equal(past->n, 1);
	assert_int_equal(past->list[0]->items, 1);
	assert_true(past->list[0]->ended_s > 0);
}

/* R19: what is deleted while an export runs is not in it, and what is deleted later is recalled. */
static void test_r19_recalls(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *exporter = NULL;
	_cleanup_(cubby_export_freep) struct cubby_export *export = NULL;
	_cleanup_(cleanup_free) char *manifest = NULL, *before = NULL, *after = NULL, *job = NULL;
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	char ids[2][CUBBY_ID_TEXT], copy[CUBBY_ID_TEXT];
	char token[CUBBY_ID_TEXT] = "", dropped[40] = "";
	const char *const one[] = { ids[0] };
	int64_t expires_s;
	uint32_t items;
	size_t n;

	cubby = world_proved("home", CUBBY_SECRET_HOME);
	for (int i = 0; i < 2; i++) {
		item_make(ids[i]);
		assert_cubby(cubby, cubby_export_approve(cubby, ids[i], "recalls", "Acme", NULL,
							 NULL, copy, &expires_s));
	}
	exporter = world_proved("home", CUBBY_SECRET_RELEASE);
	export = begun(exporter, "recalls");
	assert_int_equal(page_write(exporter, export, token), 2);
	selection.ids = one;
	selection.n_ids = 1;
	assert_cubby(cubby, cubby_delete(cubby, &selection, false, &job, &items));
	manifest = finished(exporter, export, note_drop, dropped);
	assert_int_equal(strlen(dropped), 32);
	assert_null(strstr(manifest, dropped));
	assert_non_null(strstr(manifest, token));
	assert_string_not_equal(token, dropped);

	assert_cubby(cubby, cubby_export_recalls(cubby, &before, &n));
	assert_non_null(strstr(before, dropped));
	assert_null(strstr(before, token));
	free(take(job));
	assert_cubby(cubby, cubby_export_refuse(cubby, &(const char *){ ids[1] }, 1, &job));
	assert_non_null(job);
	assert_cubby(cubby, cubby_export_recalls(cubby, &after, &n));
	assert_non_null(strstr(after, token));
	assert_non_null(strstr(after, "\"withdrawn\""));
	assert_non_null(strstr(after, dropped));
	assert_null(strstr(after, ids[1]));
}

static void test_export_needs_the_release_key(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", CUBBY_SECRET_HOME);
	struct cubby_export_options options = CUBBY_EXPORT_OPTIONS_INIT;
	struct cubby_export *export = NULL;

	options.purpose = options.recipient = "p";
	options.format = "hf";
	options.encoding = "flac";
	assert_refused(cubby, cubby_export_begin(cubby, &options, &export), CUBBY_NOT_AUTHORIZED);
	assert_null(export);
}

static void test_copies_and_exports_in_pages(void **state)
{
	static const uint32_t pages[] = { 1, 3, 0 };
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *exporter = NULL;
	char id[CUBBY_ID_TEXT], copy[CUBBY_ID_TEXT];
	size_t n = 0, n_past = 0;
	int64_t expires_s;

	for (int i = 0; i < 4; i++) {
		item_make(id);
		cubby_free(cubby);
		cubby = world_proved("home", CUBBY_SECRET_HOME);
		assert_cubby(cubby, cubby_export_approve(cubby, id, "pages", "Acme", NULL,
							 NULL, copy, &expires_s));
	}
	exporter = world_proved("home", CUBBY_SECRET_RELEASE);
	for (int i = 0; i < 4; i++)
		cubby_export_free(begun(exporter, "pages"));
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		_cleanup_(cubby_past_exports_freep) struct cubby_past_exports *past = NULL;
		size_t copies = 0;

		cubby->page_items = pages[i];
		assert_cubby(cubby, cubby_copies(cubby, copy_count, &copies));
		n = n ? n : copies;
		assert_in_range(n, 4, 1000);
		assert_int_equal(copies, n);
		assert_cubby(cubby, cubby_past_exports(cubby, &past));
		n_past = n_past ? n_past : past->n;
		assert_in_range(n_past, 4, 1000);
		assert_int_equal(past->n, n_past);
		assert_int_equal(past->list[0]->ended_s, 0);
	}
}

static void test_approving_what_is_not_there(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", CUBBY_SECRET_HOME);
	char copy[CUBBY_ID_TEXT], id[CUBBY_ID_TEXT];
	int64_t expires_s;

	assert_refused(cubby, cubby_export_approve(cubby, "0123456789abcdef0123456789abcdef",
						   "p", "r", NULL,
						   NULL, copy, &expires_s), CUBBY_NOT_FOUND);
	item_make(id);
	assert_refused(cubby, cubby_export_approve(cubby, id, "", "r", NULL,
						   NULL, copy, &expires_s),
		       CUBBY_INVALID_ARGUMENT);
}

static void test_r14_the_log_shows_it_and_holds(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	const struct cubby_log_entry *entry;
	struct cubby_log *log = NULL;
	uint64_t n = 0;
	bool opened = false, denied = false;

	world_code();
	cubby = world_parent("home");
	assert_cubby(cubby, cubby_log_new(cubby, &log));
	for (;;) {
		json_t *body;
		const char *what;

		assert_cubby(cubby, cubby_log_next(log, &entry));
		if (!entry)
			break;
		assert_int_equal(entry->seq, ++n);
		body = json_loads(entry->body, 0, NULL);
		assert_non_null(body);
		what = json_string_value(json_object_get(body, "what"));
		assert_non_null(what);
		opened = opened || strcmp(what, "open") == 0;
		denied = denied || strcmp(what, "denied") == 0 || strcmp(what, "export") == 0;
		/* R16: no words and no names. */
		assert_null(strstr(entry->body, "hello"));
		assert_null(strstr(entry->body, "Anna"));
		json_decref(body);
	}
	cubby_log_free(log);
	assert_true(opened);
	assert_true(denied);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r17_r19_an_adult_exports),
		cmocka_unit_test(test_r19_recalls),
		cmocka_unit_test(test_copies_and_exports_in_pages),
		cmocka_unit_test(test_export_needs_the_release_key),
		cmocka_unit_test(test_approving_what_is_not_there),
		cmocka_unit_test(test_r14_the_log_shows_it_and_holds),
	};

	return cmocka_run_group_tests_name("export", tests, world_start, world_stop);
}
