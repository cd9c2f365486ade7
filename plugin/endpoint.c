/* SPDX-License-Identifier: Apache-2.0 */

/* Endpointing: a majority over a window begins an utterance, silence ends it. Nothing here may
 * hold sound, and no utterance may be without an end. */

#include "endpoint.h"

#define FRAME_MS 10
#define WINDOW_FRAMES (ENDPOINT_WINDOW_MS / FRAME_MS)
#define WINDOW_MASK ((1u << WINDOW_FRAMES) - 1)
#define PREROLL_FRAMES (ENDPOINT_PREROLL_MS / FRAME_MS)
#define POSTROLL_FRAMES (ENDPOINT_POSTROLL_MS / FRAME_MS)
#define SILENT_FRAMES (ENDPOINT_SILENCE_CERTAIN_MS / FRAME_MS)
#define LENGTH_MAX_FRAMES (ENDPOINT_LENGTH_MAX_MS / FRAME_MS)
/* While somebody speaks, so many of the last ten frames make it voice: single frames in a noisy
 * room are called voice by mistake, and would put the end off for ever. */
#define RECENT_FRAMES 10
#define RECENT_MASK ((1u << RECENT_FRAMES) - 1)
#define RECENT_VOICE 2

void endpoint_reset(struct endpoint *endpoint)
{
	*endpoint = (struct endpoint) { .now = endpoint->now, .barrier = endpoint->now };
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t back(uint64_t position, uint64_t frames)
{
	return position > frames ? position - frames : 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t endpoint_so_far(const struct endpoint *endpoint)
{
	return earlier(endpoint->now, endpoint->last_voice + POSTROLL_FRAMES);
}

bool endpoint_pausing(const struct endpoint *endpoint)
{
	return endpoint->now - endpoint->last_voice == SILENT_FRAMES - 1;
}

static enum endpoint_change utterance_end(struct endpoint *endpoint)
{
	endpoint->end = endpoint_so_far(endpoint);
	endpoint->barrier = endpoint->end;
	endpoint->speaking = false;
	endpoint->window = 0;
	return ENDPOINT_END;
}

static enum endpoint_change utterance_begin(struct endpoint *endpoint)
{
	unsigned oldest = 31 - (unsigned)__builtin_clz(endpoint->window);

	endpoint->speaking = true;
	endpoint->silence_ms = ENDPOINT_SILENCE_MS;
	endpoint->onset = back(endpoint->now, oldest + 1);
	endpoint->begin = later(back(endpoint->onset, PREROLL_FRAMES), endpoint->barrier);
	endpoint->last_voice = endpoint->now;
	return ENDPOINT_BEGIN;
}

enum endpoint_change endpoint_frame(struct endpoint *endpoint, bool voice)
{
	endpoint->now++;
	endpoint->window = (endpoint->window << 1 | voice) & WINDOW_MASK;
	if (!endpoint->speaking) {
		if (__builtin_popcount(endpoint->window) * 2 <= WINDOW_FRAMES)
			return ENDPOINT_SAME;
		return utterance_begin(endpoint);
	}
	if (voice && __builtin_popcount(endpoint->window & RECENT_MASK) >= RECENT_VOICE)
		endpoint->last_voice = endpoint->now;
	if ((endpoint->now - endpoint->last_voice) * FRAME_MS >= endpoint->silence_ms ||
	    endpoint->now - endpoint->begin >= LENGTH_MAX_FRAMES)
		return utterance_end(endpoint);
	return ENDPOINT_SAME;
}

enum endpoint_change endpoint_finish(struct endpoint *endpoint)
{
	if (!endpoint->speaking) {
		endpoint->window = 0;
		return ENDPOINT_SAME;
	}
	return utterance_end(endpoint);
}

uint64_t endpoint_needed(const struct endpoint *endpoint)
{
	if (endpoint->speaking)
		return endpoint->begin;
	return later(back(endpoint->now, WINDOW_FRAMES + PREROLL_FRAMES), endpoint->barrier);
}
