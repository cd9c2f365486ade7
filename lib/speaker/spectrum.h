/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The power spectrum of a windowed frame. Keeps nothing of it. */

#define SPECTRUM_POINTS 512
#define SPECTRUM_BINS (SPECTRUM_POINTS / 2 + 1)

struct spectrum {
	float cosine[SPECTRUM_POINTS / 2], sine[SPECTRUM_POINTS / 2];
	unsigned short reversed[SPECTRUM_POINTS];
};

void spectrum_prepare(struct spectrum *spectrum);
/* frame is used up. */
void spectrum_power(const struct spectrum *spectrum, float frame[static SPECTRUM_POINTS],
		    float ret_power[static SPECTRUM_BINS]);
