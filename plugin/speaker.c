/* SPDX-License-Identifier: Apache-2.0 */

/* Adults by their voices. Voiceprints and what is heard stay in locked memory and end with their
 * session; nobody is recognised by half a model, by another model's voiceprint, or by what somebody
 * else said before. */

#include "speaker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "crypt/secret.h"

/* As the threshold was chosen with (script/voice/evaluation.py). What is shorter is judged by
 * itself. */
#define SESSION_WEIGHT 0.5f
#define FOLLOWING_MIN_MS 1000

struct speaker {
	char *path;
	struct speaker_model *model;	/* NULL: none yet, or it cannot be used, and `why` */
	struct why why;
	struct speech *speech;
	struct secret *memory;		/* NULL: nobody is enrolled */
	size_t n;
	unsigned times;			/* that the enrolled changed */
};

struct speaker_session {
	struct speaker *speaker;
	struct evidence *evidence;	/* NULL: there was no model yet */
	unsigned utterances;		/* in it */
	unsigned times;			/* of the enrolled that the evidence is about */
	int64_t end_ms;
};

int speaker_new(const char *model, struct speaker **ret)
{
	_cleanup_(speaker_freep) struct speaker *speaker = calloc(1, sizeof(*speaker));

	if (!speaker)
		return fault_origin(-ENOMEM);
	speaker->path = strdup(model);
	if (!speaker->path)
		return fault_origin(-ENOMEM);
	*ret = take(speaker);
	return 0;
}

struct speaker *speaker_free(struct speaker *speaker)
{
	if (!speaker)
		return NULL;
	speech_free(speaker->speech);
	secret_free(speaker->memory);
	speaker_model_free(speaker->model);
	free(speaker->path);
	free(speaker);
	return NULL;
}

static int model_need(struct speaker *speaker)
{
	_cleanup_(speaker_model_freep) struct speaker_model *model = NULL;
	int r;

	if (speaker->model)
		return 0;
	r = speaker_model_open(speaker->path, &model, &speaker->why);
	if (r == 0)
		r = speech_new(model, &speaker->speech);
	if (r == 0)
		speaker->model = take(model);
	return r;
}

int speaker_enrol(struct speaker *speaker, const struct enrolled *enrolled, size_t n,
		  struct why *why)
{
	int r;

	if (speaker->n == n && speaker->memory && speaker->model &&
	    memcmp(speaker->memory->bytes, enrolled, n * sizeof(*enrolled)) == 0)
		return 0;
	speaker->memory = secret_free(speaker->memory);
	speaker->n = 0;
	speaker->times++;
	if (!n)
		return 0;
	if (n > SPEAKER_ENROLLED_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "more than %d voiceprints; nobody is recognised",
				  SPEAKER_ENROLLED_MAX);
	r = secret_from(enrolled, n * sizeof(*enrolled), &speaker->memory);
	if (r < 0)
		return fault_trace(r);
	speaker->n = n;
	if (model_need(speaker) < 0)
		answer_why(&speaker->why, ANSWER_FAILED, "there is no memory to tell voices by");
	return 0;
}

int speaker_session_new(struct speaker *speaker, struct speaker_session **ret)
{
	struct speaker_session *session = calloc(1, sizeof(*session));

	if (!session)
		return fault_origin(-ENOMEM);
	session->speaker = speaker;
	*ret = session;
	return 0;
}

struct speaker_session *speaker_session_free(struct speaker_session *session)
{
	if (!session)
		return NULL;
	evidence_free(session->evidence);
	free(session);
	return NULL;
}

void speaker_session_reset(struct speaker_session *session)
{
	session->utterances = 0;
	if (session->evidence)
		evidence_reset(session->evidence);
}

uint32_t speaker_session_speech_ms(const struct speaker_session *session)
{
	return session->evidence ? evidence_speech_ms(session->evidence) : 0;
}

/* The enrolled one whose voice this is most like. */
static const struct enrolled *nearest(const struct speaker *speaker, const float *point,
				      float *ret_score)
{
	const struct enrolled *enrolled = (const void *)speaker->memory->bytes, *best = enrolled;

	*ret_score = -INFINITY;
	for (size_t i = 0; i < speaker->n; i++) {
		float score = voiceprint_score(speaker->model, &enrolled[i].voiceprint, point);

		if (score > *ret_score) {
			*ret_score = score;
			best = &enrolled[i];
		}
	}
	return best;
}

static int unknown(struct why *why, const char *text)
{
	return answer_why(why, ANSWER_NOT_FOUND, "unknown speaker: %s", text);
}

/* Is it still the voice of the utterances before? It must be like the enrolled one, and half as
 * much it counts how like those it is, which were spoken in the same room on the same day. */
static bool follows(const struct speaker_session *session, float alone)
{
	const struct speaker *speaker = session->speaker;
	const struct speaker_model *model = speaker->model;
	float before[VOICEPRINT_DIMENSIONS_MAX], score = -INFINITY;

	if (evidence_speech_ms(speech_evidence(speaker->speech)) < FOLLOWING_MIN_MS)
		return false;
	if (evidence_point(session->evidence, before))
		score = likeness(model, before, session->utterances,
				 speech_point(speaker->speech));
	secret_wipe(before, sizeof(before));
	return alone + SESSION_WEIGHT * score >= speech_least(speaker->speech, &model->following);
}

/* The utterance is added to what came before it, if that can have been the same voice. */
static void evidence_follow(struct speaker_session *session, float alone)
{
	if (!follows(session, alone) ||
	    evidence_speech_ms(session->evidence) >= SPEAKER_EVIDENCE_MAX_MS)
		speaker_session_reset(session);
	evidence_merge(session->evidence, speech_evidence(session->speaker->speech));
	session->utterances++;
}

/* Is it one of them, now that the utterance lies in speaker->speech? */
static int judge(struct speaker_session *session, struct id *ret_profile, struct why *why)
{
	const struct speaker *speaker = session->speaker;
	float point[VOICEPRINT_DIMENSIONS_MAX], alone, whole = -INFINITY, least;
	const struct enrolled *nearest_alone, *enrolled = NULL;

	nearest_alone = nearest(speaker, speech_point(speaker->speech), &alone);
	evidence_follow(session, alone);
	if (evidence_point(session->evidence, point))
		enrolled = nearest(speaker, point, &whole);
	secret_wipe(point, sizeof(point));
	least = speaker_threshold_at(&speaker->model->whole, speech_clearance_db(speaker->speech),
				     evidence_speech_ms(session->evidence));
	if (enrolled != nearest_alone || !(whole >= least))
		return unknown(why, "not the voice of an enrolled adult, or not surely");
	if (!(speech_one_voice(speaker->speech, &enrolled->voiceprint) >= 0.0f)) {
		speaker_session_reset(session);
		return unknown(why, "more than one voice, or not surely one");
	}
	*ret_profile = enrolled->profile;
	return 0;
}

int speaker_hear(struct speaker_session *session, const int16_t *samples, size_t n,
		 int64_t begin_ms, struct id *ret_profile, struct why *why)
{
	struct speaker *speaker = session->speaker;
	struct why problem = { "this voice cannot be judged now" };
	int r = 0;

	if (session->times != speaker->times)
		speaker_session_reset(session);
	session->times = speaker->times;
	if (!speaker->n)
		return answer_why(why, ANSWER_NOT_FOUND, "unknown speaker");
	if (!speaker->model)
		return unknown(why, speaker->why.text);
	if (!session->evidence)
		r = evidence_new(speaker->model, &session->evidence);
	if (r < 0)
		return unknown(why, "there is no memory to tell voices by");
	if (begin_ms > session->end_ms + SPEAKER_PAUSE_MAX_MS)
		speaker_session_reset(session);
	session->end_ms = begin_ms + (int64_t)(n / (CEPSTRA_RATE_HZ / 1000));
	r = speech_hear(speaker->speech, samples, n, &problem);
	r = r ? unknown(why, problem.text) : judge(session, ret_profile, why);
	speech_reset(speaker->speech);
	return r;
}
