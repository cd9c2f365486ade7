/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Did somebody say just these words? Their sound is held against the best loop of any phones over
 * the same frames: words that were not said fit much worse than phones do. */

#include <stdbool.h>

#define FIT_WORDS_MAX 64
#define FIT_PHONES_MAX 1024

struct fit {
	struct {
		int from, to;		/* frames of 10 ms; to is the last */
		double words, phones;	/* scores */
	} words[FIT_WORDS_MAX];
	unsigned n;
	unsigned phones;		/* how many, fillers left out */
	int outside;			/* frames of phones before and behind the words */
};

/* The best loop of any phones; 0 while it is not known. */
struct phones {
	struct {
		int from, to, score;
		bool filler;
	} phones[FIT_PHONES_MAX];
	unsigned n;
};

/* Scores are logarithmic, 0 is the best there was. What is beyond the maxima is left out; words
 * come without fillers. */
void fit_word(struct fit *fit, int from, int to, int score);
void phones_add(struct phones *phones, int from, int to, int score, bool filler);
/* After all words. */
void fit_phones(struct fit *fit, const struct phones *phones);
/* How badly the words fit, for a whole sentence; without words, infinite. */
double fit_cost(const struct fit *fit);
/* That, before the phones are known: of 100 sentences three are further off than this. */
double fit_guess(const struct fit *fit);
#define FIT_GUESS_ERROR 12.0
/* What the words cost a frame more than phones. Without words, and where more than `outside_max`
 * frames of phones are left out, infinite. */
double fit_excess(const struct fit *fit, int outside_max);
/* From 1 to 0.5 for a cost of 0 to `cost_max`; 0 above. */
double fit_confidence(double cost, double cost_max);
