/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where an utterance begins and ends. Sees one yes or no for each 10 ms, never the sound. */

#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_WINDOW_MS 300		/* voice in most of this begins an utterance */
#define ENDPOINT_PREROLL_MS 300		/* sound before the first voice that belongs to it */
#define ENDPOINT_POSTROLL_MS 300	/* sound after the last voice that belongs to it */
/* No voice for so long ends it: by itself; in the middle of a sentence; behind one; behind one
 * whose words fit well. */
#define ENDPOINT_SILENCE_MS 700
#define ENDPOINT_SILENCE_BEGUN_MS 1200
#define ENDPOINT_SILENCE_ENDED_MS 400
#define ENDPOINT_SILENCE_CERTAIN_MS 250
#define ENDPOINT_LENGTH_MAX_MS 15000	/* from the first voice; then it is cut */

enum endpoint_change {
	ENDPOINT_SAME = 0,
	ENDPOINT_BEGIN,		/* voice began at endpoint.begin (earlier than this frame) */
	ENDPOINT_END,		/* the utterance is [begin, end) */
};

struct endpoint {
	uint64_t now;			/* frames of 10 ms seen */
	uint64_t begin, end; /* of the utterance, pre-roll included, in the same frames */
	uint64_t onset;			/* the first frame with voice */
	uint64_t last_voice;		/* the frame behind the last one with voice */
	uint64_t barrier;		/* the end of the utterance before: sound belongs to one */
	bool speaking;
	unsigned silence_ms;		/* that ends it; may be set in each pause */
	uint32_t window;		/* the last 30 answers, newest in bit 0 */
};

/* Forgets everything but the count of frames. */
void endpoint_reset(struct endpoint *endpoint);
enum endpoint_change endpoint_frame(struct endpoint *endpoint, bool voice);
/* Ends the utterance here and now, if there is one. */
enum endpoint_change endpoint_finish(struct endpoint *endpoint);
/* While somebody speaks: the end, if nothing more was said. */
uint64_t endpoint_so_far(const struct endpoint *endpoint);
/* True for one frame of each pause: from the next one on silence_ms matters. */
bool endpoint_pausing(const struct endpoint *endpoint);
/* The first frame that may still become part of an utterance. */
uint64_t endpoint_needed(const struct endpoint *endpoint);
