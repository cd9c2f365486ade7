/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What some speech says about its speaker: sums over its frames, which add up from one piece of
 * speech to the next, and the point they lead to. In locked memory; nothing is allocated after
 * evidence_new(). script/voice/model.py is the same in numpy. */

#include <stdbool.h>
#include "speaker/cepstra.h"
#include "speaker/model.h"

struct evidence;

/* model is borrowed. */
int evidence_new(const struct speaker_model *model, struct evidence **ret);
struct evidence *evidence_free(struct evidence *evidence);
CLEANUP_DEFINE(struct evidence *, evidence_free)

/* Of nobody again; what was heard is wiped. */
void evidence_reset(struct evidence *evidence);
/* Speech frames [first, first + n), their own mean taken off. */
void evidence_add(struct evidence *evidence, struct cepstra *cepstra, unsigned first, unsigned n);
/* Of the same model. */
void evidence_merge(struct evidence *evidence, const struct evidence *more);
uint32_t evidence_speech_ms(const struct evidence *evidence);

/* The point, as many numbers as the model has dimensions; the caller wipes it. False: there is
 * none (no speech, or numbers that no speech makes). */
bool evidence_point(const struct evidence *evidence,
		    float ret_point[static VOICEPRINT_DIMENSIONS_MAX]);

/* How much likelier it is that these are one voice than two: a point, and the mean of the points of
 * n utterances. -INFINITY for what is no number. */
float likeness(const struct speaker_model *model, const float *known_point, unsigned n,
	       const float *point);
/* -INFINITY for what is not of this model, too. */
float voiceprint_score(const struct speaker_model *model, const struct voiceprint *voiceprint,
		       const float point[static VOICEPRINT_DIMENSIONS_MAX]);
