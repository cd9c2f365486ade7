/* SPDX-License-Identifier: Apache-2.0 */
/* The sound's way to numbers: the same in C as in numpy, and nothing left of the one before. */

#include "../plugin/recording.h"

#include <math.h>
#include "crypt/secret.h"
#include "speaker/cepstra.h"

static int setup(void **state)
{
	return crypt_init();
}

static struct recording forward(void)
{
	return recording_read("goforward.raw");
}

/* tests/unit/speaker/golden-cepstra.txt: what script/voice/features.py makes of it. */
static void test_as_numpy_makes_them(void **state)
{
	_cleanup_(cepstra_freep) struct cepstra *cepstra = NULL;
	_cleanup_(cleanup_fclose) FILE *golden = fopen(GOLDEN, "r");
	struct recording recording = forward();
	unsigned frames, speech, place, compared = 0;
	float vector[CEPSTRA_DIMENSIONS];

	assert_non_null(golden);
	assert_int_equal(cepstra_new(&cepstra), 0);
	cepstra_push(cepstra, recording.samples, recording.frames);
	assert_int_equal(fscanf(golden, "frames %u speech %u", &frames, &speech), 2);
	assert_int_equal((recording.frames - CEPSTRA_FRAME) / CEPSTRA_HOP + 1, frames);
	assert_int_equal(cepstra_gate(cepstra), speech);
	while (fscanf(golden, " frame %u", &place) == 1) {
		cepstra_vector(cepstra, place, vector);
		for (unsigned i = 0; i < CEPSTRA_DIMENSIONS; i++) {
			float expected;

			assert_int_equal(fscanf(golden, "%f", &expected), 1);
			assert_true(fabsf(vector[i] - expected) < 1e-3f);
			compared++;
		}
	}
	assert_int_equal(compared, 6 * CEPSTRA_DIMENSIONS);
	recording_free(&recording);
}

static void test_pieces_make_the_same_as_the_whole(void **state)
{
	static const size_t pieces[] = { 1, 7, 159, 160, 161, 400, 999 };
	_cleanup_(cepstra_freep) struct cepstra *whole = NULL, *parts = NULL;
	struct recording recording = forward();
	float a[CEPSTRA_DIMENSIONS], b[CEPSTRA_DIMENSIONS];
	unsigned n;

	assert_int_equal(cepstra_new(&whole), 0);
	assert_int_equal(cepstra_new(&parts), 0);
	cepstra_push(whole, recording.samples, recording.frames);
	for (size_t i = 0, k = 0; i < recording.frames; k++) {
		size_t piece = pieces[k % ARRAY_SIZE(pieces)];

		if (piece > recording.frames - i)
			piece = recording.frames - i;
		cepstra_push(parts, recording.samples + i, piece);
		i += piece;
	}
	n = cepstra_gate(whole);
	assert_int_equal(cepstra_gate(parts), n);
	for (unsigned i = 0; i < n; i++) {
		cepstra_vector(whole, i, a);
		cepstra_vector(parts, i, b);
		assert_memory_equal(a, b, sizeof(a));
	}
	recording_free(&recording);
}

static void test_r7_nothing_is_left_after_a_reset(void **state)
{
	_cleanup_(cepstra_freep) struct cepstra *cepstra = NULL;
	struct recording recording = forward();

	assert_int_equal(cepstra_new(&cepstra), 0);
	cepstra_push(cepstra, recording.samples, recording.frames);
	assert_true(cepstra_gate(cepstra) > 0);
	assert_true(cepstra_level_db(cepstra) > 30.0f);
	cepstra_reset(cepstra);
	assert_int_equal(cepstra_gate(cepstra), 0);
	assert_true(cepstra_level_db(cepstra) == 0.0f);
	recording_free(&recording);
}

static void test_too_much_and_too_little(void **state)
{
	_cleanup_(cepstra_freep) struct cepstra *cepstra = NULL;
	static int16_t silence[CEPSTRA_RATE_HZ];
	struct noise noise = { .state = 4 };

	assert_int_equal(cepstra_new(&cepstra), 0);
	cepstra_push(cepstra, silence, CEPSTRA_FRAME - 1);
	assert_int_equal(cepstra_gate(cepstra), 0);
	cepstra_push(cepstra, silence, CEPSTRA_RATE_HZ - CEPSTRA_FRAME);
	assert_int_equal(cepstra_gate(cepstra), 0);
	for (size_t i = 0; i < CEPSTRA_RATE_HZ; i++)
		silence[i] = (int16_t)(1000.0 * noise_white(&noise));
	for (unsigned i = 0; i < 60; i++)
		cepstra_push(cepstra, silence, CEPSTRA_RATE_HZ);
	assert_true(cepstra_gate(cepstra) <= CEPSTRA_FRAMES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_numpy_makes_them),
		cmocka_unit_test(test_pieces_make_the_same_as_the_whole),
		cmocka_unit_test(test_r7_nothing_is_left_after_a_reset),
		cmocka_unit_test(test_too_much_and_too_little),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
