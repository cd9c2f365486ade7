/* SPDX-License-Identifier: Apache-2.0 */
/* "Forget that": which phrases there are, and that they alone are heard as such (R10). */

#include "recording.h"

#include "crypt/secret.h"
#include "forget.h"

static int heard(const struct recogniser_config *model, const struct forget_phrases *phrases,
		 struct recording recording, struct recognition *ret)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct recogniser_config config = *model;
	struct why why = { "" };

	config.phrases = (const char (*)[RECOGNITION_PHRASE_BYTES])phrases->text;
	config.n_phrases = phrases->n;
	if (recogniser_new(&config, &recogniser, &why))
		fail_msg("%s", why.text);
	assert_int_equal(recogniser_finish(recogniser, 0, recording.samples, recording.frames, ret),
			 0);
	recording_free(&recording);
	return ret->phrase;
}

static const struct recogniser_config own_model = { .lm = RECORDINGS "turtle.lm.bin" };
static const struct recogniser_config own_grammar = { .grammar = RECORDINGS "goforward.gram" };

static struct forget_phrases phrases_of(const char *last, const char *today)
{
	struct forget_phrases phrases;
	struct why why;

	forget_phrases_default(&phrases);
	assert_int_equal(forget_phrases_set(&phrases, FORGET_LAST, last, &why), 0);
	assert_int_equal(forget_phrases_set(&phrases, FORGET_TODAY, today, &why), 0);
	return phrases;
}

/* Somebody's real voice, with a language model and with a grammar. */
static void test_r10_a_phrase_is_heard(void **state)
{
	struct forget_phrases phrases = phrases_of("forget that", "go forward ten meters");
	struct recognition recognition;
	int phrase;

	phrase = heard(&own_model, &phrases, recording_read("goforward.raw"), &recognition);
	assert_true(phrase >= 0);
	assert_int_equal(phrases.span[phrase], FORGET_TODAY);
	assert_string_equal(recognition.text, "go forward ten meters");
	assert_true(recognition.confidence >= 0.5 && recognition.confidence <= 1.0);
	assert_true(heard(&own_grammar, &phrases, recording_read("goforward.raw"),
			  &recognition) >= 0);
}

static void test_r10_other_words_erase_nothing(void **state)
{
	struct forget_phrases phrases = phrases_of("forget that|go backward ten meters|go forward",
						   "forget today|ten meters");
	struct recognition recognition;

	assert_int_equal(heard(&own_model, &phrases, recording_read("goforward.raw"),
			       &recognition), -1);
	for (int i = 1; i <= 5; i++) {
		char name[32];

		snprintf(name, sizeof(name), "cards/00%d.wav", i);
		assert_int_equal(heard(&own_grammar, &phrases, recording_read(name), &recognition),
				 -1);
	}
}

static void test_r10_the_english_phrases(void **state)
{
	struct forget_phrases phrases;
	struct recognition recognition;
	int phrase;

	forget_phrases_default(&phrases);
	phrase = heard(&own_grammar, &phrases, recording_speak("forget that"), &recognition);
	assert_true(phrase >= 0);
	assert_int_equal(phrases.span[phrase], FORGET_LAST);
	assert_string_equal(recognition.text, "forget that");
}

/* Who asked and was not understood is at least not kept. */
static void test_r10_what_may_have_been_a_phrase_is_known(void **state)
{
	struct forget_phrases phrases;
	struct recognition recognition;

	forget_phrases_default(&phrases);
	assert_int_equal(heard(&own_grammar, &phrases, recording_speak("forget what I said"),
			       &recognition), -1);
	assert_true(recognition.near_phrase);
	assert_string_equal(recognition.text, "");
	heard(&own_grammar, &phrases, recording_read("goforward.raw"), &recognition);
	assert_false(recognition.near_phrase);
	assert_string_equal(recognition.text, "go forward ten meters");
}

static void test_settings_replace_and_turn_off(void **state)
{
	struct forget_phrases phrases = phrases_of(" wipe  that |please forget it ", "");
	size_t last = 0;

	for (size_t i = 0; i < phrases.n; i++) {
		assert_int_not_equal(phrases.span[i], FORGET_TODAY);
		last += phrases.span[i] == FORGET_LAST;
	}
	assert_int_equal(last, 2);
	assert_string_equal(phrases.text[phrases.n - 2], "wipe that");
	assert_string_equal(phrases.text[phrases.n - 1], "please forget it");
}

static void test_what_cannot_be_a_phrase_is_refused(void **state)
{
	static const char *const bad[] = {
		"forget", "Forget That", "a b|c", "|", "forget <that>", "forget that;", " ",
		"forget 10 minutes",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct forget_phrases phrases;
		struct why why = { "" };

		forget_phrases_default(&phrases);
		assert_answer(forget_phrases_set(&phrases, FORGET_LAST, bad[i], &why),
			      ANSWER_INVALID_ARGUMENT, why);
	}
}

static void test_a_word_nobody_can_say_is_named(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct forget_phrases phrases = phrases_of("forget qxzzy", "");
	const struct recogniser_config config = {
		.grammar = own_grammar.grammar, .n_phrases = phrases.n,
		.phrases = (const char (*)[RECOGNITION_PHRASE_BYTES])phrases.text,
	};
	struct why why = { "" };

	assert_answer(recogniser_new(&config, &recogniser, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "qxzzy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r10_a_phrase_is_heard),
		cmocka_unit_test(test_r10_other_words_erase_nothing),
		cmocka_unit_test(test_r10_the_english_phrases),
		cmocka_unit_test(test_r10_what_may_have_been_a_phrase_is_known),
		cmocka_unit_test(test_settings_replace_and_turn_off),
		cmocka_unit_test(test_what_cannot_be_a_phrase_is_refused),
		cmocka_unit_test(test_a_word_nobody_can_say_is_named),
	};

	if (crypt_init() < 0 || access(own_model.lm, R_OK) < 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
