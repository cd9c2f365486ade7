/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Did somebody say just these words? Their sound is held against the best loop of any phones over
 * the same frames: words that were not said fit much worse than phones do. */

#define FIT_WORDS_MAX 64

struct fit {
	struct {
		int from, to;		/* frames of 10 ms; to is the last */
		double words, phones;	/* scores */
	} words[FIT_WORDS_MAX];
	unsigned n;
	unsigned phones;		/* how many, fillers left out */
	int outside;			/* frames of phones before and behind the words */
};

/* First all words of a path, fillers left out, then all phones; scores are logarithmic, 0 is the
 * best there was. Words beyond FIT_WORDS_MAX are left out. */
void fit_word(struct fit *fit, int from, int to, int score);
void fit_phone(struct fit *fit, int from, int to, int score, int filler);
/* How badly the words fit, for a whole sentence; without words, infinite. */
double fit_cost(const struct fit *fit);
/* What the words cost a frame more than phones. Without words, and where more than `outside_max`
 * frames of phones are left out, infinite. */
double fit_excess(const struct fit *fit, int outside_max);
/* From 1 to 0.5 for a cost of 0 to `cost_max`; 0 above. */
double fit_confidence(double cost, double cost_max);
