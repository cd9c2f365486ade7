/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Raw sound of any kind, piece by piece as it comes, to 16-bit mono at SOUND_RATE_HZ. */

#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"

#define CONVERT_RATE_MIN_HZ 4000
#define CONVERT_RATE_MAX_HZ 384000
#define CONVERT_WIDTH_MAX 4
#define CONVERT_CHANNELS_MAX 32

/* Signed little-endian integers, interleaved. */
struct convert_format {
	unsigned rate_hz;
	unsigned width;			/* bytes a sample: 1 to CONVERT_WIDTH_MAX */
	unsigned channels;
};

struct convert;

/* ANSWER_INVALID_ARGUMENT: sound of this kind cannot be converted; why names the number. */
int convert_new(const struct convert_format *format, struct convert **ret, struct why *why);
struct convert *convert_free(struct convert *convert);
CLEANUP_DEFINE(struct convert *, convert_free)

/* So much is taken at a time, and never becomes more than this. */
#define CONVERT_PIECE_BYTES 2048
#define CONVERT_PIECE_FRAMES \
	(CONVERT_PIECE_BYTES * (16000 / CONVERT_RATE_MIN_HZ) + 1024)

/* Takes n bytes, CONVERT_PIECE_BYTES at the most, and returns how many samples they became. Sound
 * that is 16-bit mono at SOUND_RATE_HZ comes out bit for bit. */
size_t convert_run(struct convert *convert, const uint8_t *bytes, size_t n,
		   int16_t samples[static CONVERT_PIECE_FRAMES]);
/* Bytes taken that are not a whole frame yet. */
size_t convert_left(const struct convert *convert);
