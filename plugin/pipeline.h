/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One session's way from sound to events: ring, endpoint, recognise, attribute, decide, report. */

#include <stdatomic.h>
#include "decide.h"
#include "ear.h"
#include "forget.h"
#include "recognise.h"
#include "report.h"
#include "speaker.h"

struct pipeline;

/* Shared by the sessions of one ear, all borrowed. */
struct pipeline_tools {
	struct recogniser *recogniser;	/* NULL: only the phrase is listened for */
	const struct forget_phrases *forget;	/* those that the recogniser knows */
	struct recogniser *spotter;	/* of the wake phrase; NULL: none */
	struct speaker *speaker;	/* who is enrolled */
	struct decider *decider;
	struct report *report;
	const atomic_int *muted;	/* while not 0 nothing comes out */
	bool partial;			/* this session's host wants words while they are spoken */
};

/* `event` gets its strings borrowed until it returns. profile may be NULL; it is copied. */
int pipeline_new(const struct pipeline_tools *tools, const char *profile,
		 void (*event)(void *context, const struct cubby_ear_event *event), void *context,
		 struct pipeline **ret);
struct pipeline *pipeline_free(struct pipeline *pipeline);
CLEANUP_DEFINE(struct pipeline *, pipeline_free)

/* From the thread that has the sound; everything else from the listening one. samples NULL:
 * silence. Returns how many were taken. */
size_t pipeline_push(struct pipeline *pipeline, const int16_t *samples, size_t n);
/* The utterance ends with what has been pushed so far. From either thread. */
void pipeline_mark_end(struct pipeline *pipeline);

/* Listens to what has been pushed. */
int pipeline_run(struct pipeline *pipeline);
/* Whether an utterance has begun and not ended. */
bool pipeline_speaking(const struct pipeline *pipeline);
/* Wipes what has been pushed and not come out. */
void pipeline_cancel(struct pipeline *pipeline);
/* Asks the keeper and tells the host when it changed whether utterances are being kept. What the
 * keeper does not allow now is not kept of an utterance under way, either. */
void pipeline_keeping(struct pipeline *pipeline);
/* A parent has changed something: as above, and nothing of an utterance under way is kept. */
void pipeline_policy_changed(struct pipeline *pipeline);
/* A parent has opened the sound of something said as this profile. */
void pipeline_played(struct pipeline *pipeline, const char *profile);
