/* SPDX-License-Identifier: Apache-2.0 */
/* ear.conf is read as written, or refused with its line. */

#include "../test.h"

#include "settings.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int read_text(const char *text, struct settings *ret, struct why *why)
{
	char path[] = "/tmp/cubby-test-XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	r = settings_read(path, ret, why);
	unlink(path);
	return r;
}

static void test_key_is_read(void **state)
{
	struct settings settings;
	struct why why;

	assert_int_equal(read_text("# pin\nhousehold_key = " KEY "\n", &settings, &why), 0);
	assert_true(settings.pinned);
	assert_int_equal(settings.household_key[1], 0x11);
	assert_int_equal(read_text("# nothing\n", &settings, &why), 0);
	assert_false(settings.pinned);
}

static void test_r26_nothing_leaves_unless_it_says_so(void **state)
{
	struct settings settings;
	struct why why;

	assert_int_equal(read_text("# nothing\n", &settings, &why), 0);
	assert_false(settings.adults_may_leave);
	assert_int_equal(read_text("audio_may_leave_device = adults\n", &settings, &why), 0);
	assert_true(settings.adults_may_leave);
	assert_int_equal(read_text("audio_may_leave_device = never\n", &settings, &why), 0);
	assert_false(settings.adults_may_leave);
}

/* A misspelt pin must not be no pin. */
static void test_mistakes_stop_the_ear(void **state)
{
	static const char *const mistakes[] = {
		"household_keys = " KEY "\n", "household_key = 00\n", "household_key =\n",
		"audio_may_leave_device = yes\n", "audio_may_leave_device =\n",
		"household_key = " KEY "00\n", "[ear]\nhousehold_key = " KEY "\n", "nonsense\n",
		"wake_threshold = 0\n", "wake_threshold = 1e101\n", "wake_threshold = 1e-20x\n",
		"wake_threshold =\n", "wake_threshold = nan\n",
		"words = family.dict\n", "words =\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct settings settings = { 0 };
		struct why why = { "" };

		assert_answer(read_text(mistakes[i], &settings, &why), ANSWER_INVALID_ARGUMENT,
			      why);
		assert_non_null(strstr(why.text, "cubby-test-"));
		assert_false(settings.pinned);
		assert_false(settings.adults_may_leave);
	}
}

static void test_a_threshold_is_a_number(void **state)
{
	struct settings settings;
	struct why why;

	assert_int_equal(read_text("# nothing\n", &settings, &why), 0);
	assert_true(settings.wake_threshold == 0.0);
	assert_int_equal(read_text("wake_threshold = 1e-25\n", &settings, &why), 0);
	assert_true(settings.wake_threshold == 1e-25);
}

static void test_words(void **state)
{
	struct settings settings = { 0 };
	struct why why;

	assert_int_equal(read_text("# nothing\n", &settings, &why), 0);
	assert_string_equal(settings.words, "");
	assert_int_equal(read_text("words = /etc/cubby/words.dict\n", &settings, &why), 0);
	assert_string_equal(settings.words, "/etc/cubby/words.dict");
}

static void test_r10_phrases_that_forget_are_configurable(void **state)
{
	struct settings settings = { 0 };
	struct why why = { "" };
	size_t last = 0;

	assert_int_equal(read_text("forget_last = wipe that | drop it now\nforget_today =\n",
				   &settings, &why), 0);
	for (size_t i = 0; i < settings.forget.n; i++) {
		assert_int_not_equal(settings.forget.span[i], FORGET_TODAY);
		last += settings.forget.span[i] == FORGET_LAST;
	}
	assert_int_equal(last, 2);
	assert_answer(read_text("forget_last = forget\n", &settings, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_answer(read_text("forget_yesterday = forget yesterday\n", &settings, &why),
		      ANSWER_INVALID_ARGUMENT, why);
}

static void test_named_file_must_be_there(void **state)
{
	struct settings settings;
	struct why why = { "" };

	assert_answer(settings_read("/nowhere/ear.conf", &settings, &why), ANSWER_NOT_FOUND, why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_is_read),
		cmocka_unit_test(test_r26_nothing_leaves_unless_it_says_so),
		cmocka_unit_test(test_mistakes_stop_the_ear),
		cmocka_unit_test(test_a_threshold_is_a_number),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_r10_phrases_that_forget_are_configurable),
		cmocka_unit_test(test_named_file_must_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
