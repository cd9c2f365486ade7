/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One session's sound and words, for the files they pass through. Nobody else includes this. */

#include "endpoint.h"
#include "pipeline.h"
#include "ring.h"
#include "verdict.h"
#include "voice.h"
#include "wake.h"

#define UTTERANCE_FRAMES (CUBBY_EAR_RATE_HZ / 1000 * \
			  (ENDPOINT_LENGTH_MAX_MS + ENDPOINT_PREROLL_MS + ENDPOINT_WINDOW_MS))
#define FEED_FRAMES 3200

/* Everything that is sound or words, in one locked place. */
struct heard {
	struct recognition recognition;
	char partial[RECOGNITION_TEXT_BYTES];
	int16_t frame[FEED_FRAMES];
	int16_t utterance[UTTERANCE_FRAMES];
};

struct pipeline {
	struct pipeline_tools tools;
	char *profile;
	void (*event)(void *context, const struct cubby_ear_event *event);
	void *context;
	struct ring *ring;
	struct voice *voice;
	struct speaker_session *speaker;
	struct endpoint endpoint;
	uint64_t base;			/* position of the endpointer's frame 0 */
	_Atomic uint64_t mark;		/* the utterance ends here; 0: no mark */
	uint64_t ticket;
	uint64_t fed;			/* position up to which it has been decoded */
	struct wake wake;
	bool woken;			/* this utterance began with the phrase, which is cut off */
	bool keeping;
	bool keeping_told;
	struct why keeping_why;		/* as told: why not */
	unsigned allowed;		/* the kinds that could be kept all through the utterance */
	unsigned changes;		/* report_changes() when it began */
	struct secret *memory;
	struct heard *heard;
};

/* Milliseconds of the session's sound until this frame of the endpointer. */
int64_t pipeline_ms(const struct pipeline *pipeline, uint64_t frame);
void pipeline_tell(struct pipeline *pipeline, struct cubby_ear_event *event);
void pipeline_tell_at(struct pipeline *pipeline, enum cubby_ear_event_type type, uint64_t frame);
/* What was recognised, of `n` samples, comes to its end: it is told, and kept or forgotten, or it
 * has something else forgotten. */
void pipeline_settle(struct pipeline *pipeline, size_t n);
