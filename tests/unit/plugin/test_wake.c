/* SPDX-License-Identifier: Apache-2.0 */
/* The wake phrase in real recordings, through the real recogniser. */

#include "recording.h"

#include "crypt/secret.h"
#include "recognise.h"

/* All of it at once. */
static struct recognition hear(struct recogniser *recogniser, const char *name)
{
	struct recording recording = recording_read(name);
	struct recognition recognition;

	assert_int_equal(recogniser_finish(recogniser, 0, recording.samples, recording.frames,
					   &recognition), 0);
	recording_free(&recording);
	return recognition;
}

static void test_wake_phrase(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .keyphrase = "go forward" };
	struct why why;

	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	assert_string_equal(hear(recogniser, "cards/004.wav").text, "");
	assert_true(hear(recogniser, "goforward.raw").text[0] != '\0');
}

static void test_wake_threshold_is_obeyed(void **state)
{
	static const double thresholds[] = { 1e-100, 1e100 };
	struct why why;

	for (size_t i = 0; i < ARRAY_SIZE(thresholds); i++) {
		_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
		const struct recogniser_config config = { .keyphrase = "go forward",
							  .threshold = thresholds[i] };

		assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
		assert_int_equal(hear(recogniser, "goforward.raw").text[0] == '\0', i == 1);
	}
}

/* Whoever spoke before, and how far from the microphone, must not decide who is heard now: near
 * enough for a second look is enough. */
static void test_wake_phrase_is_heard_by_its_own_mean(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .keyphrase = "go forward", .threshold = 1e80 };
	struct recording phrase = recording_read("goforward.raw");
	struct recording before = recording_read("cards/005.wav");
	struct why why;
	uint64_t ticket;

	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	for (size_t i = 0; i < before.frames; i++)
		before.samples[i] /= 32;
	for (int i = 0; i < 2; i++) {
		assert_true(hear(recogniser, "goforward.raw").text[0] != '\0');
		assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
		assert_int_equal(recogniser_feed(recogniser, ticket, before.samples, before.frames),
				 0);
		recogniser_cancel(recogniser, ticket);
		assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
		assert_int_equal(recogniser_feed(recogniser, ticket, phrase.samples, phrase.frames),
				 0);
		assert_true(*recogniser_partial(recogniser, ticket) != '\0');
		recogniser_cancel(recogniser, ticket);
	}
	recording_free(&phrase);
	recording_free(&before);
}

/* A long utterance is looked at from its end: what is said before is found when it is said. */
static void test_wake_phrase_is_looked_for_at_the_end(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .keyphrase = "go forward" };
	struct recording phrase = recording_read("goforward.raw");
	struct recording once = recording_read("cards/005.wav");
	struct recording other = recording_join(&once, &once);
	struct recording early = recording_join(&phrase, &other);
	struct recording late = recording_join(&other, &phrase);
	struct recognition recognition;
	struct why why;

	assert_true(other.frames > 4 * RATE_HZ);
	/* Nothing behind the phrase, which ends at 1.22 s. */
	late.frames -= phrase.frames - RATE_HZ * 125 / 100;
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	for (int i = 0; i < 2; i++) {
		const struct recording *recording = i ? &late : &early;

		assert_int_equal(recogniser_finish(recogniser, 0, recording->samples,
						   recording->frames, &recognition), 0);
		assert_int_equal(recognition.text[0] != '\0', i);
	}
	recording_free(&phrase);
	recording_free(&once);
	recording_free(&other);
	recording_free(&early);
	recording_free(&late);
}

static void test_wake_phrase_with_unknown_word_names_it(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .keyphrase = "okay qxzzy" };
	struct why why = { "" };

	assert_answer(recogniser_new(&config, &recogniser, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "qxzzy"));
}

/* No dictionary has it. */
static void test_okay_cubby_wakes(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .keyphrase = "okay cubby", .threshold = 1e-20 };
	static const char *const said[] = { "okay cubby", "turn on the light" };
	struct why why;

	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		struct recording spoken = recording_speak_as("en-us+f3", said[i]);
		struct recording recording = recording_in_noise(&spoken, noise_pink, 7, 40.0, 600,
								1000);
		struct recognition recognition;

		assert_int_equal(recogniser_finish(recogniser, 0, recording.samples,
						   recording.frames, &recognition), 0);
		assert_int_equal(recognition.text[0] != '\0', i == 0);
		recording_free(&spoken);
		recording_free(&recording);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wake_phrase),
		cmocka_unit_test(test_wake_threshold_is_obeyed),
		cmocka_unit_test(test_wake_phrase_is_heard_by_its_own_mean),
		cmocka_unit_test(test_wake_phrase_is_looked_for_at_the_end),
		cmocka_unit_test(test_wake_phrase_with_unknown_word_names_it),
		cmocka_unit_test(test_okay_cubby_wakes),
	};

	if (crypt_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
