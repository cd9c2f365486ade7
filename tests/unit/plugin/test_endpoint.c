/* SPDX-License-Identifier: Apache-2.0 */
/* Where speech begins and ends, in quiet and in noise. */

#include "recording.h"

#include "crypt/secret.h"
#include "endpoint.h"
#include "voice.h"

#define LEAD_MS 3000
#define TAIL_MS 2000

static const char *const speech[] = {
	"goforward.raw", "something.raw", "cards/001.wav", "cards/002.wav",
	"cards/003.wav", "cards/004.wav", "cards/005.wav",
	"librivox/sense_and_sensibility_01_austen_64kb-0880.wav",
	"librivox/sense_and_sensibility_01_austen_64kb-0930.wav",
};

/* What the endpointer made of a stretch of sound, in frames. */
struct ends {
	unsigned utterances;
	uint64_t begin, onset, end, last_voice;
};

static struct ends listen_to(const struct recording *recording)
{
	_cleanup_(voice_freep) struct voice *voice = NULL;
	struct endpoint endpoint = { 0 };
	struct ends ends = { 0 };

	assert_int_equal(voice_new(&voice), 0);
	for (size_t i = 0; i + VOICE_FRAMES <= recording->frames; i += VOICE_FRAMES) {
		switch (endpoint_frame(&endpoint, voice_frame(voice, recording->samples + i))) {
		case ENDPOINT_BEGIN:
			if (ends.utterances++ == 0) {
				ends.begin = endpoint.begin;
				ends.onset = endpoint.onset;
			}
			break;
		case ENDPOINT_END:
			ends.end = endpoint.end;
			ends.last_voice = endpoint.last_voice;
			break;
		case ENDPOINT_SAME:
			break;
		}
	}
	return ends;
}

/* Tolerances in ms: how much of the first and the last voice may be missing. */
static void check_ends(const char *name, const struct recording *clean,
		       double (*noise)(struct noise *), double snr_db, int late_ms, int early_ms)
{
	struct recording mixed = recording_in_noise(clean, noise, 7, snr_db, LEAD_MS, TAIL_MS);
	struct ends ends = listen_to(&mixed);
	int lead = LEAD_MS / VOICE_FRAME_MS;
	size_t first, last;

	recording_ends(clean, &first, &last);
	recording_free(&mixed);
	if (ends.utterances == 0)
		fail_msg("%s at %.0f dB: nobody was heard", name, snr_db);
	if (((int)ends.begin - lead - (int)first) * VOICE_FRAME_MS > late_ms)
		fail_msg("%s at %.0f dB: begins %d ms late", name, snr_db,
			 ((int)ends.begin - lead - (int)first) * VOICE_FRAME_MS);
	if ((int)ends.begin < lead - 35)
		fail_msg("%s at %.0f dB: began in the silence before", name, snr_db);
	if (((int)last - ((int)ends.end - lead)) * VOICE_FRAME_MS > early_ms)
		fail_msg("%s at %.0f dB: ended %d ms early", name, snr_db,
			 ((int)last - ((int)ends.end - lead)) * VOICE_FRAME_MS);
}

static void check_all(double snr_db, int late_ms, int early_ms)
{
	for (size_t i = 0; i < ARRAY_SIZE(speech); i++) {
		struct recording clean = recording_read(speech[i]);

		check_ends(speech[i], &clean, noise_white, snr_db, late_ms, early_ms);
		check_ends(speech[i], &clean, noise_pink, snr_db, late_ms, early_ms);
		recording_free(&clean);
	}
}

static void test_quiet_room(void **state)
{
	check_all(60.0, 0, 150);
}

static void test_noise_at_20_db(void **state)
{
	check_all(20.0, 0, 150);
}

static void test_noise_at_10_db(void **state)
{
	check_all(10.0, 0, 150);
}

static void test_noise_at_5_db(void **state)
{
	check_all(5.0, 200, 500);
}

static void test_synthetic_speech_is_heard(void **state)
{
	struct recording clean =
		recording_speak("please play the song about the little yellow bear");

	check_ends("espeak-ng", &clean, noise_pink, 60.0, 0, 0);
	check_ends("espeak-ng", &clean, noise_pink, 10.0, 50, 100);
	recording_free(&clean);
}

/* A minute of noise at levels from a whisper to a vacuum cleaner is nobody. */
static void test_noisy_room_is_nobody(void **state)
{
	static const double levels[] = { 0, 3, 30, 300, 3000, 10000 };
	double (*const kinds[])(struct noise *) = { noise_white, noise_pink };
	struct recording room = { .frames = 60 * RATE_HZ };

	room.samples = malloc(room.frames * sizeof(int16_t));
	for (size_t level = 0; level < ARRAY_SIZE(levels); level++) {
		for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
			struct noise noise = { .state = 11 + level };

			for (size_t i = 0; i < room.frames; i++)
				room.samples[i] = (int16_t)(levels[level] * kinds[kind](&noise));
			assert_int_equal(listen_to(&room).utterances, 0);
		}
	}
	recording_free(&room);
}

/* A fan that is switched on may be taken for somebody, but not for longer than the floor needs to
 * rise. */
static void test_noise_that_begins_is_soon_nobody(void **state)
{
	struct recording room = { .frames = 20 * RATE_HZ };
	struct noise noise = { .state = 5 };
	struct ends ends;

	room.samples = malloc(room.frames * sizeof(int16_t));
	for (size_t i = 0; i < room.frames; i++)
		room.samples[i] = (int16_t)((i < 5 * RATE_HZ ? 50 : 2000) * noise_pink(&noise));
	ends = listen_to(&room);
	assert_true(ends.utterances <= 1);
	assert_true(ends.utterances == 0 || ends.end - ends.begin < 350);
	recording_free(&room);
}

static enum endpoint_change frames(struct endpoint *endpoint, bool voice, unsigned n)
{
	enum endpoint_change change = ENDPOINT_SAME;

	while (n-- && change == ENDPOINT_SAME)
		change = endpoint_frame(endpoint, voice);
	return change;
}

static void test_clicks_are_no_utterance(void **state)
{
	struct endpoint endpoint = { 0 };

	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(frames(&endpoint, true, 10), ENDPOINT_SAME);
		assert_int_equal(frames(&endpoint, false, 40), ENDPOINT_SAME);
	}
}

static void test_preroll_and_end(void **state)
{
	struct endpoint endpoint = { 0 };

	assert_int_equal(frames(&endpoint, false, 100), ENDPOINT_SAME);
	assert_int_equal(frames(&endpoint, true, 30), ENDPOINT_BEGIN);
	assert_int_equal(endpoint.onset, 100);
	assert_int_equal(endpoint.begin, 70);
	assert_int_equal(frames(&endpoint, true, 200), ENDPOINT_SAME);
	assert_int_equal(frames(&endpoint, false, 100), ENDPOINT_END);
	assert_int_equal(endpoint.now - endpoint.last_voice, ENDPOINT_SILENCE_MS / 10);
	assert_int_equal(endpoint.end, endpoint.last_voice + 30);
}

static void test_pause_within_a_sentence_does_not_end_it(void **state)
{
	struct endpoint endpoint = { 0 };

	assert_int_equal(frames(&endpoint, true, 50), ENDPOINT_BEGIN);
	assert_int_equal(frames(&endpoint, false, 50), ENDPOINT_SAME);
	assert_int_equal(frames(&endpoint, true, 50), ENDPOINT_SAME);
	assert_int_equal(frames(&endpoint, false, 100), ENDPOINT_END);
}

/* Who knows what was said may shorten or lengthen each pause, at one moment of it. */
static void test_a_pause_lasts_as_long_as_the_sentence_needs(void **state)
{
	static const unsigned lasts_ms[] = { ENDPOINT_SILENCE_BEGUN_MS, ENDPOINT_SILENCE_ENDED_MS,
					     ENDPOINT_SILENCE_CERTAIN_MS };
	struct endpoint endpoint = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(lasts_ms); i++) {
		unsigned asked = 0;

		assert_int_equal(frames(&endpoint, true, 50), ENDPOINT_BEGIN);
		assert_int_equal(endpoint.silence_ms, ENDPOINT_SILENCE_MS);
		for (unsigned n = 1; n < lasts_ms[i] / 10; n++) {
			assert_int_equal(endpoint_frame(&endpoint, false), ENDPOINT_SAME);
			if (!endpoint_pausing(&endpoint))
				continue;
			endpoint.silence_ms = lasts_ms[i];
			asked++;
		}
		assert_int_equal(asked, 1);
		assert_int_equal(endpoint_so_far(&endpoint),
				 endpoint.last_voice + (i == 2 ? 24 : 30));
		assert_int_equal(endpoint_frame(&endpoint, false), ENDPOINT_END);
		assert_int_equal(endpoint.end, endpoint.last_voice + (i == 2 ? 25 : 30));
	}
}

/* R1: sound belongs to one utterance. What was forgotten does not come back as the pre-roll of
 * the next one. */
static void test_r1_sound_is_in_one_utterance_only(void **state)
{
	struct endpoint endpoint = { 0 };
	uint64_t end;

	assert_int_equal(frames(&endpoint, true, 50), ENDPOINT_BEGIN);
	assert_int_equal(frames(&endpoint, false, 100), ENDPOINT_END);
	end = endpoint.end;
	assert_int_equal(frames(&endpoint, true, 50), ENDPOINT_BEGIN);
	assert_true(endpoint.begin >= end);
}

static void test_nothing_goes_on_for_ever(void **state)
{
	struct endpoint endpoint = { 0 };
	uint64_t end;

	assert_int_equal(frames(&endpoint, true, 50), ENDPOINT_BEGIN);
	assert_int_equal(frames(&endpoint, true, 2000), ENDPOINT_END);
	assert_true(endpoint.end - endpoint.begin <= ENDPOINT_LENGTH_MAX_MS / 10);
	/* Who goes on speaking is heard on, without a gap. */
	end = endpoint.end;
	assert_int_equal(frames(&endpoint, true, 50), ENDPOINT_BEGIN);
	assert_int_equal(endpoint.begin, end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet_room),
		cmocka_unit_test(test_noise_at_20_db),
		cmocka_unit_test(test_noise_at_10_db),
		cmocka_unit_test(test_noise_at_5_db),
		cmocka_unit_test(test_synthetic_speech_is_heard),
		cmocka_unit_test(test_noisy_room_is_nobody),
		cmocka_unit_test(test_noise_that_begins_is_soon_nobody),
		cmocka_unit_test(test_clicks_are_no_utterance),
		cmocka_unit_test(test_preroll_and_end),
		cmocka_unit_test(test_pause_within_a_sentence_does_not_end_it),
		cmocka_unit_test(test_a_pause_lasts_as_long_as_the_sentence_needs),
		cmocka_unit_test(test_r1_sound_is_in_one_utterance_only),
		cmocka_unit_test(test_nothing_goes_on_for_ever),
	};

	if (crypt_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
