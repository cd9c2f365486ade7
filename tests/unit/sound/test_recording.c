/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings by name: what people have on their disks, and what is no recording at all. */

#include "unit/sound/sound_test.h"

#include <sndfile.h>
#include <sys/stat.h>

static char directory[] = "/tmp/cubby-test-sound-XXXXXX";

static int group_setup(void **state)
{
	return sound_setup(state) || !mkdtemp(directory);
}

static int group_teardown(void **state)
{
	return rmdir(directory);
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/* A second of 440 Hz at half volume on the first channel, silence on the others. */
static const char *tone_write(const char *name, int format, int rate_hz, int channels)
{
	const char *path = path_of(name);
	SF_INFO info = { .samplerate = rate_hz, .channels = channels, .format = format };
	SNDFILE *file = sf_open(path, SFM_WRITE, &info);
	double frame[8] = { 0 };

	assert_non_null(file);
	for (int i = 0; i < rate_hz; i++) {
		frame[0] = 0.5 * tone((size_t)i, 440, rate_hz);
		assert_int_equal(sf_writef_double(file, frame, 1), 1);
	}
	assert_int_equal(sf_close(file), 0);
	return path;
}

/* How far the sound is from the tone it should be, at most, leaving out the edges where a
 * resampler rings. */
static double tone_error(const struct sound *sound, double volume)
{
	double worst = 0;

	for (size_t i = 400; i + 400 < sound->frames; i++)
		worst = fmax(worst, fabs(samples_of(sound)[i] / 32768. -
					 volume * tone(i, 440, SOUND_RATE_HZ)));
	return worst;
}

static void assert_tone(const char *name, int format, int rate_hz, int channels, double allowed)
{
	_cleanup_(sound_clear) struct sound sound = { .samples = NULL };
	const char *path = tone_write(name, format, rate_hz, channels);
	struct why why = { "" };

	if (sound_from_file(path, 60, &sound, &why) != 0)
		fail_msg("%s: %s", name, why.text);
	assert_int_equal(sound.rate_hz, SOUND_RATE_HZ);
	assert_int_equal(sound.frames, SOUND_RATE_HZ);
	assert_int_equal(sound.samples->n, 2 * SOUND_RATE_HZ);
	if (tone_error(&sound, 0.5 / channels) > allowed)
		fail_msg("%s is off by %g", name, tone_error(&sound, 0.5 / channels));
	unlink(path);
}

static void test_recording_formats(void **state)
{
	const double bit16 = 2. / 32768;

	assert_tone("8.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 16000, 1, 2. / 128);
	assert_tone("16.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 1, bit16);
	assert_tone("24.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 16000, 1, bit16);
	assert_tone("float.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000, 1, bit16);
	assert_tone("stereo.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 2, bit16);
	assert_tone("six.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 16000, 6, bit16);
	assert_tone("16.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 1, bit16);
	assert_tone("24.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 16000, 2, bit16);
	assert_tone("16.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 16000, 1, bit16);
}

static void test_recording_other_rates(void **state)
{
	static const int rates[] = { 8000, 11025, 22050, 32000, 44100, 48000, 96000, 192000 };

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
		assert_tone("rate.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, rates[i], 1, 0.005);
	assert_tone("cd.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, 0.005);
}

static void test_recording_of_a_voice_is_bit_exact(void **state)
{
	_cleanup_(sound_clear) struct sound sound = { .rate_hz = SOUND_RATE_HZ };
	_cleanup_(sound_clear) struct sound again = { .samples = NULL };
	_cleanup_(cleanup_free) int16_t *samples = NULL;
	_cleanup_(secret_freep) struct secret *wav = NULL;
	const char *path;

	samples = recording_read(&sound.frames);
	path = path_of("voice.wav");
	assert_int_equal(secret_from(samples, sound.frames * 2, &sound.samples), 0);
	assert_int_equal(sound_to_wav(&sound, &wav), 0);
	assert_int_equal(file_replace(path, wav->bytes, wav->n, 0600), 0);
	assert_int_equal(sound_from_file(path, 60, &again, NULL), 0);
	unlink(path);
	assert_int_equal(again.frames, sound.frames);
	assert_memory_equal(again.samples->bytes, samples, sound.frames * 2);
}

static void assert_refused(const char *path, unsigned max_seconds, int answer, const char *reason)
{
	struct sound sound = { .frames = 7 };
	struct why why = { "" };

	assert_answer(sound_from_file(path, max_seconds, &sound, &why), answer, why);
	assert_null(sound.samples);
	assert_int_equal(sound.frames, 7);
	assert_non_null(strstr(why.text, path));
	if (!strstr(why.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", why.text, reason);
}

static void assert_bytes_refused(const char *name, const void *bytes, size_t n, const char *reason)
{
	const char *path = path_of(name);

	assert_int_equal(file_replace(path, bytes, n, 0600), 0);
	assert_refused(path, 60, ANSWER_INVALID_ARGUMENT, reason);
	unlink(path);
}

static void test_recording_that_is_none(void **state)
{
	static const char text[] =
		"This is a letter to my grandmother, and no recording of anything.\n";
	static const char header[] =
		"RIFF\x24\0\0\0WAVEfmt "
		"\x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data\0\0\0\0";
	const char *path;

	assert_refused(path_of("missing.wav"), 60, ANSWER_NOT_FOUND, "no file");
	assert_refused(path_of("missing/missing.wav"), 60, ANSWER_NOT_FOUND, "no file");
	assert_bytes_refused("letter.txt", text, sizeof(text) - 1, "WAV or FLAC");
	assert_bytes_refused("letter.wav", text, sizeof(text) - 1, "WAV or FLAC");
	assert_bytes_refused("empty.wav", "", 0, "empty");
	assert_bytes_refused("header.wav", header, sizeof(header) - 1, "no sound");
	assert_bytes_refused("short.wav", header, 20, "WAV or FLAC");
	assert_refused(directory, 60, ANSWER_INVALID_ARGUMENT, "regular");
	path = path_of("fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(path, 60, ANSWER_INVALID_ARGUMENT, "regular");
	unlink(path);
}

static void test_recording_too_long(void **state)
{
	_cleanup_(sound_clear) struct sound sound = { .samples = NULL };
	static const char *const names[] = { "long.wav", "long44.wav" };
	static const int rates[] = { 16000, 44100 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *path = path_of(names[i]);
		SF_INFO info = { .samplerate = rates[i], .channels = 1,
				 .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
		SNDFILE *file = sf_open(path, SFM_WRITE, &info);
		_cleanup_(cleanup_free) int16_t *silence = calloc((size_t)rates[i], 4);

		assert_int_equal(sf_writef_short(file, silence, 2 * rates[i]), 2 * rates[i]);
		assert_int_equal(sf_writef_short(file, silence, 1), 1);
		sf_close(file);
		assert_refused(path, 2, ANSWER_INVALID_ARGUMENT, "longer than 2 seconds");
		assert_int_equal(sound_from_file(path, 3, &sound, NULL), 0);
		sound_clear(&sound);
		assert_int_equal(sound_from_file(path, 0, &sound, NULL), 0);
		assert_true(sound.frames >= 32000 && sound.frames <= 32001);
		sound_clear(&sound);
		unlink(path);
	}
}

/* A header that promises hours in front of a second of data. */
static void test_recording_whose_header_lies(void **state)
{
	_cleanup_(sound_clear) struct sound sound = { .samples = NULL };
	const char *path = tone_write("lie.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 1);
	FILE *file = fopen(path, "r+");
	struct why why = { "" };
	int r;

	fseek(file, 40, SEEK_SET);
	assert_int_equal(fwrite("\xf0\xff\xff\x7f", 1, 4, file), 4);
	fclose(file);
	r = sound_from_file(path, 60, &sound, &why);
	if (r == 0)
		assert_int_equal(sound.frames, SOUND_RATE_HZ);
	else
		assert_answer(r, ANSWER_INVALID_ARGUMENT, why);
	/* Cut in the middle: what is there is taken. */
	sound_clear(&sound);
	assert_int_equal(truncate(path, 44 + 22050 * 2), 0);
	assert_int_equal(sound_from_file(path, 60, &sound, &why), 0);
	assert_int_equal(sound.frames, SOUND_RATE_HZ / 2);
	assert_true(tone_error(&sound, 0.5) < 0.005);
	unlink(path);
}

static void test_recording_of_no_numbers(void **state)
{
	_cleanup_(sound_clear) struct sound sound = { .samples = NULL };
	const float values[] = { NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 1.f, -1.f, 0.25f };
	const int16_t expected[] = { 0, 32767, -32768, 32767, -32768, 32767, -32768, 8192 };
	const char *path = path_of("float.wav");
	SF_INFO info = { .samplerate = 16000,
			 .channels = 1,
			 .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT };
	SNDFILE *file = sf_open(path, SFM_WRITE, &info);

	assert_int_equal(sf_writef_float(file, values, ARRAY_SIZE(values)), ARRAY_SIZE(values));
	sf_close(file);
	assert_int_equal(sound_from_file(path, 60, &sound, NULL), 0);
	assert_int_equal(sound.frames, ARRAY_SIZE(values));
	assert_memory_equal(sound.samples->bytes, expected, sizeof(expected));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recording_formats),
		cmocka_unit_test(test_recording_other_rates),
		cmocka_unit_test(test_recording_of_a_voice_is_bit_exact),
		cmocka_unit_test(test_recording_that_is_none),
		cmocka_unit_test(test_recording_too_long),
		cmocka_unit_test(test_recording_whose_header_lies),
		cmocka_unit_test(test_recording_of_no_numbers),
	};

	return cmocka_run_group_tests_name("sound/recording", tests, group_setup, group_teardown);
}
