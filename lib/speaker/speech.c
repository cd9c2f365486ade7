/* SPDX-License-Identifier: Apache-2.0 */

/* An utterance from samples to points. What is too little to tell a voice by has no point. */

#include "speaker/speech.h"

#include <stdlib.h>
#include "crypt/secret.h"

struct points {
	float alone[VOICEPRINT_DIMENSIONS_MAX];
	float parts[SPEECH_PARTS_MAX][VOICEPRINT_DIMENSIONS_MAX];
};

struct speech {
	const struct speaker_model *model;
	struct cepstra *cepstra;
	struct evidence *alone, *part;
	unsigned n_parts;
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
		r = evidence_new(model, &speech->part);
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
	evidence_free(speech->part);
	secret_free(speech->memory);
	free(speech);
	return NULL;
}

void speech_reset(struct speech *speech)
{
	cepstra_reset(speech->cepstra);
	evidence_reset(speech->alone);
	evidence_reset(speech->part);
	secret_wipe(speech->points, sizeof(*speech->points));
	speech->n_parts = 0;
}

/* The parts one by one; together they are the whole. */
static bool parts_hear(struct speech *speech, unsigned frames)
{
	unsigned n = frames / SPEECH_PART_FRAMES ? frames / SPEECH_PART_FRAMES : 1;

	for (unsigned i = 0; i < n; i++) {
		unsigned from = frames * i / n, to = frames * (i + 1) / n;

		evidence_reset(speech->part);
		evidence_add(speech->part, speech->cepstra, from, to - from);
		if (!evidence_point(speech->part, speech->points->parts[i]))
			return false;
		evidence_merge(speech->alone, speech->part);
	}
	speech->n_parts = n;
	return evidence_point(speech->alone, speech->points->alone);
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
	if (!parts_hear(speech, frames))
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

bool speech_is_one_voice(const struct speech *speech, const struct voiceprint *voiceprint)
{
	float least = speech_least(speech, &speech->model->part);

	for (unsigned i = 0; speech->n_parts > 1 && i < speech->n_parts; i++)
		if (!(voiceprint_score(speech->model, voiceprint, speech->points->parts[i]) >=
		      least))
			return false;
	return true;
}
