/* SPDX-License-Identifier: Apache-2.0 */
/* R27, R28: a voiceprint is read whole or not at all. */

#include "../test.h"

#include <math.h>
#include "speaker/voiceprint.h"

static struct voiceprint sample(void)
{
	struct voiceprint voiceprint = { .utterances = 5, .speech_ms = 12340, .n = 3,
					 .point = { 1.5f, -0.25f, 3e-9f } };

	memset(voiceprint.model, 0xab, sizeof(voiceprint.model));
	return voiceprint;
}

static void test_written_and_read(void **state)
{
	struct voiceprint voiceprint = sample(), again;
	uint8_t bytes[VOICEPRINT_BYTES_MAX];
	struct why why;

	assert_int_equal(voiceprint_write(&voiceprint, bytes), 60);
	assert_memory_equal(bytes, "cubbyvp1\xab\xab", 10);
	assert_memory_equal(bytes + 40, "\x05\0\x03\0\x34\x30\0\0\0\0\xc0\x3f", 12);
	assert_int_equal(voiceprint_read(bytes, 60, &again, &why), 0);
	assert_memory_equal(&again, &voiceprint, sizeof(again));
	voiceprint.n = VOICEPRINT_DIMENSIONS_MAX;
	assert_int_equal(voiceprint_write(&voiceprint, bytes), VOICEPRINT_BYTES_MAX);
	assert_true(VOICEPRINT_BYTES_MAX <= 1024);
	assert_int_equal(voiceprint_read(bytes, sizeof(bytes), &again, &why), 0);
}

/* Written with this change, it must not be read. */
static void check_refused(struct voiceprint voiceprint)
{
	uint8_t bytes[VOICEPRINT_BYTES_MAX];
	struct voiceprint again = { .n = 77 };
	struct why why = { "" };
	size_t n = voiceprint_write(&voiceprint, bytes);

	assert_answer(voiceprint_read(bytes, n, &again, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_int_equal(again.n, 77);
}

static void test_r28_what_is_not_understood_is_refused(void **state)
{
	struct voiceprint voiceprint = sample(), again;
	uint8_t bytes[VOICEPRINT_BYTES_MAX + 1] = { 0 };
	size_t n = voiceprint_write(&voiceprint, bytes);
	struct why why;

	for (size_t cut = 0; cut <= n + 1; cut++)
		if (cut != n)
			assert_answer(voiceprint_read(bytes, cut, &again, &why),
				      ANSWER_INVALID_ARGUMENT, why);
	bytes[7] = '2';
	assert_answer(voiceprint_read(bytes, n, &again, &why), ANSWER_INVALID_ARGUMENT, why);
	voiceprint.point[1] = NAN;
	check_refused(voiceprint);
	voiceprint.point[1] = INFINITY;
	check_refused(voiceprint);
	voiceprint = sample();
	voiceprint.n = 0;
	check_refused(voiceprint);
}

static void test_r28_too_little_speech_is_no_voiceprint(void **state)
{
	struct voiceprint voiceprint = sample();

	voiceprint.utterances = VOICEPRINT_UTTERANCES_MIN - 1;
	check_refused(voiceprint);
	voiceprint.utterances = VOICEPRINT_UTTERANCES_MAX + 1;
	check_refused(voiceprint);
	voiceprint = sample();
	voiceprint.speech_ms = VOICEPRINT_SPEECH_MIN_MS - 1;
	check_refused(voiceprint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_and_read),
		cmocka_unit_test(test_r28_what_is_not_understood_is_refused),
		cmocka_unit_test(test_r28_too_little_speech_is_no_voiceprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
