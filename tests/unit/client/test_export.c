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

static void test_r17_an_adult_releases_a_copy(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *exporter = NULL;
	_cleanup_(cubby_released_freep) struct cubby_released *released = NULL, *other = NULL;
	_cleanup_(cubby_copies_freep) struct cubby_copies *copies = NULL;
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL, *source = NULL;
	char id[CUBBY_ID_TEXT], copy[CUBBY_ID_TEXT];
	int64_t expires_s = 0;

	item_make(id);
	cubby = world_proved("home", CUBBY_SECRET_HOME);
	assert_cubby(cubby, cubby_export_approve(cubby, id, "wake word", "Acme", copy, &expires_s));
	assert_true(expires_s > session_now_s());
	assert_string_not_equal(copy, id);
	assert_cubby(cubby, cubby_copies(cubby, &copies));
	assert_int_equal(copies->n, 1);
	assert_string_equal(copies->list[0]->item, id);
	assert_string_equal(copies->list[0]->recipient, "Acme");

	exporter = world_proved("home", CUBBY_SECRET_RELEASE);
	assert_cubby(exporter, cubby_export_select(exporter, "wake word", "Acme", &released));
	assert_int_equal(released->n, 1);
	assert_string_equal(released->ids[0], copy);
	assert_cubby(exporter, cubby_export_open(exporter, copy, &opened));
	assert_int_equal(opened->frames, ARRAY_SIZE(samples));
	assert_memory_equal(opened->samples, samples, sizeof(samples));
	assert_string_equal(opened->text, "hello");
	assert_cubby(exporter, cubby_export_select(exporter, "ads", "Evil", &other));
	assert_int_equal(other->n, 0);
	/* The source stays shut for the exporter, and the copy's id is no item. */
	assert_refused(exporter, cubby_open(exporter, id, NULL, &source), CUBBY_NOT_AUTHORIZED);
	assert_true(cubby_export_open(exporter, id, &source) > 0);
	assert_null(source);
}

/* Each page size gives the same copies and the same items left out. */
static void test_copies_and_exports_in_pages(void **state)
{
	static const uint32_t pages[] = { 1, 3, 0 };
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	char id[CUBBY_ID_TEXT], copy[CUBBY_ID_TEXT];
	size_t n = 0, n_excluded = 0;
	int64_t expires_s;

	for (int i = 0; i < 4; i++) {
		item_make(id);
		cubby_free(cubby);
		cubby = world_proved("home", CUBBY_SECRET_HOME);
		assert_cubby(cubby, cubby_export_approve(cubby, id, "pages", "Acme", copy,
							 &expires_s));
	}
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		_cleanup_(cubby_released_freep) struct cubby_released *released = NULL;
		_cleanup_(cubby_copies_freep) struct cubby_copies *copies = NULL;

		cubby->page_items = pages[i];
		assert_cubby(cubby, cubby_copies(cubby, &copies));
		assert_cubby(cubby, cubby_export_select(cubby, "pages", "", &released));
		assert_int_equal(released->n, 4);
		n = n ? n : copies->n;
		n_excluded = n_excluded ? n_excluded : released->n_excluded;
		assert_in_range(n, 4, 1000);
		assert_int_equal(copies->n, n);
		assert_int_equal(n_excluded, 2);
		assert_int_equal(released->n_excluded, n_excluded);
	}
}

static void test_export_needs_the_release_key(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", CUBBY_SECRET_HOME);
	struct cubby_opened *opened = NULL;

	assert_refused(cubby, cubby_export_open(cubby, "0123456789abcdef0123456789abcdef", &opened),
		       CUBBY_NOT_AUTHORIZED);
}

static void test_approving_what_is_not_there(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", CUBBY_SECRET_HOME);
	char copy[CUBBY_ID_TEXT], id[CUBBY_ID_TEXT];
	int64_t expires_s;

	assert_refused(cubby, cubby_export_approve(cubby, "0123456789abcdef0123456789abcdef",
						   "p", "r",
						   copy, &expires_s), CUBBY_NOT_FOUND);
	item_make(id);
	assert_refused(cubby, cubby_export_approve(cubby, id, "", "r", copy, &expires_s),
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
		cmocka_unit_test(test_r17_an_adult_releases_a_copy),
		cmocka_unit_test(test_copies_and_exports_in_pages),
		cmocka_unit_test(test_export_needs_the_release_key),
		cmocka_unit_test(test_approving_what_is_not_there),
		cmocka_unit_test(test_r14_the_log_shows_it_and_holds),
	};

	return cmocka_run_group_tests_name("export", tests, world_start, world_stop);
}
