/* SPDX-License-Identifier: Apache-2.0 */

/* A Fourier transform of one fixed size. It must stay small and free of anything but its input: a
 * library for this would be one more that sees the sound. */

#include "speaker/spectrum.h"

#include <math.h>
#include <string.h>

#define BITS 9

void spectrum_prepare(struct spectrum *spectrum)
{
	for (unsigned i = 0; i < SPECTRUM_POINTS / 2; i++) {
		double angle = 2.0 * M_PI * i / SPECTRUM_POINTS;

		spectrum->cosine[i] = (float)cos(angle);
		spectrum->sine[i] = (float)-sin(angle);
	}
	for (unsigned i = 0; i < SPECTRUM_POINTS; i++) {
		unsigned reversed = 0;

		for (unsigned bit = 0; bit < BITS; bit++)
			reversed |= (i >> bit & 1u) << (BITS - 1 - bit);
		spectrum->reversed[i] = (unsigned short)reversed;
	}
}

static void butterflies(const struct spectrum *spectrum, float *re, float *im)
{
	for (unsigned half = 1; half < SPECTRUM_POINTS; half *= 2) {
		unsigned stride = SPECTRUM_POINTS / 2 / half;

		for (unsigned start = 0; start < SPECTRUM_POINTS; start += 2 * half)
			for (unsigned k = 0; k < half; k++) {
				unsigned a = start + k, b = a + half;
				float c = spectrum->cosine[k * stride];
				float s = spectrum->sine[k * stride];
				float x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;

				re[b] = re[a] - x;
				im[b] = im[a] - y;
				re[a] += x;
				im[a] += y;
			}
	}
}

void spectrum_power(const struct spectrum *spectrum, float frame[static SPECTRUM_POINTS],
		    float ret_power[static SPECTRUM_BINS])
{
	float re[SPECTRUM_POINTS], im[SPECTRUM_POINTS] = { 0 };

	for (unsigned i = 0; i < SPECTRUM_POINTS; i++)
		re[spectrum->reversed[i]] = frame[i];
	butterflies(spectrum, re, im);
	for (unsigned i = 0; i < SPECTRUM_BINS; i++)
		ret_power[i] = re[i] * re[i] + im[i] * im[i];
	explicit_bzero(re, sizeof(re));
	explicit_bzero(im, sizeof(im));
}
