/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Cuts an utterance out of what a microphone hears, piece by piece. It keeps nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUT_RATE_HZ 16000
#define CUT_PIECE 320			/* 20 ms */
#define CUT_SAMPLES_MAX (8 * CUT_RATE_HZ)
#define CUT_WAIT_PIECES 500		/* 10 s without a word */
#define CUT_SILENCE_PIECES 40		/* 800 ms end it */
#define CUT_ONSET_PIECES 5		/* 100 ms of speech begin it */
#define CUT_BEFORE_PIECES 15		/* 300 ms before that belong to it */
#define CUT_ABOVE_FLOOR 8.0		/* in power: 9 dB */

enum cut_state { CUT_WAITING = 0, CUT_SPEAKING, CUT_DONE, CUT_NOTHING };

struct cut {
	enum cut_state state;
	int16_t *samples;		/* room for CUT_SAMPLES_MAX; the caller wipes it */
	size_t n;
	double floor;			/* power of the quiet; 0: not known yet */
	unsigned pieces, loud, quiet;
};

/* The next CUT_PIECE samples. */
void cut_push(struct cut *cut, const int16_t *piece);
