/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The speaker model: numbers trained by script/train-voice on recordings that anybody may use.
 * Nothing of a household is in it, and nothing comes into it. The file:
 *
 *	0	8	"cubbysp4"
 *	8	2 x 6	cepstra F, components C, rank R, dimensions K, zero, zero
 *	20		f32: weights C, means C x F, deviations C x F, scales C
 *			i16: extractor C x F x R, times the scale of the component
 *			f32: offset R, whitening R x R, projection R x K, centre K, spread K
 *			f32: thresholds whole, following, split x { constant, per dB, per doubling,
 *			per both }
 *	end	32	BLAKE2b-256 of all before
 *
 * Numbers are little endian.
 */

#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"
#include "speaker/voiceprint.h"

#define SPEAKER_MODEL_BYTES_MAX (4u << 20)
#define SPEAKER_COMPONENTS_MAX 128
#define SPEAKER_RANK_MAX 100

/* The least score, which depends on how clear the speech is of noise and on how much there is. */
struct speaker_threshold {
	float constant;
	float per_db;			/* of clearance */
	float per_doubling;		/* of one second of speech */
	float per_both;			/* for each dB, of a doubling */
};

/* Read only: shared by everybody who listens. */
struct speaker_model {
	uint8_t hash[32];
	unsigned components, rank, dimensions;
	float *constants;	/* C */
	float *linear;		/* F x C: score = constant + linear x + square x^2 */
	float *square;		/* F x C */
	float *means;		/* C x F */
	float *steepness;	/* C x F: scale of the component over its deviation */
	float *scales;		/* C */
	int16_t *extractor;	/* C x F x R */
	float *square_scales;	/* C */
	int16_t *squares;	/* C x R (R + 1) / 2, times square_scales */
	float *offset, *whitening, *projection, *centre, *spread;
	struct speaker_threshold whole;		/* of all that was heard of one voice */
	struct speaker_threshold following;	/* of an utterance, to be that voice still */
	struct speaker_threshold split;		/* of both sides, by the shorter one */
};

/* ANSWER_NOT_FOUND: no such file. ANSWER_INVALID_ARGUMENT: no model that this version reads, or
 * not as it was written. */
int speaker_model_open(const char *path, struct speaker_model **ret, struct why *why);
int speaker_model_parse(const void *bytes, size_t n, struct speaker_model **ret, struct why *why);
struct speaker_model *speaker_model_free(struct speaker_model *model);
CLEANUP_DEFINE(struct speaker_model *, speaker_model_free)

float speaker_threshold_at(const struct speaker_threshold *threshold, float clearance_db,
			   uint32_t speech_ms);
