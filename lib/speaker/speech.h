/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One utterance, heard for who spoke it: whether it is fit for that, and the points that the whole
 * and its two sides lead to, wherever it is split. In locked memory; nothing is allocated after
 * speech_new(). */

#include "speaker/evidence.h"

#define SPEECH_MIN_MS 700		/* frames in which somebody speaks, not their pauses */
#define SPEECH_LEVEL_MIN_DB 36.0f	/* over one 16-bit step; 90 is full scale */
#define SPEECH_CLEARANCE_MIN_DB 6.0f	/* between the loud frames and the quiet ones */
#define SPEECH_BLOCK_FRAMES 50		/* about; it is split between two of them */
#define SPEECH_SIDE_BLOCKS 2		/* at least, on each side */
#define SPEECH_SPLITS_MAX 6

struct speech;

/* model is borrowed. */
int speech_new(const struct speaker_model *model, struct speech **ret);
struct speech *speech_free(struct speech *speech);
CLEANUP_DEFINE(struct speech *, speech_free)

/* What was heard is wiped. */
void speech_reset(struct speech *speech);
/* Instead of what was heard before; of a long utterance the first 16 s. ANSWER_INVALID_ARGUMENT:
 * too short, too low or not clear enough of noise to tell who it was. */
int speech_hear(struct speech *speech, const int16_t *samples, size_t n, struct why *why);

/* Of the utterance last heard. */
const struct evidence *speech_evidence(const struct speech *speech);
const float *speech_point(const struct speech *speech);
float speech_clearance_db(const struct speech *speech);
/* What `threshold`, one of the model's, asks for here. */
float speech_least(const struct speech *speech, const struct speaker_threshold *threshold);
/* By how much both sides are more like this voice and like one another than two voices' must be,
 * where it is split worst. Below 0: these may be two voices. INFINITY: it is too short to split. */
float speech_one_voice(const struct speech *speech, const struct voiceprint *voiceprint);
