/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sound to numbers about a voice: mel cepstra each 10 ms, of which an utterance keeps those frames
 * where somebody speaks. In locked memory, wiped with each reset; nothing is allocated meanwhile.
 * script/voice/features.py is the same in numpy. */

#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"

#define CEPSTRA_RATE_HZ 16000
#define CEPSTRA_FRAME 400		/* samples */
#define CEPSTRA_HOP 160
#define CEPSTRA_FRAME_MS 10
#define CEPSTRA_NUMBERS 20
#define CEPSTRA_DIMENSIONS (2 * CEPSTRA_NUMBERS)
#define CEPSTRA_FRAMES_MAX 1600

struct cepstra;

int cepstra_new(struct cepstra **ret);
struct cepstra *cepstra_free(struct cepstra *cepstra);
CLEANUP_DEFINE(struct cepstra *, cepstra_free)

/* A new utterance; what was heard is wiped. */
void cepstra_reset(struct cepstra *cepstra);
/* What is behind CEPSTRA_FRAMES_MAX is not listened to. */
void cepstra_push(struct cepstra *cepstra, const int16_t *samples, size_t n);

/* Which frames are speech, now that the whole has been heard; how many. */
unsigned cepstra_gate(struct cepstra *cepstra);
/* Of speech over what lies between and around it; 0 where there is neither. */
float cepstra_clearance_db(const struct cepstra *cepstra);
/* The loud frames (95 %), over one 16-bit step. */
float cepstra_level_db(const struct cepstra *cepstra);
/* Of speech frames [first, first + n), which is what cepstra_vector() takes off from now on. */
void cepstra_mean(struct cepstra *cepstra, unsigned first, unsigned n);
/* A speech frame, the mean taken off. */
void cepstra_vector(const struct cepstra *cepstra, unsigned i,
		     float ret_vector[static CEPSTRA_DIMENSIONS]);
