/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sound as Cubby keeps it: 16-bit mono samples, packed as FLAC in locked memory through
 * libsndfile's virtual I/O. Nothing here writes a temporary file. The libraries' own buffers are
 * ordinary heap memory while a call runs: they are not dumped, but not locked either. This room
 * alone includes <sndfile.h> and <speex/...>. */

#include <stdint.h>
#include "base/fault.h"
#include "crypt/secret.h"

#define SOUND_RATE_HZ 16000
#define SOUND_SECONDS_MAX 60
#define SOUND_FILE_SECONDS_MAX 3600

struct sound {
	unsigned rate_hz;
	size_t frames;
	struct secret *samples;		/* frames * int16_t, mono, host byte order */
};

void sound_clear(struct sound *sound);

/* 1 frame to SOUND_SECONDS_MAX, 8 to 48 kHz. */
int sound_to_flac(const int16_t *samples, size_t frames, unsigned rate_hz,
		  struct secret **ret_flac);
/* ANSWER_INVALID_ARGUMENT: not such a FLAC stream. */
int sound_from_flac(const void *flac, size_t n, struct sound *ret, struct why *why);
/* A complete RIFF WAV file in memory. */
int sound_to_wav(const struct sound *sound, struct secret **ret_wav);
/*
 * A recording somebody names: WAV, FLAC or another format libsndfile reads; mixed to mono and
 * resampled to SOUND_RATE_HZ (libspeexdsp) where it is not already so; 16-bit mono at that rate
 * comes out bit for bit. ANSWER_NOT_FOUND, ANSWER_INVALID_ARGUMENT (not sound, empty, unreadable,
 * over max_seconds, or over SOUND_FILE_SECONDS_MAX when that is 0) say why.
 */
int sound_from_file(const char *path, unsigned max_seconds, struct sound *ret, struct why *why);
