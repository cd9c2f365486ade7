/* SPDX-License-Identifier: Apache-2.0 */
/* Raw sound of any kind becomes what the ear hears, however it is cut into pieces. */

#include "../test.h"

#include <math.h>
#include "sound/convert.h"
#include "sound/sound.h"

#define SECONDS 1
#define TONE_HZ 440.0

/* A tone at half of full scale, in every channel. */
static uint8_t *tone_make(const struct convert_format *format, size_t *ret_bytes)
{
	size_t frames = (size_t)format->rate_hz * SECONDS;
	uint8_t *bytes, *to;

	*ret_bytes = frames * format->width * format->channels;
	to = bytes = malloc(*ret_bytes);
	assert_non_null(bytes);
	for (size_t i = 0; i < frames; i++) {
		double value = 0.5 * sin(2 * M_PI * TONE_HZ * (double)i / format->rate_hz);
		int32_t sample = (int32_t)lrint(value * 2147483647.0);

		for (unsigned c = 0; c < format->channels; c++)
			for (unsigned b = 0; b < format->width; b++)
				*to++ = (uint8_t)((uint32_t)sample >>
						  (8 * (CONVERT_WIDTH_MAX - format->width + b)));
	}
	return bytes;
}

static size_t run_all(struct convert *convert, const uint8_t *bytes, size_t n, size_t piece,
		      int16_t *samples, size_t max)
{
	static int16_t some[CONVERT_PIECE_FRAMES];
	size_t given = 0;

	for (size_t done = 0; done < n; done += piece) {
		size_t got = convert_run(convert, bytes + done, n - done < piece ? n - done : piece,
					 some);

		assert_true(got <= CONVERT_PIECE_FRAMES && given + got <= max);
		memcpy(samples + given, some, got * sizeof(*some));
		given += got;
	}
	return given;
}

static void test_wyoming_8_any_rate_width_and_channels(void **state)
{
	static const unsigned rates[] = { 4000, 8000, 11025, 16000, 22050, 44100, 48000, 384000 };
	static int16_t samples[SOUND_RATE_HZ * SECONDS + 1000];

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
		for (unsigned width = 1; width <= CONVERT_WIDTH_MAX; width++)
			for (unsigned channels = 1; channels <= 6; channels += 5) {
				const struct convert_format format = { rates[i], width, channels };
				_cleanup_(convert_freep) struct convert *convert = NULL;
				_cleanup_(cleanup_free) uint8_t *bytes = NULL;
				double wrong = 0;
				size_t n, given;

				bytes = tone_make(&format, &n);
				assert_int_equal(convert_new(&format, &convert, NULL), 0);
				given = run_all(convert, bytes, n, CONVERT_PIECE_BYTES, samples,
						ARRAY_SIZE(samples));
				assert_in_range(given, SOUND_RATE_HZ - 700, SOUND_RATE_HZ);
				for (size_t k = 400; k + 400 < given; k++) {
					double want = 16384 * sin(2 * M_PI * TONE_HZ * (double)k /
								  SOUND_RATE_HZ);

					wrong = fmax(wrong, fabs(samples[k] - want));
				}
				/* Eight bits are coarse; everything else is within a quarter of a
				 * thousandth of full scale. */
				assert_true(wrong < (width == 1 ? 512 : 8.2));
				assert_int_equal(convert_left(convert), 0);
			}
}

static void test_wyoming_8_what_needs_no_conversion_is_bit_for_bit(void **state)
{
	static const struct convert_format format = { SOUND_RATE_HZ, 2, 1 };
	static int16_t in[65536], out[65536];
	struct convert *convert = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		in[i] = (int16_t)(i - 32768);
	assert_int_equal(convert_new(&format, &convert, NULL), 0);
	assert_int_equal(run_all(convert, (const uint8_t *)in, sizeof(in), 333, out,
				 ARRAY_SIZE(out)), ARRAY_SIZE(out));
	assert_memory_equal(in, out, sizeof(in));
	convert_free(convert);
}

/* Where the stream is cut makes no difference, in the middle of a sample either. */
static void test_pieces_do_not_matter(void **state)
{
	static const struct convert_format format = { 44100, 3, 2 };
	static int16_t whole[SOUND_RATE_HZ + 100], cut[SOUND_RATE_HZ + 100];
	struct convert *convert = NULL;
	size_t n, given;
	uint8_t *bytes = tone_make(&format, &n);

	assert_int_equal(convert_new(&format, &convert, NULL), 0);
	given = run_all(convert, bytes, n, CONVERT_PIECE_BYTES, whole, ARRAY_SIZE(whole));
	convert = convert_free(convert);
	for (size_t piece = 1; piece < 40; piece += 12) {
		assert_int_equal(convert_new(&format, &convert, NULL), 0);
		assert_in_range(run_all(convert, bytes, n, piece, cut, ARRAY_SIZE(cut)), given,
				given);
		assert_memory_equal(whole, cut, given * sizeof(*cut));
		convert = convert_free(convert);
	}
	assert_int_equal(convert_new(&format, &convert, NULL), 0);
	run_all(convert, bytes, 5, 5, cut, ARRAY_SIZE(cut));
	assert_int_equal(convert_left(convert), 5);
	convert_free(convert);
	free(bytes);
}

static void test_other_kinds_are_refused(void **state)
{
	static const struct convert_format wrong[] = {
		{ 0, 2, 1 }, { 3999, 2, 1 }, { 384001, 2, 1 }, { 16000, 0, 1 }, { 16000, 5, 1 },
		{ 16000, 2, 0 }, { 16000, 2, 33 }, { UINT32_MAX, UINT32_MAX, UINT32_MAX },
	};
	struct convert *convert = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct why why = { "" };

		assert_answer(convert_new(&wrong[i], &convert, &why), ANSWER_INVALID_ARGUMENT, why);
		assert_null(convert);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wyoming_8_any_rate_width_and_channels),
		cmocka_unit_test(test_wyoming_8_what_needs_no_conversion_is_bit_for_bit),
		cmocka_unit_test(test_pieces_do_not_matter),
		cmocka_unit_test(test_other_kinds_are_refused),
	};

	if (crypt_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
