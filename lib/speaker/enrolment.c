/* SPDX-License-Identifier: Apache-2.0 */

/* Utterances to a voiceprint: the mean of their points. Only what could be recognised again later
 * becomes part of it. */

#include "speaker/enrolment.h"

#include <stdlib.h>
#include <string.h>
#include "crypt/secret.h"

/* A voiceprint of fewer utterances scores lower. Of clear sentences about one in fifteen must be
 * said again, and of other people's three in a hundred are taken. */
#define YOUNG_ALLOWANCE 3.0f

struct enrolment {
	const struct speaker_model *model;
	struct speech *speech;
	struct secret *memory;
	struct voiceprint *sum;		/* its point not divided yet */
};

int enrolment_new(const struct speaker_model *model, struct enrolment **ret)
{
	_cleanup_(enrolment_freep) struct enrolment *enrolment = calloc(1, sizeof(*enrolment));
	int r;

	if (!enrolment)
		return fault_origin(-ENOMEM);
	enrolment->model = model;
	r = speech_new(model, &enrolment->speech);
	if (r == 0)
		r = secret_new(sizeof(struct voiceprint), &enrolment->memory);
	if (r < 0)
		return fault_trace(r);
	enrolment->sum = (struct voiceprint *)(void *)enrolment->memory->bytes;
	memcpy(enrolment->sum->model, model->hash, sizeof(model->hash));
	enrolment->sum->n = model->dimensions;
	*ret = take(enrolment);
	return 0;
}

struct enrolment *enrolment_free(struct enrolment *enrolment)
{
	if (!enrolment)
		return NULL;
	speech_free(enrolment->speech);
	secret_free(enrolment->memory);
	free(enrolment);
	return NULL;
}

static bool clipped(const int16_t *samples, size_t n)
{
	size_t most = 0;

	for (size_t i = 0; i < n; i++)
		most += samples[i] == INT16_MAX || samples[i] == INT16_MIN;
	return (double)most > ENROLMENT_CLIPPED_MAX * (double)n;
}

static struct voiceprint mean(const struct voiceprint *sum)
{
	struct voiceprint voiceprint = *sum;

	for (unsigned i = 0; i < sum->n; i++)
		voiceprint.point[i] /= (float)sum->utterances;
	return voiceprint;
}

/* The same voice as what was taken before? */
static bool fits(const struct enrolment *enrolment)
{
	struct voiceprint voiceprint;
	float score;

	if (!enrolment->sum->utterances)
		return true;
	voiceprint = mean(enrolment->sum);
	score = voiceprint_score(enrolment->model, &voiceprint, speech_point(enrolment->speech));
	secret_wipe(&voiceprint, sizeof(voiceprint));
	return score >= speech_least(enrolment->speech, &enrolment->model->whole) - YOUNG_ALLOWANCE;
}

static int check(const struct enrolment *enrolment, uint32_t speech_ms, const int16_t *samples,
		 size_t n, struct why *why)
{
	if (speech_ms < ENROLMENT_SPEECH_MIN_MS)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "%.1f s of speech; say a whole sentence (%.1f s at least)",
				  speech_ms / 1000.0, ENROLMENT_SPEECH_MIN_MS / 1000.0);
	if (speech_clearance_db(enrolment->speech) < ENROLMENT_CLEARANCE_MIN_DB)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "too much noise; come nearer, or turn it off");
	if (clipped(samples, n))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "too loud for this microphone; step back or speak lower");
	if (!fits(enrolment))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "this sounds like somebody else than before; only one person "
				  "may speak, as on any day");
	return 0;
}

int enrolment_add(struct enrolment *enrolment, const int16_t *samples, size_t n,
		  struct why *why)
{
	struct voiceprint *sum = enrolment->sum;
	uint32_t speech_ms;
	int r;

	if (sum->utterances >= VOICEPRINT_UTTERANCES_MAX)
		return answer_why(why, ANSWER_QUOTA_EXCEEDED, "%d utterances are enough",
				  VOICEPRINT_UTTERANCES_MAX);
	r = speech_hear(enrolment->speech, samples, n, why);
	speech_ms = evidence_speech_ms(speech_evidence(enrolment->speech));
	if (r == 0)
		r = check(enrolment, speech_ms, samples, n, why);
	if (r == 0) {
		for (unsigned i = 0; i < sum->n; i++)
			sum->point[i] += speech_point(enrolment->speech)[i];
		sum->utterances++;
		sum->speech_ms += speech_ms;
	}
	speech_reset(enrolment->speech);
	return r;
}

unsigned enrolment_utterances(const struct enrolment *enrolment)
{
	return enrolment->sum->utterances;
}

int enrolment_finish(const struct enrolment *enrolment, struct voiceprint *ret, struct why *why)
{
	const struct voiceprint *sum = enrolment->sum;

	if (sum->utterances < VOICEPRINT_UTTERANCES_MIN ||
	    sum->speech_ms < VOICEPRINT_SPEECH_MIN_MS)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "%u utterances with %.1f s of speech; a voiceprint takes %d with "
				  "%d s", sum->utterances, sum->speech_ms / 1000.0,
				  VOICEPRINT_UTTERANCES_MIN, VOICEPRINT_SPEECH_MIN_MS / 1000);
	*ret = mean(sum);
	return 0;
}
