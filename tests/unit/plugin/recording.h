/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Human recordings of Debian's pocketsphinx-testdata, espeak-ng, and noise. */

#include "../test.h"

#define RECORDINGS "/usr/share/pocketsphinx/test/data/"
#define RATE_HZ 16000

struct recording {
	size_t frames;
	int16_t *samples;
};

/* Below RECORDINGS; .raw or .wav. Skips the test when the package is not installed. */
struct recording recording_read(const char *name);
/* What espeak-ng says; skips the test when it is not installed. */
struct recording recording_speak(const char *text);
/* In another of its voices, for instance "en-us+f3". */
struct recording recording_speak_as(const char *voice, const char *text);
struct recording recording_join(const struct recording *first, const struct recording *second);
struct recording recording_free(struct recording *recording);

/* The same numbers for the same seed on every machine. */
struct noise {
	uint64_t state;
	double pink[3];
};
/* White between -1 and 1, or pink of about the same power. */
double noise_white(struct noise *noise);
double noise_pink(struct noise *noise);

/* lead_ms of noise, the recording in noise, tail_ms of noise. snr_db over the frames with speech.
 */
struct recording recording_in_noise(const struct recording *clean, double (*noise)(struct noise *),
				    uint64_t seed, double snr_db, unsigned lead_ms,
				    unsigned tail_ms);
/* First and last frame of 10 ms within 25 dB of the loudest: where a person would put the ends. */
void recording_ends(const struct recording *clean, size_t *ret_first, size_t *ret_last);
