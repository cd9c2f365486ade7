/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A microphone of PulseAudio (or pipewire-pulse), on a thread of its own: found, opened, lost and
 * found again. Never a monitor of what the speaker plays, unless it is asked for by name. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"

struct capture;

enum capture_change {
	CAPTURE_OPEN = 1,	/* listening for the first time */
	CAPTURE_LOST,
	CAPTURE_BACK,
	CAPTURE_ABSENT,		/* there has been none so far */
	CAPTURE_OVERRUN,	/* sound was dropped: the reader is too slow */
};

struct capture_news {
	enum capture_change change;
	char text[320];		/* the source's name, or what is wrong and what to do */
};

/* Called on the capture thread. */
struct capture_hooks {
	/* samples NULL: a hole. Returns how many were taken. */
	size_t (*sound)(void *context, const int16_t *samples, size_t n);
	/* There is news; no sound comes after CAPTURE_LOST until CAPTURE_BACK. */
	void (*changed)(void *context, enum capture_change change);
	void *context;
};

/* source NULL: the default source. Starts the thread; that nothing is there yet is news, not a
 * fault. */
int capture_new(const char *source, const struct capture_hooks *hooks, struct capture **ret);
struct capture *capture_free(struct capture *capture);
CLEANUP_DEFINE(struct capture *, capture_free)

/* From any thread: the oldest news, false when there is none. */
bool capture_news_take(struct capture *capture, struct capture_news *ret);
