/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The wake phrase: until it is heard, what is said is for nobody. One for each session; the
 * spotter is shared. */

#include <stdbool.h>
#include <stdint.h>
#include "recognise.h"

/* How long after the phrase an utterance may begin. */
#define WAKE_LASTS_MS 8000
/* The spotter answers so much later than the phrase ended. */
#define WAKE_DELAY_MS 100

struct wake {
	struct recogniser *spotter;	/* NULL: no phrase, always awake; borrowed */
	uint64_t ticket;
	bool spotting;			/* this utterance may be, or begin with, the phrase */
	uint64_t until;			/* awake for utterances that begin before this frame */
};

/* An utterance begins at this frame. True: it is for the host. */
bool wake_begin(struct wake *wake, uint64_t frame, int *ret_fault);
/* More of it. *ret_maybe: the phrase may just have ended, which wake_finish() finds out; where it
 * was not there the same utterance begins anew. */
int wake_feed(struct wake *wake, const int16_t *samples, size_t n, bool *ret_maybe);
/* Whether the phrase was there, in all of the utterance so far. */
int wake_finish(struct wake *wake, const int16_t *whole, size_t n, bool *ret_heard);
/* Whoever speaks before `frame` need not say the phrase again. */
void wake_until(struct wake *wake, uint64_t frame);
void wake_cancel(struct wake *wake);
