/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is kept of an adult's voice, and nothing else is: one point in the space of one model. It
 * is of no use with any other model. There is none of a child.
 *
 *	0	8	"cubbyvp1"
 *	8	32	BLAKE2b-256 of the model file
 *	40	2	utterances it was made of
 *	42	2	dimensions n, 1 to VOICEPRINT_DIMENSIONS_MAX
 *	44	4	speech in them, in ms
 *	48	4 n	the point: IEEE 754 single precision
 *
 * Numbers are little endian. Whoever keeps these bytes seals them; they have no checksum.
 */

#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"

#define VOICEPRINT_DIMENSIONS_MAX 128
#define VOICEPRINT_HEADER_BYTES 48
#define VOICEPRINT_BYTES_MAX (VOICEPRINT_HEADER_BYTES + 4 * VOICEPRINT_DIMENSIONS_MAX)
#define VOICEPRINT_UTTERANCES_MIN 3
#define VOICEPRINT_UTTERANCES_MAX 10
#define VOICEPRINT_SPEECH_MIN_MS 5000

struct voiceprint {
	uint8_t model[32];
	unsigned utterances;
	uint32_t speech_ms;
	unsigned n;
	float point[VOICEPRINT_DIMENSIONS_MAX];
};

/* Returns how many bytes were written. */
size_t voiceprint_write(const struct voiceprint *voiceprint,
			uint8_t ret_bytes[static VOICEPRINT_BYTES_MAX]);
/* ANSWER_INVALID_ARGUMENT: these bytes are no voiceprint, or one of too little speech. Whether it
 * is of the model in use is asked where it is used. The caller wipes *ret. */
int voiceprint_read(const void *bytes, size_t n, struct voiceprint *ret, struct why *why);
