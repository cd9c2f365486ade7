/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Did somebody say just these words? Their sound is held against the best loop of any phones over
 * the same frames: words that were not said fit much worse than phones do. */

#define FIT_WORDS_MAX 64

struct fit {
	struct {
		int from, to;		/* frames of 10 ms; to is the last */
	} words[FIT_WORDS_MAX];
	unsigned n;
	int frames;			/* of all words */
	double words_score, phones_score;
	int outside;			/* frames of phones before the first or behind the last */
};

/* First all words of a path, fillers left out, then all phones; scores are logarithmic, more is
 * better. Words beyond FIT_WORDS_MAX are left out. */
void fit_word(struct fit *fit, int from, int to, int score);
void fit_phone(struct fit *fit, int from, int to, int score, int filler);
/* From 1 to 0.5 for words that cost at most `excess_max` a frame more than phones and leave at most
 * `outside_max` frames of phones out; 0 for others and for none. */
double fit_confidence(const struct fit *fit, double excess_max, int outside_max);
