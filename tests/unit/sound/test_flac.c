/* SPDX-License-Identifier: Apache-2.0 */
/* FLAC in memory: bit for bit, and nothing but FLAC. */

#include "unit/sound/sound_test.h"

#include <dirent.h>
#include <fcntl.h>

static void assert_round_trip(const int16_t *samples, size_t frames, unsigned rate_hz)
{
	_cleanup_(secret_freep) struct secret *flac = NULL;
	_cleanup_(sound_clear) struct sound sound = { .samples = NULL };
	struct why why = { "" };

	assert_int_equal(sound_to_flac(samples, frames, rate_hz, &flac), 0);
	assert_int_equal(sound_from_flac(flac->bytes, flac->n, &sound, &why), 0);
	assert_int_equal(sound.rate_hz, rate_hz);
	assert_int_equal(sound.frames, frames);
	assert_int_equal(sound.samples->n, frames * 2);
	assert_memory_equal(sound.samples->bytes, samples, frames * 2);
}

static void test_flac_of_a_recording_is_bit_exact(void **state)
{
	_cleanup_(cleanup_free) int16_t *samples = NULL;
	_cleanup_(secret_freep) struct secret *flac = NULL;
	size_t frames;

	samples = recording_read(&frames);
	assert_round_trip(samples, frames, SOUND_RATE_HZ);
	assert_int_equal(sound_to_flac(samples, frames, SOUND_RATE_HZ, &flac), 0);
	assert_true(flac->n < frames * 2 * 3 / 4);
}

static void test_flac_of_noise_and_extremes_is_bit_exact(void **state)
{
	const size_t longest = (size_t)SOUND_SECONDS_MAX * SOUND_RATE_HZ;
	_cleanup_(secret_freep) struct secret *noise = NULL, *flac = NULL;
	int16_t square[1000];

	/* A minute that does not compress at all still fits an envelope (2 MiB). */
	assert_int_equal(secret_random(longest * 2, &noise), 0);
	assert_round_trip((int16_t *)(void *)noise->bytes, longest, SOUND_RATE_HZ);
	assert_int_equal(sound_to_flac((int16_t *)(void *)noise->bytes, longest, SOUND_RATE_HZ,
				       &flac),
			 0);
	assert_true(flac->n <= 2 * 1024 * 1024);
	for (size_t i = 0; i < ARRAY_SIZE(square); i++)
		square[i] = i / 7 % 2 ? INT16_MAX : INT16_MIN;
	assert_round_trip(square, ARRAY_SIZE(square), 8000);
	assert_round_trip(square, ARRAY_SIZE(square), 48000);
	assert_round_trip(square, 1, SOUND_RATE_HZ);
}

static void test_flac_out_of_range_is_a_fault(void **state)
{
	_cleanup_(secret_freep) struct secret *samples = NULL;
	const size_t over = (size_t)SOUND_SECONDS_MAX * SOUND_RATE_HZ + 1;
	struct secret *flac = NULL;

	assert_int_equal(secret_new(over * 2, &samples), 0);
	assert_true(sound_to_flac((int16_t *)(void *)samples->bytes, over, SOUND_RATE_HZ, &flac) <
		    0);
	assert_true(sound_to_flac((int16_t *)(void *)samples->bytes, 0, SOUND_RATE_HZ, &flac) < 0);
	assert_true(sound_to_flac((int16_t *)(void *)samples->bytes, 9, 7999, &flac) < 0);
	assert_true(sound_to_flac((int16_t *)(void *)samples->bytes, 9, 48001, &flac) < 0);
	assert_null(flac);
}

static void assert_refused(const void *bytes, size_t n)
{
	struct sound sound = { .frames = 7 };
	struct why why = { "" };

	assert_answer(sound_from_flac(bytes, n, &sound, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_null(sound.samples);
	assert_int_equal(sound.frames, 7);
}

static void test_only_flac_is_read_as_flac(void **state)
{
	_cleanup_(sound_clear) struct sound sound = { .rate_hz = SOUND_RATE_HZ, .frames = 100 };
	_cleanup_(secret_freep) struct secret *wav = NULL, *flac = NULL, *tagged = NULL;

	assert_int_equal(secret_new(200, &sound.samples), 0);
	assert_int_equal(sound_to_wav(&sound, &wav), 0);
	assert_refused(wav->bytes, wav->n);
	assert_refused("", 0);
	assert_refused("fLa", 3);
	assert_refused("fLaC", 4);
	assert_refused("fLaCfLaCfLaCfLaCfLaCfLaCfLaCfLaCfLaCfLaC", 40);
	/* A tag in front, which libsndfile would step over. */
	assert_int_equal(sound_to_flac(samples_of(&sound), sound.frames, sound.rate_hz, &flac), 0);
	assert_int_equal(secret_new(10 + flac->n, &tagged), 0);
	memcpy(tagged->bytes, "ID3\x04\0\0\0\0\0\0", 10);
	memcpy(tagged->bytes + 10, flac->bytes, flac->n);
	assert_refused(tagged->bytes, tagged->n);
}

static void test_flac_cut_is_refused(void **state)
{
	_cleanup_(secret_freep) struct secret *flac = NULL;
	int16_t samples[20000];

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		samples[i] = (int16_t)lrint(20000 * tone(i, 440, SOUND_RATE_HZ));
	assert_int_equal(sound_to_flac(samples, ARRAY_SIZE(samples), SOUND_RATE_HZ, &flac), 0);
	for (size_t n = 0; n < flac->n; n += n < 200 ? 1 : 97)
		assert_refused(flac->bytes, n);
}

/* A decoder may conceal a broken frame; whatever comes, it must be whole or refused. */
static void test_flac_changed_never_harms(void **state)
{
	_cleanup_(secret_freep) struct secret *flac = NULL;
	int16_t samples[5000];

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		samples[i] = (int16_t)lrint(20000 * tone(i, 440, SOUND_RATE_HZ));
	assert_int_equal(sound_to_flac(samples, ARRAY_SIZE(samples), SOUND_RATE_HZ, &flac), 0);
	for (size_t i = 0; i < flac->n; i++) {
		_cleanup_(sound_clear) struct sound sound = { .samples = NULL };
		struct why why = { "" };
		int r;

		flac->bytes[i] ^= 0x55;
		r = sound_from_flac(flac->bytes, flac->n, &sound, &why);
		if (r == 0)
			assert_int_equal(sound.samples->n, sound.frames * 2);
		else
			assert_answer(r, ANSWER_INVALID_ARGUMENT, why);
		flac->bytes[i] ^= 0x55;
	}
}

static unsigned entries_of(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_r7_flac_opens_no_file(void **state)
{
	_cleanup_(secret_freep) struct secret *flac = NULL;
	_cleanup_(sound_clear) struct sound sound = { .samples = NULL };
	int16_t samples[1600] = { 0 };
	unsigned before = entries_of("/proc/self/fd");

	/* With no descriptor to be had, it works all the same. */
	while (dup(0) >= 0)
		;
	assert_int_equal(sound_to_flac(samples, ARRAY_SIZE(samples), SOUND_RATE_HZ, &flac), 0);
	assert_int_equal(sound_from_flac(flac->bytes, flac->n, &sound, NULL), 0);
	for (int fd = (int)before; fd < 1 << 20 && close(fd) == 0; fd++)
		;
}

static void test_wav_bytes(void **state)
{
	_cleanup_(sound_clear) struct sound sound = { .rate_hz = 16000, .frames = 3 };
	_cleanup_(secret_freep) struct secret *wav = NULL;
	const int16_t samples[] = { 1, -2, 32767 };
	static const uint8_t expected[] =
		"RIFF\x2a\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0"
		"data\6\0\0\0\1\0\xfe\xff\xff\x7f";

	assert_int_equal(secret_from(samples, sizeof(samples), &sound.samples), 0);
	assert_int_equal(sound_to_wav(&sound, &wav), 0);
	assert_int_equal(wav->n, sizeof(expected) - 1);
	assert_memory_equal(wav->bytes, expected, wav->n);
	wav = secret_free(wav);
	sound.frames = 4;
	assert_true(sound_to_wav(&sound, &wav) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flac_of_a_recording_is_bit_exact),
		cmocka_unit_test(test_flac_of_noise_and_extremes_is_bit_exact),
		cmocka_unit_test(test_flac_out_of_range_is_a_fault),
		cmocka_unit_test(test_only_flac_is_read_as_flac),
		cmocka_unit_test(test_flac_cut_is_refused),
		cmocka_unit_test(test_flac_changed_never_harms),
		cmocka_unit_test(test_r7_flac_opens_no_file),
		cmocka_unit_test(test_wav_bytes),
	};

	return cmocka_run_group_tests_name("sound/flac", tests, sound_setup, NULL);
}
