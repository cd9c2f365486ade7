/* SPDX-License-Identifier: Apache-2.0 */

/* An utterance from samples to points. What is too little to tell a voice by has no point. */

#include "speaker/speech.h"

#include <math.h>
#include <stdlib.h>
#include "crypt/secret.h"

/* As the threshold was chosen with (script/voice/evaluation.py). */
#define SIDES_WEIGHT 0.5f

struct points {
	float alone[VOICEPRINT_DIMENSIONS_MAX];
	struct split {
		uint32_t shorter_ms;	/* of its two sides */
		float left[VOICEPRINT_DIMENSIONS_MAX], right[VOICEPRINT_DIMENSIONS_MAX];
	} splits[SPEECH_SPLITS_MAX];
};

struct speech {
	const struct speaker_model *model;
	struct cepstra *cepstra;
	struct evidence *alone, *side;
	unsigned n_splits;
	struct secret *memory;
	struct points *points;
};

int speech_new(const struct speaker_model *model, struct speech **ret)
{
	_cleanup_(speech_freep) struct speech *speech = calloc(1, sizeof(*speech));
	int r;

	if (!speech)
		return fault_origin(-ENOMEM);
	r = cepstra_new(&speech->cepstra);
	if (r == 0)
		r = evidence_new(model, &speech->alone);
	if (r == 0)
		r = evidence_new(model, &speech->side);
	if (r == 0)
		r = secret_new(sizeof(struct points), &speech->memory);
	if (r < 0)
		return fault_trace(r);
	speech->points = (struct points *)(void *)speech->memory->bytes;
	speech->model = model;
	*ret = take(speech);
	return 0;
}

struct speech *speech_free(struct speech *speech)
{
	if (!speech)
		return NULL;
	cepstra_free(speech->cepstra);
	evidence_free(speech->alone);
	evidence_free(speech->side);
	secret_free(speech->memory);
	free(speech);
	return NULL;
}

void speech_reset(struct speech *speech)
{
	cepstra_reset(speech->cepstra);
	evidence_reset(speech->alone);
	evidence_reset(speech->side);
	secret_wipe(speech->points, sizeof(*speech->points));
	speech->n_splits = 0;
}

/* As if these frames were an utterance of their own. */
static bool side_hear(struct speech *speech, unsigned first, unsigned n, float *ret_point)
{
	evidence_reset(speech->side);
	evidence_add(speech->side, speech->cepstra, first, n);
	return evidence_point(speech->side, ret_point);
}

static bool split_hear(struct speech *speech, unsigned frames, unsigned at)
{
	struct split *split = &speech->points->splits[speech->n_splits++];

	split->shorter_ms = (at < frames - at ? at : frames - at) * CEPSTRA_FRAME_MS;
	return side_hear(speech, 0, at, split->left) &&
	       side_hear(speech, at, frames - at, split->right);
}

/* At every block, or at SPEECH_SPLITS_MAX of them, the first and the last among them. */
static bool splits_hear(struct speech *speech, unsigned frames)
{
	unsigned blocks = frames / SPEECH_BLOCK_FRAMES, places, n;

	if (blocks < 2 * SPEECH_SIDE_BLOCKS)
		return true;
	places = blocks - 2 * SPEECH_SIDE_BLOCKS + 1;
	n = places < SPEECH_SPLITS_MAX ? places : SPEECH_SPLITS_MAX;
	for (unsigned i = 0; i < n; i++) {
		unsigned block = SPEECH_SIDE_BLOCKS + (n > 1 ? (places - 1) * i / (n - 1) : 0);

		if (!split_hear(speech, frames, frames * block / blocks))
			return false;
	}
	return true;
}

int speech_hear(struct speech *speech, const int16_t *samples, size_t n, struct why *why)
{
	unsigned frames;

	speech_reset(speech);
	cepstra_push(speech->cepstra, samples, n);
	frames = cepstra_gate(speech->cepstra);
	if (frames * CEPSTRA_FRAME_MS < SPEECH_MIN_MS)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "too short to tell whose voice it is");
	if (cepstra_level_db(speech->cepstra) < SPEECH_LEVEL_MIN_DB)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "too low to tell whose voice it is");
	if (cepstra_clearance_db(speech->cepstra) < SPEECH_CLEARANCE_MIN_DB)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "too much noise to tell whose voice it is");
	evidence_add(speech->alone, speech->cepstra, 0, frames);
	if (!evidence_point(speech->alone, speech->points->alone) || !splits_hear(speech, frames))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "this is not like any voice");
	return 0;
}

const struct evidence *speech_evidence(const struct speech *speech)
{
	return speech->alone;
}

const float *speech_point(const struct speech *speech)
{
	return speech->points->alone;
}

float speech_clearance_db(const struct speech *speech)
{
	return cepstra_clearance_db(speech->cepstra);
}

float speech_least(const struct speech *speech, const struct speaker_threshold *threshold)
{
	return speaker_threshold_at(threshold, cepstra_clearance_db(speech->cepstra),
				    evidence_speech_ms(speech->alone));
}

static float split_likeness(const struct speaker_model *model, const struct split *split,
			    const struct voiceprint *voiceprint)
{
	return fminf(voiceprint_score(model, voiceprint, split->left),
		     voiceprint_score(model, voiceprint, split->right)) +
	       SIDES_WEIGHT * likeness(model, split->left, 1, split->right);
}

float speech_one_voice(const struct speech *speech, const struct voiceprint *voiceprint)
{
	const struct speaker_model *model = speech->model;
	float margin = INFINITY;

	for (unsigned i = 0; i < speech->n_splits; i++) {
		const struct split *split = &speech->points->splits[i];
		float over = split_likeness(model, split, voiceprint) -
			     speaker_threshold_at(&model->split, speech_clearance_db(speech),
						  split->shorter_ms);

		if (!isfinite(over))
			return -INFINITY;
		margin = fminf(margin, over);
	}
	return margin;
}
