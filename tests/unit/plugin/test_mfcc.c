/* SPDX-License-Identifier: Apache-2.0 */
/* The features of an utterance: the same however it comes, without its mean, and gone with it. */

#include "recording.h"

#include <math.h>
#include <pocketsphinx.h>
#include <sphinxbase/err.h>
#include "crypt/secret.h"
#include "mfcc.h"

#define WIDTH 13

struct made {
	cmd_ln_t *config;
	struct mfcc *mfcc;
	struct recording recording;
};

static int setup(void **state)
{
	struct made *made = calloc(1, sizeof(*made));

	err_set_logfp(NULL);
	made->config = cmd_ln_init(NULL, ps_args(), TRUE, "-remove_silence", "yes", NULL);
	assert_non_null(made->config);
	assert_int_equal(crypt_init(), 0);
	assert_int_equal(mfcc_new(made->config, &made->mfcc), 0);
	made->recording = recording_read("goforward.raw");
	*state = made;
	return 0;
}

static int teardown(void **state)
{
	struct made *made = *state;

	mfcc_free(made->mfcc);
	cmd_ln_free_r(made->config);
	recording_free(&made->recording);
	free(made);
	return 0;
}

static void add(struct mfcc *mfcc, const int16_t *samples, size_t n, size_t step)
{
	assert_int_equal(mfcc_begin(mfcc), 0);
	for (size_t i = 0; i < n; i += step)
		assert_int_equal(mfcc_add(mfcc, samples + i, n - i < step ? n - i : step), 0);
	assert_int_equal(mfcc_end(mfcc), 0);
}

/* All of it, a block after the other. */
static unsigned copy(struct mfcc *mfcc, float ret[static MFCC_MAX * WIDTH])
{
	unsigned at = 0;

	while (at < mfcc_count(mfcc)) {
		mfcc_t **block;
		unsigned n = mfcc_block(mfcc, at, &block);

		assert_in_range(n, 1, MFCC_BLOCK);
		for (unsigned i = 0; i < n; i++)
			memcpy(ret + (at + i) * WIDTH, block[i], WIDTH * sizeof(*ret));
		at += n;
	}
	return at;
}

static void test_it_does_not_matter_in_what_pieces_it_comes(void **state)
{
	static float whole[MFCC_MAX * WIDTH], pieces[MFCC_MAX * WIDTH];
	static const size_t steps[] = { 160, 1000, 7777 };
	struct made *made = *state;
	unsigned n;

	add(made->mfcc, made->recording.samples, made->recording.frames, made->recording.frames);
	n = copy(made->mfcc, whole);
	assert_in_range(n, 100, made->recording.frames / 160);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		add(made->mfcc, made->recording.samples, made->recording.frames, steps[i]);
		assert_int_equal(copy(made->mfcc, pieces), n);
		for (unsigned k = 0; k < n * WIDTH; k++)
			assert_true(fabsf(whole[k] - pieces[k]) < 1e-3f);
	}
}

/* Loudness is in the first value; twice as loud is a constant, and must be taken off. */
static void test_the_mean_is_taken_off(void **state)
{
	static float once[MFCC_MAX * WIDTH], twice[MFCC_MAX * WIDTH];
	struct made *made = *state;
	struct recording *recording = &made->recording;
	double sum = 0.0, apart = 0.0;
	unsigned n;

	for (size_t i = 0; i < recording->frames; i++)
		recording->samples[i] /= 4;
	add(made->mfcc, recording->samples, recording->frames, 160);
	n = copy(made->mfcc, once);
	for (size_t i = 0; i < recording->frames; i++)
		recording->samples[i] *= 2;
	add(made->mfcc, recording->samples, recording->frames, 160);
	assert_int_equal(copy(made->mfcc, twice), n);
	for (unsigned i = 0; i < n; i++) {
		sum += once[i * WIDTH];
		apart += fabsf(once[i * WIDTH] - twice[i * WIDTH]);
	}
	assert_true(fabs(sum / n) < 0.5);
	assert_true(apart / n < 0.5);
}

static void test_what_is_beyond_the_longest_utterance_is_left_out(void **state)
{
	struct made *made = *state;

	assert_int_equal(mfcc_begin(made->mfcc), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(mfcc_add(made->mfcc, made->recording.samples,
					  made->recording.frames), 0);
	assert_int_equal(mfcc_end(made->mfcc), 0);
	assert_int_equal(mfcc_count(made->mfcc), MFCC_MAX);
}

/* R1: of the last utterance nothing is left. */
static void test_r1_a_new_utterance_wipes_the_last(void **state)
{
	struct made *made = *state;
	mfcc_t **block;

	add(made->mfcc, made->recording.samples, made->recording.frames, 160);
	mfcc_block(made->mfcc, 0, &block);
	assert_true(block[0][0] != 0.0f || block[1][0] != 0.0f);
	assert_int_equal(mfcc_begin(made->mfcc), 0);
	assert_int_equal(mfcc_count(made->mfcc), 0);
	for (unsigned i = 0; i < MFCC_BLOCK; i++)
		for (unsigned k = 0; k < WIDTH; k++)
			assert_true(block[i][k] == 0.0f);
}

#define MADE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MADE(test_it_does_not_matter_in_what_pieces_it_comes),
		MADE(test_the_mean_is_taken_off),
		MADE(test_what_is_beyond_the_longest_utterance_is_left_out),
		MADE(test_r1_a_new_utterance_wipes_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
