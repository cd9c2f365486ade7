/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the sound tests share: a real recording, and tones where a known answer is needed. */

#include "unit/test.h"

#include <math.h>

#include "base/file.h"
#include "sound/sound.h"

#define RECORDING "/usr/share/pocketsphinx/test/data/goforward.raw"

static inline int sound_setup(void **state)
{
	return crypt_init();
}

/* Somebody saying "go forward ten meters": 16 bits, mono, 16 kHz, no header. Skips the test,
 * visibly, where Debian's pocketsphinx-testdata is not installed. */
static inline int16_t *recording_read(size_t *ret_frames)
{
	char *bytes = NULL;
	size_t n = 0;

	if (file_read_path(RECORDING, 1 << 20, &bytes, &n) != 0) {
		print_message("# %s is not there\n", RECORDING);
		skip();
	}
	*ret_frames = n / 2;
	return (int16_t *)(void *)bytes;
}

static inline const int16_t *samples_of(const struct sound *sound)
{
	return (const int16_t *)(const void *)sound->samples->bytes;
}

static inline double tone(size_t frame, double hz, double rate_hz)
{
	return sin(2 * M_PI * hz * (double)frame / rate_hz);
}
