/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A voiceprint from utterances of one adult, in that adult's client. What does not fit is refused
 * there and then: a bad voiceprint lets the wrong people in. */

#include "speaker/speech.h"

#define ENROLMENT_SPEECH_MIN_MS 1200		/* in each utterance */
#define ENROLMENT_CLEARANCE_MIN_DB 15.0f
#define ENROLMENT_CLIPPED_MAX 0.002		/* part of the samples at the end of the scale */

struct enrolment;

/* model is borrowed. */
int enrolment_new(const struct speaker_model *model, struct enrolment **ret);
struct enrolment *enrolment_free(struct enrolment *enrolment);
CLEANUP_DEFINE(struct enrolment *, enrolment_free)

/* ANSWER_INVALID_ARGUMENT: not taken: too short, too low, noisy, clipped, or another voice than
 * those before. ANSWER_QUOTA_EXCEEDED: there are VOICEPRINT_UTTERANCES_MAX. */
int enrolment_add(struct enrolment *enrolment, const int16_t *samples, size_t n,
		  struct why *why);
unsigned enrolment_utterances(const struct enrolment *enrolment);
/* ANSWER_INVALID_ARGUMENT: not enough yet. The caller wipes *ret. */
int enrolment_finish(const struct enrolment *enrolment, struct voiceprint *ret, struct why *why);
