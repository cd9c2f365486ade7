/* SPDX-License-Identifier: Apache-2.0 */
/* R28: by a model that is missing, damaged or absurd nobody is recognised, and nothing breaks. */

#include "../plugin/recording.h"

#include <math.h>
#include "base/file.h"
#include "crypt/secret.h"
#include "speaker/enrolment.h"

#define FLIPS 400

struct file {
	char *bytes;
	size_t n;
};

static int setup(void **state)
{
	static struct file file;

	*state = &file;
	return crypt_init() || file_read_path(MODEL, SPEAKER_MODEL_BYTES_MAX, &file.bytes,
					      &file.n);
}

static int teardown(void **state)
{
	struct file *file = *state;

	free(file->bytes);
	return 0;
}

static void check_refused(const void *bytes, size_t n)
{
	struct speaker_model *model = NULL;
	struct why why = { "" };

	assert_answer(speaker_model_parse(bytes, n, &model, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_null(model);
}

static void test_the_shipped_model_is_whole_and_small(void **state)
{
	const struct file *file = *state;
	_cleanup_(speaker_model_freep) struct speaker_model *model = NULL;
	uint8_t hash[HASH_BYTES];
	struct why why;

	assert_int_equal(speaker_model_open(MODEL, &model, &why), 0);
	crypt_hash(file->bytes, file->n, hash);
	assert_memory_equal(model->hash, hash, sizeof(hash));
	assert_true(file->n <= 4u << 20);
	assert_true(speaker_threshold_at(&model->whole, -100.0f, 1) ==
		    speaker_threshold_at(&model->whole, 15.0f, 800));
	assert_true(speaker_threshold_at(&model->whole, 100.0f, 100000) ==
		    speaker_threshold_at(&model->whole, 40.0f, 8000));
}

static void check_hears(struct speech *speech, const char *name)
{
	struct recording recording = recording_read(name);
	struct why why;

	assert_int_equal(speech_hear(speech, recording.samples, recording.frames, &why), 0);
	recording_free(&recording);
}

/* tests/unit/speaker/golden-point.txt: what script/voice makes of the same. */
static void test_points_as_numpy_makes_them(void **state)
{
	_cleanup_(speaker_model_freep) struct speaker_model *model = NULL;
	_cleanup_(speech_freep) struct speech *speech = NULL;
	_cleanup_(cleanup_fclose) FILE *golden = fopen(GOLDEN_POINT, "r");
	struct voiceprint voiceprint = { .utterances = 1 };
	float margin, clear_db, speech_s, asked;
	unsigned times = 0;
	struct why why;

	assert_non_null(golden);
	assert_int_equal(speaker_model_open(MODEL, &model, &why), 0);
	assert_int_equal(speech_new(model, &speech), 0);
	check_hears(speech, "goforward.raw");
	assert_int_equal(fscanf(golden, "%u", &voiceprint.n), 1);
	assert_int_equal(voiceprint.n, model->dimensions);
	memcpy(voiceprint.model, model->hash, sizeof(model->hash));
	for (unsigned i = 0; i < voiceprint.n; i++) {
		assert_int_equal(fscanf(golden, "%f", &voiceprint.point[i]), 1);
		assert_true(fabsf(speech_point(speech)[i] - voiceprint.point[i]) < 1e-2f);
	}
	/* Not long enough to be two. */
	assert_true(speech_one_voice(speech, &voiceprint) == INFINITY);
	check_hears(speech, "librivox/sense_and_sensibility_01_austen_64kb-0880.wav");
	assert_int_equal(fscanf(golden, "%f", &margin), 1);
	assert_true(fabsf(speech_one_voice(speech, &voiceprint) - margin) < 2e-2f);
	for (; fscanf(golden, "%f %f %f", &clear_db, &speech_s, &asked) == 3; times++)
		assert_true(fabsf(speaker_threshold_at(&model->whole, clear_db,
						       (uint32_t)(1000.0f * speech_s)) -
				  asked) < 1e-3f);
	assert_true(times > 1);
}

static void test_r28_no_model_and_half_a_model(void **state)
{
	const struct file *file = *state;
	struct speaker_model *model = NULL;
	struct why why = { "" };

	assert_answer(speaker_model_open("/nowhere/speaker.model", &model, &why), ANSWER_NOT_FOUND,
		      why);
	assert_answer(speaker_model_open("/", &model, &why), ANSWER_INVALID_ARGUMENT, why);
	for (size_t n = 0; n < file->n; n += n < 64 ? 1 : file->n / 16)
		check_refused(file->bytes, n);
}

static uint64_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

static void test_r28_one_flipped_bit(void **state)
{
	struct file *file = *state;
	uint64_t seed = 7;

	for (unsigned i = 0; i < FLIPS; i++) {
		size_t at = i < 64 ? i : next(&seed) % file->n;
		char bit = (char)(1 << next(&seed) % 8);

		file->bytes[at] ^= bit;
		check_refused(file->bytes, file->n);
		file->bytes[at] ^= bit;
	}
}

static void checksum_repair(struct file *file)
{
	crypt_hash(file->bytes, file->n - HASH_BYTES,
		   (uint8_t *)file->bytes + file->n - HASH_BYTES);
}

/* A model somebody made on purpose: whatever is in it, it is refused or gives numbers or none. */
static void check_survives(const struct file *file, const struct recording *recording)
{
	_cleanup_(speaker_model_freep) struct speaker_model *model = NULL;
	_cleanup_(speech_freep) struct speech *speech = NULL;
	struct voiceprint voiceprint = { .utterances = 5 };
	struct why why = { "" };
	int r = speaker_model_parse(file->bytes, file->n, &model, &why);

	assert_true(r == 0 || r == ANSWER_INVALID_ARGUMENT);
	if (r)
		return;
	assert_int_equal(speech_new(model, &speech), 0);
	r = speech_hear(speech, recording->samples, recording->frames, &why);
	assert_true(r == 0 || r == ANSWER_INVALID_ARGUMENT);
	voiceprint.n = model->dimensions;
	memcpy(voiceprint.model, model->hash, sizeof(model->hash));
	if (r == 0)
		assert_false(isnan(voiceprint_score(model, &voiceprint, speech_point(speech))));
}

static void test_r28_flips_with_a_right_checksum(void **state)
{
	struct file *file = *state;
	struct recording recording = recording_read("goforward.raw");
	uint64_t seed = 11;

	for (unsigned i = 0; i < 60; i++) {
		size_t at = i < 20 ? i : i < 40 ? 20 + next(&seed) % 41472 :
			    file->n - HASH_BYTES - 4 * (1 + next(&seed) % 16000);
		char kept[4];

		memcpy(kept, file->bytes + at, sizeof(kept));
		file->bytes[at + next(&seed) % 4] ^= (char)(1 << next(&seed) % 8);
		if (i % 5 == 0)
			memset(file->bytes + at, (int)next(&seed), sizeof(kept));
		checksum_repair(file);
		check_survives(file, &recording);
		memcpy(file->bytes + at, kept, sizeof(kept));
	}
	checksum_repair(file);
	recording_free(&recording);
}

static void test_r28_another_models_voiceprint_never_scores(void **state)
{
	_cleanup_(speaker_model_freep) struct speaker_model *model = NULL;
	struct voiceprint voiceprint = { .utterances = 5 };
	float point[VOICEPRINT_DIMENSIONS_MAX] = { 0 };
	struct why why;

	assert_int_equal(speaker_model_open(MODEL, &model, &why), 0);
	voiceprint.n = model->dimensions;
	memcpy(voiceprint.model, model->hash, sizeof(model->hash));
	assert_true(isfinite(voiceprint_score(model, &voiceprint, point)));
	voiceprint.model[31] ^= 1;
	assert_true(voiceprint_score(model, &voiceprint, point) == -INFINITY);
	voiceprint.model[31] ^= 1;
	voiceprint.n--;
	assert_true(voiceprint_score(model, &voiceprint, point) == -INFINITY);
	voiceprint.n++;
	point[model->dimensions - 1] = NAN;
	assert_true(voiceprint_score(model, &voiceprint, point) == -INFINITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_shipped_model_is_whole_and_small),
		cmocka_unit_test(test_points_as_numpy_makes_them),
		cmocka_unit_test(test_r28_no_model_and_half_a_model),
		cmocka_unit_test(test_r28_one_flipped_bit),
		cmocka_unit_test(test_r28_flips_with_a_right_checksum),
		cmocka_unit_test(test_r28_another_models_voiceprint_never_scores),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
