/* SPDX-License-Identifier: Apache-2.0 */

/* Sound to cepstra. The frames of one utterance lie in locked memory until the next begins; the
 * sound itself no longer than a frame. */

#include "speaker/cepstra.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/fault.h"
#include "crypt/secret.h"
#include "speaker/spectrum.h"

#define BANDS 30
#define LOW_HZ 80.0
#define HIGH_HZ 7600.0
#define PREEMPHASIS 0.97f
/* Of a band, samples counted in 16-bit steps: silence is not minus infinity. */
#define BAND_MIN 1.0f
/* A frame so far below the loud ones is no speech, nor is one in the lowest part of the range. */
#define GATE_BELOW_LOUD_DB 30.0f
#define GATE_ABOVE_LOW 0.25f
#define PART_LOUD 0.95
#define PART_LOW 0.10

struct heard {
	float frames[CEPSTRA_FRAMES_MAX][CEPSTRA_NUMBERS];
	float energy_db[CEPSTRA_FRAMES_MAX];
	float sorted[CEPSTRA_FRAMES_MAX];
	uint16_t speech[CEPSTRA_FRAMES_MAX];
	float mean[CEPSTRA_NUMBERS];
	float work[SPECTRUM_POINTS];
	float power[SPECTRUM_BINS];
	int16_t frame[CEPSTRA_FRAME];
};

struct cepstra {
	unsigned n, n_frame, n_speech;
	float low_db, loud_db;
	struct spectrum spectrum;
	float window[CEPSTRA_FRAME];
	/* A bin belongs to two triangles: the rising side of one, the falling one before. */
	uint8_t rising[SPECTRUM_BINS];		/* UINT8_MAX: of none */
	float share[SPECTRUM_BINS];
	float cosines[CEPSTRA_NUMBERS][BANDS];
	struct secret *memory;
	struct heard *heard;
};

static double mel(double hz)
{
	return 1127.0 * log(1.0 + hz / 700.0);
}

static void bands_prepare(struct cepstra *cepstra)
{
	double low = mel(LOW_HZ), step = (mel(HIGH_HZ) - low) / (BANDS + 1);

	for (unsigned i = 0; i < SPECTRUM_BINS; i++) {
		double place = (mel((double)i * CEPSTRA_RATE_HZ / SPECTRUM_POINTS) - low) / step;
		bool inside = place >= 0.0 && place < BANDS + 1;

		cepstra->rising[i] = inside ? (uint8_t)place : UINT8_MAX;
		cepstra->share[i] = inside ? (float)(place - floor(place)) : 0.0f;
	}
	for (unsigned k = 0; k < CEPSTRA_NUMBERS; k++)
		for (unsigned i = 0; i < BANDS; i++)
			cepstra->cosines[k][i] = (float)(sqrt((k ? 2.0 : 1.0) / BANDS) *
							  cos(M_PI * k * (i + 0.5) / BANDS));
}

int cepstra_new(struct cepstra **ret)
{
	_cleanup_(cepstra_freep) struct cepstra *cepstra = calloc(1, sizeof(*cepstra));
	int r;

	if (!cepstra)
		return fault_origin(-ENOMEM);
	r = secret_new(sizeof(struct heard), &cepstra->memory);
	if (r < 0)
		return fault_trace(r);
	cepstra->heard = (struct heard *)(void *)cepstra->memory->bytes;
	spectrum_prepare(&cepstra->spectrum);
	for (unsigned i = 0; i < CEPSTRA_FRAME; i++)
		cepstra->window[i] =
			(float)(0.54 - 0.46 * cos(2.0 * M_PI * i / (CEPSTRA_FRAME - 1)));
	bands_prepare(cepstra);
	*ret = take(cepstra);
	return 0;
}

struct cepstra *cepstra_free(struct cepstra *cepstra)
{
	if (!cepstra)
		return NULL;
	secret_free(cepstra->memory);
	free(cepstra);
	return NULL;
}

void cepstra_reset(struct cepstra *cepstra)
{
	cepstra->n = cepstra->n_frame = cepstra->n_speech = 0;
	cepstra->low_db = cepstra->loud_db = 0.0f;
	secret_wipe(cepstra->heard, sizeof(*cepstra->heard));
}

/* The frame without its mean, pre-emphasised and windowed; returns its energy in dB. */
static float frame_prepare(const struct cepstra *cepstra)
{
	struct heard *heard = cepstra->heard;
	float mean = 0.0f, sum = 0.0f, before;

	for (unsigned i = 0; i < CEPSTRA_FRAME; i++)
		mean += heard->frame[i];
	mean /= CEPSTRA_FRAME;
	before = heard->frame[0] - mean;
	for (unsigned i = 0; i < CEPSTRA_FRAME; i++) {
		float value = heard->frame[i] - mean;

		sum += value * value;
		heard->work[i] = (value - PREEMPHASIS * before) * cepstra->window[i];
		before = value;
	}
	memset(heard->work + CEPSTRA_FRAME, 0,
	       (SPECTRUM_POINTS - CEPSTRA_FRAME) * sizeof(*heard->work));
	return 10.0f * log10f(sum / CEPSTRA_FRAME + 1.0f);
}

static void frame_cepstra(const struct cepstra *cepstra, float ret[static CEPSTRA_NUMBERS])
{
	float bands[BANDS] = { 0 };

	for (unsigned i = 0; i < SPECTRUM_BINS; i++) {
		unsigned band = cepstra->rising[i];
		float share = cepstra->share[i] * cepstra->heard->power[i];

		if (band < BANDS)
			bands[band] += share;
		if (band > 0 && band <= BANDS)
			bands[band - 1] += cepstra->heard->power[i] - share;
	}
	for (unsigned i = 0; i < BANDS; i++)
		bands[i] = logf(fmaxf(bands[i], BAND_MIN));
	for (unsigned k = 0; k < CEPSTRA_NUMBERS; k++) {
		ret[k] = 0.0f;
		for (unsigned i = 0; i < BANDS; i++)
			ret[k] += cepstra->cosines[k][i] * bands[i];
	}
	secret_wipe(bands, sizeof(bands));
}

static void frame_hear(struct cepstra *cepstra)
{
	struct heard *heard = cepstra->heard;

	heard->energy_db[cepstra->n] = frame_prepare(cepstra);
	spectrum_power(&cepstra->spectrum, heard->work, heard->power);
	frame_cepstra(cepstra, heard->frames[cepstra->n++]);
	cepstra->n_frame = CEPSTRA_FRAME - CEPSTRA_HOP;
	memmove(heard->frame, heard->frame + CEPSTRA_HOP,
		cepstra->n_frame * sizeof(*heard->frame));
}

void cepstra_push(struct cepstra *cepstra, const int16_t *samples, size_t n)
{
	while (n && cepstra->n < CEPSTRA_FRAMES_MAX) {
		size_t part = CEPSTRA_FRAME - cepstra->n_frame;

		if (part > n)
			part = n;
		memcpy(cepstra->heard->frame + cepstra->n_frame, samples,
		       part * sizeof(*samples));
		cepstra->n_frame += (unsigned)part;
		samples += part;
		n -= part;
		if (cepstra->n_frame == CEPSTRA_FRAME)
			frame_hear(cepstra);
	}
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

void cepstra_mean(struct cepstra *cepstra, unsigned first, unsigned n)
{
	struct heard *heard = cepstra->heard;

	memset(heard->mean, 0, sizeof(heard->mean));
	for (unsigned i = first; i < first + n; i++)
		for (unsigned k = 0; k < CEPSTRA_NUMBERS; k++)
			heard->mean[k] += heard->frames[heard->speech[i]][k] / (float)n;
}

unsigned cepstra_gate(struct cepstra *cepstra)
{
	struct heard *heard = cepstra->heard;
	float threshold;

	cepstra->n_speech = 0;
	if (!cepstra->n)
		return 0;
	memcpy(heard->sorted, heard->energy_db, cepstra->n * sizeof(*heard->sorted));
	qsort(heard->sorted, cepstra->n, sizeof(*heard->sorted), compare);
	cepstra->low_db = heard->sorted[(unsigned)(PART_LOW * (cepstra->n - 1))];
	cepstra->loud_db = heard->sorted[(unsigned)(PART_LOUD * (cepstra->n - 1))];
	threshold = fmaxf(cepstra->loud_db - GATE_BELOW_LOUD_DB,
			  cepstra->low_db +
			  GATE_ABOVE_LOW * (cepstra->loud_db - cepstra->low_db));
	for (unsigned i = 0; i < cepstra->n; i++)
		if (heard->energy_db[i] > threshold)
			heard->speech[cepstra->n_speech++] = (uint16_t)i;
	cepstra_mean(cepstra, 0, cepstra->n_speech);
	return cepstra->n_speech;
}

float cepstra_clearance_db(const struct cepstra *cepstra)
{
	return cepstra->loud_db - cepstra->low_db;
}

float cepstra_level_db(const struct cepstra *cepstra)
{
	return cepstra->loud_db;
}

static unsigned beside(const struct cepstra *cepstra, unsigned frame, int by)
{
	int place = (int)frame + by, last = (int)cepstra->n - 1;

	return (unsigned)(place < 0 ? 0 : place > last ? last : place);
}

void cepstra_vector(const struct cepstra *cepstra, unsigned i,
		     float ret_vector[static CEPSTRA_DIMENSIONS])
{
	const struct heard *heard = cepstra->heard;
	unsigned frame = heard->speech[i];
	const float *near[5];

	for (int by = -2; by <= 2; by++)
		near[by + 2] = heard->frames[beside(cepstra, frame, by)];
	for (unsigned k = 0; k < CEPSTRA_NUMBERS; k++) {
		ret_vector[k] = near[2][k] - heard->mean[k];
		ret_vector[CEPSTRA_NUMBERS + k] =
			(2.0f * (near[4][k] - near[0][k]) + near[3][k] - near[1][k]) / 10.0f;
	}
}
