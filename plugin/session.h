/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the ear and its sessions know of each other. Nobody else includes this. */

#include <stdatomic.h>
#include "capture.h"
#include "pipeline.h"
#include "question.h"

#define EAR_PUBLIC __attribute__((visibility("default")))

struct cubby_ear_session {
	struct cubby_ear *ear;
	struct cubby_ear_session *next;
	struct pipeline *pipeline;
	bool microphone;		/* otherwise sound is pushed */
	char *source;
	struct capture *capture;	/* NULL also while muted */
	_Atomic int64_t pushed_ms;	/* when something was pushed last */
	bool muted_told;
	void *context;
	void (*event)(void *context, struct cubby_ear_session *session,
		      const struct cubby_ear_event *event);
	bool ready;
	struct question question;	/* what is known of the last utterance */
};

/* Only cubby_ear_mute() brings it to MUTE_ON, from anywhere. Hearing again takes effect in dispatch
 * alone, after every session has dropped what it had. */
enum mute {
	MUTE_OFF = 0,
	MUTE_ON,
	MUTE_ENDING,			/* the host has let go */
};

struct cubby_ear {
	struct cubby_ear_services services;
	struct pipeline_tools tools;
	struct forget_phrases forget;
	struct cubby_ear_session *sessions;
	bool adults_may_leave;
	atomic_int mute;		/* enum mute */
	int wake_fd;
	int poll_fd;			/* the wake_fd and the bus */
};

/* From any thread. */
void ear_wake(struct cubby_ear *ear);
void ear_log(struct cubby_ear *ear, int level, const char *message);
/* A fault or an answer as the negative errno and the sentence that the host gets. */
int host_answer(int r, const struct why *why, char *text, size_t n);
/* Whatever a newer host's struct holds beyond ours is not looked at; an older one's is zero. */
int struct_take(void *to, size_t size, const void *from, size_t from_size);

void session_dispatch(struct cubby_ear_session *session);
/* The host has muted, or hears again: what is being said is wiped either way. */
void session_mute(struct cubby_ear_session *session, bool muted);
/* How long until the utterance of a host that went away is wiped; -1: there is none. */
int64_t session_left_ms(const struct cubby_ear_session *session);
