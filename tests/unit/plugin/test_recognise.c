/* SPDX-License-Identifier: Apache-2.0 */
/* Real recordings through the real recogniser. */

#include "recording.h"

#include <dirent.h>
#include "crypt/secret.h"
#include "recognise.h"

static struct recognition hear(struct recogniser *recogniser, const char *name, bool live)
{
	struct recording recording = recording_read(name);
	struct recognition recognition;
	uint64_t ticket = 0;

	if (live) {
		assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
		for (size_t i = 0; i < recording.frames; i += 160) {
			size_t n = recording.frames - i < 160 ? recording.frames - i : 160;

			assert_int_equal(recogniser_feed(recogniser, ticket, recording.samples + i,
							 n),
					 0);
		}
		assert_string_equal(recogniser_partial(recogniser, ticket),
				    "go forward ten meters");
	}
	assert_int_equal(recogniser_finish(recogniser, ticket, recording.samples, recording.frames,
					   &recognition), 0);
	recording_free(&recording);
	return recognition;
}

static void check_forward(struct recogniser *recogniser)
{
	for (int live = 0; live < 2; live++) {
		struct recognition recognition = hear(recogniser, "goforward.raw", live);

		assert_string_equal(recognition.text, "go forward ten meters");
		assert_true(recognition.confidence > 0.3 && recognition.confidence <= 1.0);
	}
}

static void test_default_language_model(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct why why;

	assert_int_equal(recogniser_new(&(struct recogniser_config) { 0 }, &recogniser, &why), 0);
	check_forward(recogniser);
	assert_string_equal(hear(recogniser, "cards/004.wav", false).text, "five five");
}

static void test_grammar(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = RECORDINGS "goforward.gram" };
	struct why why;

	if (access(config.grammar, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	check_forward(recogniser);
}

/* What was not in the grammar is nobody's command. */
static void test_other_words_do_not_fit_a_grammar(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = RECORDINGS "goforward.gram" };
	struct why why;

	if (access(config.grammar, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	for (int i = 1; i <= 5; i++) {
		struct recognition recognition;
		char name[32];

		snprintf(name, sizeof(name), "cards/00%d.wav", i);
		recognition = hear(recogniser, name, false);
		assert_string_equal(recognition.text, "");
		assert_true(recognition.confidence == 0.0);
	}
	check_forward(recogniser);
}

static void test_the_grammar_that_comes_with_it(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = SPEAKER_GRAMMAR };
	struct recording recording = recording_speak("what is for dinner");
	struct recognition recognition;
	struct why why;

	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	assert_int_equal(recogniser_finish(recogniser, 0, recording.samples, recording.frames,
					   &recognition), 0);
	assert_string_equal(recognition.text, "what is for dinner");
	assert_string_equal(hear(recogniser, "goforward.raw", false).text, "");
	recording_free(&recording);
}

static void test_own_language_model(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .lm = RECORDINGS "turtle.lm.bin" };
	struct why why;

	if (access(config.lm, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	assert_string_equal(hear(recogniser, "goforward.raw", false).text, "go forward ten meters");
}

static void test_grammar_with_unknown_word_names_it(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = RECORDINGS "defective.gram" };
	struct why why = { "" };

	if (access(config.grammar, R_OK) < 0)
		skip();
	assert_answer(recogniser_new(&config, &recogniser, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "really_bad_word"));
}

static void test_missing_files_are_named(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct why why = { "" };

	assert_answer(recogniser_new(&(struct recogniser_config) { .grammar = "/nowhere/g.gram" },
				     &recogniser, &why), ANSWER_NOT_FOUND, why);
	assert_non_null(strstr(why.text, "/nowhere/g.gram"));
	assert_answer(recogniser_new(&(struct recogniser_config){ .model = "/nowhere" },
				     &recogniser, &why),
		      ANSWER_NOT_FOUND, why);
}

static void test_silence_has_no_words(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = RECORDINGS "goforward.gram" };
	static const int16_t silence[RATE_HZ];
	struct recognition recognition;
	struct why why;

	if (access(config.grammar, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	assert_int_equal(recogniser_finish(recogniser, 0, silence, RATE_HZ, &recognition), 0);
	assert_string_equal(recognition.text, "");
	assert_true(recognition.confidence == 0.0);
}

static void test_wake_phrase(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .keyphrase = "go forward" };
	struct why why;

	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	assert_string_equal(hear(recogniser, "cards/004.wav", false).text, "");
	assert_true(hear(recogniser, "goforward.raw", false).text[0] != '\0');
}

static void test_wake_threshold_is_obeyed(void **state)
{
	static const double thresholds[] = { 1e-60, 1.0 };
	struct why why;

	for (size_t i = 0; i < ARRAY_SIZE(thresholds); i++) {
		_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
		const struct recogniser_config config = { .keyphrase = "go forth ten meters",
							  .threshold = thresholds[i] };

		assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
		assert_int_equal(hear(recogniser, "goforward.raw", false).text[0] == '\0', i == 1);
	}
}

static void test_wake_phrase_with_unknown_word_names_it(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .keyphrase = "okay qxzzy" };
	struct why why = { "" };

	assert_answer(recogniser_new(&config, &recogniser, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "qxzzy"));
}

/* R1: after an utterance nothing of it can be asked for again. */
static void test_r1_decoder_is_started_anew(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	uint64_t ticket;
	struct why why;

	assert_int_equal(recogniser_new(&(struct recogniser_config) { 0 }, &recogniser, &why), 0);
	hear(recogniser, "goforward.raw", false);
	assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
	assert_string_equal(recogniser_partial(recogniser, ticket), "");
	recogniser_cancel(recogniser, ticket);
}

/* Two sessions share the decoder: neither hears the other. */
static void test_sessions_do_not_mix(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct recording forward = recording_read("goforward.raw");
	struct recording cards = recording_read("cards/004.wav");
	struct recognition recognition;
	uint64_t first, second;
	struct why why;

	assert_int_equal(recogniser_new(&(struct recogniser_config) { 0 }, &recogniser, &why), 0);
	assert_int_equal(recogniser_begin(recogniser, &first), 0);
	assert_int_equal(recogniser_begin(recogniser, &second), 0);
	assert_int_equal(recogniser_feed(recogniser, first, forward.samples, forward.frames), 0);
	assert_int_equal(recogniser_feed(recogniser, second, cards.samples, cards.frames), 0);
	assert_string_equal(recogniser_partial(recogniser, second), "");
	assert_int_equal(recogniser_finish(recogniser, second, cards.samples, cards.frames,
					   &recognition), 0);
	assert_string_equal(recognition.text, "five five");
	assert_int_equal(recogniser_finish(recogniser, first, forward.samples, forward.frames,
					   &recognition), 0);
	assert_string_equal(recognition.text, "go forward ten meters");
	recording_free(&forward);
	recording_free(&cards);
}

/* R7: PocketSphinx would write sound and features into a directory it is given, or the current
 * one. */
static void test_r7_recogniser_writes_no_file(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	char folder[] = "/tmp/cubby-test-XXXXXX";
	struct dirent *entry;
	struct why why;
	DIR *dir;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(recogniser_new(&(struct recogniser_config) { 0 }, &recogniser, &why), 0);
	hear(recogniser, "goforward.raw", false);
	dir = opendir(folder);
	while ((entry = readdir(dir)))
		assert_true(entry->d_name[0] == '.');
	closedir(dir);
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_language_model),
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_other_words_do_not_fit_a_grammar),
		cmocka_unit_test(test_the_grammar_that_comes_with_it),
		cmocka_unit_test(test_own_language_model),
		cmocka_unit_test(test_grammar_with_unknown_word_names_it),
		cmocka_unit_test(test_missing_files_are_named),
		cmocka_unit_test(test_silence_has_no_words),
		cmocka_unit_test(test_wake_phrase),
		cmocka_unit_test(test_wake_threshold_is_obeyed),
		cmocka_unit_test(test_wake_phrase_with_unknown_word_names_it),
		cmocka_unit_test(test_r1_decoder_is_started_anew),
		cmocka_unit_test(test_sessions_do_not_mix),
		cmocka_unit_test(test_r7_recogniser_writes_no_file),
	};

	if (crypt_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
