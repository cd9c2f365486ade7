/* SPDX-License-Identifier: Apache-2.0 */
/* R27: what an adult enrols with is clear, long enough, and of one voice. */

#include "../plugin/recording.h"

#include "crypt/secret.h"
#include "speaker/enrolment.h"

#define READER "librivox/sense_and_sensibility_01_austen_64kb-0870.wav"

static int setup(void **state)
{
	struct why why;

	return crypt_init() || speaker_model_open(MODEL, (struct speaker_model **)state, &why);
}

static int teardown(void **state)
{
	speaker_model_free(*state);
	return 0;
}

static void test_r27_an_enrolment_takes_one_clear_voice(void **state)
{
	_cleanup_(enrolment_freep) struct enrolment *enrolment = NULL;
	struct recording first = recording_read(READER), other = recording_read("goforward.raw");
	struct recording noisy = recording_in_noise(&first, noise_pink, 5, 5.0, 100, 100);
	struct voiceprint voiceprint;
	struct why why = { "" };

	assert_int_equal(enrolment_new(*state, &enrolment), 0);
	assert_answer(enrolment_add(enrolment, noisy.samples, noisy.frames, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_answer(enrolment_add(enrolment, first.samples, RATE_HZ, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_int_equal(enrolment_add(enrolment, first.samples, first.frames, &why), 0);
	assert_answer(enrolment_add(enrolment, other.samples, other.frames, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "somebody else"));
	assert_int_equal(enrolment_utterances(enrolment), 1);
	assert_answer(enrolment_finish(enrolment, &voiceprint, &why), ANSWER_INVALID_ARGUMENT, why);
	for (size_t i = 0; i < first.frames; i++)
		first.samples[i] = first.samples[i] > 600 ? INT16_MAX :
				   first.samples[i] < -600 ? INT16_MIN : first.samples[i];
	assert_answer(enrolment_add(enrolment, first.samples, first.frames, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "too loud"));
	recording_free(&first);
	recording_free(&other);
	recording_free(&noisy);
}

static void test_r27_an_enrolment_takes_three_to_ten(void **state)
{
	_cleanup_(enrolment_freep) struct enrolment *enrolment = NULL;
	struct recording recording = recording_read(READER);
	struct voiceprint voiceprint;
	struct why why = { "" };

	assert_int_equal(enrolment_new(*state, &enrolment), 0);
	for (unsigned i = 0; i < VOICEPRINT_UTTERANCES_MAX; i++) {
		assert_int_equal(enrolment_finish(enrolment, &voiceprint, &why) == 0,
				 i >= VOICEPRINT_UTTERANCES_MIN);
		assert_int_equal(enrolment_add(enrolment, recording.samples, recording.frames,
					       &why), 0);
	}
	assert_answer(enrolment_add(enrolment, recording.samples, recording.frames, &why),
		      ANSWER_QUOTA_EXCEEDED, why);
	assert_int_equal(enrolment_finish(enrolment, &voiceprint, &why), 0);
	assert_int_equal(voiceprint.utterances, VOICEPRINT_UTTERANCES_MAX);
	recording_free(&recording);
}

/* However many: together they must be long enough. */
static void test_r27_three_words_are_no_enrolment(void **state)
{
	_cleanup_(enrolment_freep) struct enrolment *enrolment = NULL;
	struct recording recording = recording_read(READER), piece = recording;
	struct voiceprint voiceprint;
	struct why why = { "" };

	piece.frames = 8 * RATE_HZ / 5;
	assert_int_equal(enrolment_new(*state, &enrolment), 0);
	for (unsigned i = 0; i < VOICEPRINT_UTTERANCES_MIN; i++)
		assert_int_equal(enrolment_add(enrolment, piece.samples, piece.frames, &why), 0);
	assert_answer(enrolment_finish(enrolment, &voiceprint, &why), ANSWER_INVALID_ARGUMENT, why);
	recording_free(&recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r27_an_enrolment_takes_one_clear_voice),
		cmocka_unit_test(test_r27_an_enrolment_takes_three_to_ten),
		cmocka_unit_test(test_r27_three_words_are_no_enrolment),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
