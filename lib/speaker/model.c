/* SPDX-License-Identifier: Apache-2.0 */

/* The model from its file. Whatever is wrong with the file, nobody is recognised by it and nothing
 * is read past its end. */

#include "speaker/model.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "crypt/secret.h"
#include "speaker/bytes.h"
#include "speaker/cepstra.h"

#define F CEPSTRA_DIMENSIONS
#define HEADER_BYTES 20
#define THRESHOLD_NUMBERS 4
#define THRESHOLDS_BYTES (3 * THRESHOLD_NUMBERS * 4)
#define DEVIATION_MIN 1e-3f
/* Far beyond what training makes, and far from what single precision cannot multiply. */
#define NUMBER_MAX 1e6f
/* Beyond these a threshold changes no more. */
#define CLEARANCE_MIN_DB 15.0f
#define CLEARANCE_MAX_DB 40.0f
#define SPEECH_MIN_S 0.8f
#define SPEECH_MAX_S 8.0f

static const uint8_t magic[8] = { 'c', 'u', 'b', 'b', 'y', 's', 'p', '4' };

struct speaker_model *speaker_model_free(struct speaker_model *model)
{
	if (!model)
		return NULL;
	free(model->constants);
	free(model->linear);
	free(model->square);
	free(model->means);
	free(model->steepness);
	free(model->scales);
	free(model->extractor);
	free(model->square_scales);
	free(model->squares);
	free(model->offset);
	free(model->whitening);
	free(model->projection);
	free(model->centre);
	free(model->spread);
	free(model);
	return NULL;
}

static size_t triangle(size_t rank)
{
	return rank * (rank + 1) / 2;
}

static bool sizes_read(const uint8_t *header, struct speaker_model *model)
{
	model->components = bytes_u16(header + 10);
	model->rank = bytes_u16(header + 12);
	model->dimensions = bytes_u16(header + 14);
	return bytes_u16(header + 8) == F && bytes_u32(header + 16) == 0 &&
	       model->components >= 1 && model->components <= SPEAKER_COMPONENTS_MAX &&
	       model->rank >= 1 && model->rank <= SPEAKER_RANK_MAX &&
	       model->dimensions >= 1 && model->dimensions <= model->rank &&
	       model->dimensions <= VOICEPRINT_DIMENSIONS_MAX;
}

static size_t file_bytes(const struct speaker_model *model)
{
	size_t c = model->components, r = model->rank, k = model->dimensions;

	return HEADER_BYTES + 4 * (2 * c + 2 * c * F) + 2 * c * F * r +
	       4 * (r + r * r + r * k + 2 * k) + THRESHOLDS_BYTES + HASH_BYTES;
}

static float *numbers(size_t n)
{
	return calloc(n, sizeof(float));
}

static bool allocate(struct speaker_model *model)
{
	size_t c = model->components, r = model->rank, k = model->dimensions;

	model->constants = numbers(c);
	model->linear = numbers(c * F);
	model->square = numbers(c * F);
	model->means = numbers(c * F);
	model->steepness = numbers(c * F);
	model->scales = numbers(c);
	model->extractor = calloc(c * F * r, sizeof(int16_t));
	model->square_scales = numbers(c);
	model->squares = calloc(c * triangle(r), sizeof(int16_t));
	model->offset = numbers(r);
	model->whitening = numbers(r * r);
	model->projection = numbers(r * k);
	model->centre = numbers(k);
	model->spread = numbers(k);
	return model->constants && model->linear && model->square && model->means &&
	       model->steepness && model->scales && model->extractor &&
	       model->square_scales && model->squares && model->offset && model->whitening &&
	       model->projection && model->centre && model->spread;
}

/* Whether all can be, and none is below `least`. */
static bool numbers_read(const uint8_t **from, float *ret, size_t n, float least)
{
	bool good = true;

	for (size_t i = 0; i < n; i++, *from += 4) {
		ret[i] = bytes_f32(*from);
		good = good && fabsf(ret[i]) <= NUMBER_MAX && ret[i] >= least;
	}
	return good;
}

/* From weights (in constants), means and deviations (in steepness) to what scores a frame. */
static void mixture_prepare(struct speaker_model *model)
{
	for (unsigned c = 0; c < model->components; c++) {
		double constant = log(model->constants[c]);

		for (unsigned f = 0; f < F; f++) {
			size_t there = (size_t)f * model->components + c, here = (size_t)c * F + f;
			double deviation = model->steepness[here], mean = model->means[here];
			double sharp = 1.0 / (deviation * deviation);

			constant -= 0.5 * (log(2.0 * M_PI * deviation * deviation) +
					   mean * mean * sharp);
			model->linear[there] = (float)(mean * sharp);
			model->square[there] = (float)(-0.5 * sharp);
			model->steepness[here] = model->scales[c] / (float)deviation;
		}
		model->constants[c] = (float)constant;
	}
}

/* What each component adds to the certainty of a point, for each frame that falls to it. In half
 * the bytes of float: this is most of what the model takes in memory. */
static void squares_prepare(struct speaker_model *model)
{
	static const float full = INT16_MAX;
	unsigned r = model->rank;
	float square[SPEAKER_RANK_MAX * (SPEAKER_RANK_MAX + 1) / 2];

	for (unsigned c = 0; c < model->components; c++) {
		int16_t *ret = model->squares + c * triangle(r);
		float scale = model->scales[c] * model->scales[c], most = 1e-30f;

		memset(square, 0, sizeof(square));
		for (unsigned f = 0; f < F; f++) {
			const int16_t *row = model->extractor + ((size_t)c * F + f) * r;
			float *to = square;

			for (unsigned i = 0; i < r; i++)
				for (unsigned j = 0; j <= i; j++)
					*to++ += scale * row[i] * row[j];
		}
		for (size_t i = 0; i < triangle(r); i++)
			most = fmaxf(most, fabsf(square[i]));
		model->square_scales[c] = most / full;
		for (size_t i = 0; i < triangle(r); i++)
			ret[i] = (int16_t)lrintf(square[i] / most * full);
	}
}

static bool threshold_read(const uint8_t **from, struct speaker_threshold *ret)
{
	float row[THRESHOLD_NUMBERS] = { 0 };
	bool good = numbers_read(from, row, THRESHOLD_NUMBERS, -NUMBER_MAX);

	*ret = (struct speaker_threshold) { row[0], row[1], row[2], row[3] };
	return good;
}

static bool body_read(const uint8_t *from, struct speaker_model *model)
{
	size_t c = model->components, r = model->rank, k = model->dimensions;
	bool good = numbers_read(&from, model->constants, c, 1e-12f);

	good = numbers_read(&from, model->means, c * F, -NUMBER_MAX) && good;
	good = numbers_read(&from, model->steepness, c * F, DEVIATION_MIN) && good;
	good = numbers_read(&from, model->scales, c, 0.0f) && good;
	for (size_t i = 0; i < c * F * r; i++, from += 2)
		model->extractor[i] = (int16_t)bytes_u16(from);
	good = numbers_read(&from, model->offset, r, -NUMBER_MAX) && good;
	good = numbers_read(&from, model->whitening, r * r, -NUMBER_MAX) && good;
	good = numbers_read(&from, model->projection, r * k, -NUMBER_MAX) && good;
	good = numbers_read(&from, model->centre, k, -NUMBER_MAX) && good;
	good = numbers_read(&from, model->spread, k, 0.0f) && good;
	good = threshold_read(&from, &model->whole) && good;
	good = threshold_read(&from, &model->following) && good;
	return threshold_read(&from, &model->split) && good;
}

static int damaged(struct why *why, const char *what)
{
	return answer_why(why, ANSWER_INVALID_ARGUMENT, "the speaker model %s", what);
}

int speaker_model_parse(const void *bytes, size_t n, struct speaker_model **ret, struct why *why)
{
	_cleanup_(speaker_model_freep) struct speaker_model *model = calloc(1, sizeof(*model));
	const uint8_t *file = bytes;
	uint8_t sum[HASH_BYTES];

	if (!model)
		return fault_origin(-ENOMEM);
	if (n < HEADER_BYTES + HASH_BYTES || memcmp(file, magic, sizeof(magic)) != 0)
		return damaged(why, "is not of a kind that this version reads");
	crypt_hash(file, n - HASH_BYTES, sum);
	if (memcmp(sum, file + n - HASH_BYTES, HASH_BYTES) != 0)
		return damaged(why, "is damaged: its checksum is wrong");
	if (!sizes_read(file, model) || n != file_bytes(model))
		return damaged(why, "is damaged: its sizes do not fit");
	if (!allocate(model))
		return fault_origin(-ENOMEM);
	if (!body_read(file + HEADER_BYTES, model))
		return damaged(why, "is damaged: it holds numbers that cannot be");
	crypt_hash(file, n, model->hash);
	mixture_prepare(model);
	squares_prepare(model);
	*ret = take(model);
	return 0;
}

int speaker_model_open(const char *path, struct speaker_model **ret, struct why *why)
{
	_cleanup_(cleanup_free) char *text = NULL;
	size_t n;
	int r = file_read_path(path, SPEAKER_MODEL_BYTES_MAX, &text, &n);

	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r, "there is no speaker model %s", path);
	if (r < 0)
		return damaged(why, "cannot be read");
	return speaker_model_parse(text, n, ret, why);
}

float speaker_threshold_at(const struct speaker_threshold *threshold, float clearance_db,
			   uint32_t speech_ms)
{
	float clear = fminf(fmaxf(clearance_db, CLEARANCE_MIN_DB), CLEARANCE_MAX_DB);
	float speech_s = fminf(fmaxf((float)speech_ms / 1000.0f, SPEECH_MIN_S), SPEECH_MAX_S);

	return threshold->constant + threshold->per_db * clear +
	       (threshold->per_doubling + threshold->per_both * clear) * log2f(speech_s);
}
