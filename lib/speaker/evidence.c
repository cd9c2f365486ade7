/* SPDX-License-Identifier: Apache-2.0 */

/* From frames to a point. Nothing of one speaker may be left when the next is heard: who resets,
 * wipes. */

#include "speaker/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "crypt/secret.h"

#define F CEPSTRA_DIMENSIONS
/* Frames that this little of falls to a component say nothing about it. */
#define SHARE_MIN 1e-4f

struct sums {
	float counts[SPEAKER_COMPONENTS_MAX];
	float firsts[SPEAKER_COMPONENTS_MAX][F];	/* less the means, in the file's units */
	float shares[SPEAKER_COMPONENTS_MAX];
	float precision[SPEAKER_RANK_MAX * (SPEAKER_RANK_MAX + 1) / 2];
	float pull[SPEAKER_RANK_MAX];
	float white[SPEAKER_RANK_MAX];
	float vector[F];
};

struct evidence {
	const struct speaker_model *model;
	unsigned frames;
	struct secret *memory;
	struct sums *sums;
};

int evidence_new(const struct speaker_model *model, struct evidence **ret)
{
	_cleanup_(evidence_freep) struct evidence *evidence = calloc(1, sizeof(*evidence));
	int r;

	if (!evidence)
		return fault_origin(-ENOMEM);
	r = secret_new(sizeof(struct sums), &evidence->memory);
	if (r < 0)
		return fault_trace(r);
	evidence->sums = (struct sums *)(void *)evidence->memory->bytes;
	evidence->model = model;
	*ret = take(evidence);
	return 0;
}

struct evidence *evidence_free(struct evidence *evidence)
{
	if (!evidence)
		return NULL;
	secret_free(evidence->memory);
	free(evidence);
	return NULL;
}

void evidence_reset(struct evidence *evidence)
{
	evidence->frames = 0;
	secret_wipe(evidence->sums, sizeof(*evidence->sums));
}

/* Which part of the frame falls to which component. */
static void shares_find(const struct speaker_model *model, struct sums *sums)
{
	unsigned n = model->components;
	float *shares = sums->shares, top = -INFINITY, total = 0.0f;

	memcpy(shares, model->constants, n * sizeof(*shares));
	for (unsigned f = 0; f < F; f++) {
		const float *linear = model->linear + (size_t)f * n;
		const float *square = model->square + (size_t)f * n;
		float x = sums->vector[f];

		for (unsigned c = 0; c < n; c++)
			shares[c] += x * (linear[c] + square[c] * x);
	}
	for (unsigned c = 0; c < n; c++)
		top = fmaxf(top, shares[c]);
	for (unsigned c = 0; c < n; c++) {
		shares[c] = expf(shares[c] - top);
		total += shares[c];
	}
	for (unsigned c = 0; c < n; c++)
		shares[c] /= total;
}

void evidence_add(struct evidence *evidence, struct cepstra *cepstra, unsigned first, unsigned n)
{
	const struct speaker_model *model = evidence->model;
	struct sums *sums = evidence->sums;

	cepstra_mean(cepstra, first, n);
	for (unsigned i = first; i < first + n; i++) {
		cepstra_vector(cepstra, i, sums->vector);
		shares_find(model, sums);
		for (unsigned c = 0; c < model->components; c++) {
			const float *mean = model->means + (size_t)c * F;
			float share = sums->shares[c];

			if (share < SHARE_MIN)
				continue;
			sums->counts[c] += share;
			for (unsigned f = 0; f < F; f++)
				sums->firsts[c][f] += share * (sums->vector[f] - mean[f]);
		}
	}
	evidence->frames += n;
}

void evidence_merge(struct evidence *evidence, const struct evidence *more)
{
	for (unsigned c = 0; c < evidence->model->components; c++) {
		evidence->sums->counts[c] += more->sums->counts[c];
		for (unsigned f = 0; f < F; f++)
			evidence->sums->firsts[c][f] += more->sums->firsts[c][f];
	}
	evidence->frames += more->frames;
}

uint32_t evidence_speech_ms(const struct evidence *evidence)
{
	return evidence->frames * CEPSTRA_FRAME_MS;
}

/* precision = 1 + sum of counts x squares; pull = sum of extractor x firsts. */
static void equations_fill(const struct evidence *evidence)
{
	const struct speaker_model *model = evidence->model;
	struct sums *sums = evidence->sums;
	size_t r = model->rank, n = r * (r + 1) / 2;

	memset(sums->precision, 0, sizeof(sums->precision));
	memset(sums->pull, 0, sizeof(sums->pull));
	for (size_t i = 0; i < r; i++)
		sums->precision[i * (i + 1) / 2 + i] = 1.0f;
	for (unsigned c = 0; c < model->components; c++) {
		const int16_t *square = model->squares + c * n;
		float count = sums->counts[c] * model->square_scales[c];

		if (count == 0.0f)
			continue;
		for (size_t i = 0; i < n; i++)
			sums->precision[i] += count * square[i];
		for (unsigned f = 0; f < F; f++) {
			size_t row = (size_t)c * F + f;
			float first = sums->firsts[c][f] * model->steepness[row];
			const int16_t *extractor = model->extractor + row * r;

			for (size_t i = 0; i < r; i++)
				sums->pull[i] += first * extractor[i];
		}
	}
}

/* Cholesky in place, then both substitutions: pull becomes the solution. */
static bool equations_solve(float *a, float *x, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		float *row = a + (size_t)i * (i + 1) / 2;

		for (unsigned j = 0; j <= i; j++) {
			const float *other = a + (size_t)j * (j + 1) / 2;
			float sum = row[j];

			for (unsigned k = 0; k < j; k++)
				sum -= row[k] * other[k];
			if (j < i)
				row[j] = sum / other[j];
			else if (sum > 0.0f)
				row[i] = sqrtf(sum);
			else
				return false;
		}
		for (unsigned k = 0; k < i; k++)
			x[i] -= row[k] * x[k];
		x[i] /= row[i];
	}
	for (unsigned i = n; i-- > 0;) {
		const float *row = a + (size_t)i * (i + 1) / 2;

		x[i] /= row[i];
		for (unsigned k = 0; k < i; k++)
			x[k] -= row[k] * x[i];
	}
	return true;
}

bool evidence_point(const struct evidence *evidence,
		    float ret_point[static VOICEPRINT_DIMENSIONS_MAX])
{
	const struct speaker_model *model = evidence->model;
	struct sums *sums = evidence->sums;
	unsigned r = model->rank, k = model->dimensions;
	float length = 0.0f;

	if (!evidence->frames)
		return false;
	equations_fill(evidence);
	if (!equations_solve(sums->precision, sums->pull, r))
		return false;
	memset(sums->white, 0, sizeof(sums->white));
	for (unsigned i = 0; i < r; i++)
		for (unsigned j = 0; j < r; j++)
			sums->white[j] += (sums->pull[i] - model->offset[i]) *
					  model->whitening[(size_t)i * r + j];
	for (unsigned i = 0; i < r; i++)
		length += sums->white[i] * sums->white[i];
	length = sqrtf(length / (float)r);
	if (!(length > 1e-6f && length < 1e6f))
		return false;
	for (unsigned j = 0; j < k; j++)
		ret_point[j] = -model->centre[j];
	for (unsigned i = 0; i < r; i++)
		for (unsigned j = 0; j < k; j++)
			ret_point[j] += sums->white[i] / length *
					model->projection[(size_t)i * k + j];
	return true;
}

float likeness(const struct speaker_model *model, const float *known_point, unsigned n,
	       const float *point)
{
	float score = 0.0f;

	/* In each dimension voices spread by `spread`, one voice from day to day by 1. */
	for (unsigned i = 0; i < model->dimensions; i++) {
		float spread = model->spread[i], known = (float)n * spread + 1.0f;
		float same = 1.0f + spread / known, other = 1.0f + spread;
		float miss = point[i] - (float)n * spread / known * known_point[i];

		score += 0.5f * (point[i] * point[i] / other - miss * miss / same +
				 logf(other / same));
	}
	return isfinite(score) ? score : -INFINITY;
}

float voiceprint_score(const struct speaker_model *model, const struct voiceprint *voiceprint,
		       const float point[static VOICEPRINT_DIMENSIONS_MAX])
{
	if (voiceprint->n != model->dimensions ||
	    memcmp(voiceprint->model, model->hash, sizeof(model->hash)) != 0)
		return -INFINITY;
	return likeness(model, voiceprint->point, voiceprint->utterances, point);
}
