/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Did somebody say just these words? Their sound is held against the best loop of any phones over
 * the same frames: words that were not said fit much worse than phones do, and have others. */

#include <stdbool.h>
#include <stdint.h>
#include "agree.h"

#define FIT_WORDS_MAX 64
#define FIT_PHONES_MAX 1024

struct fit {
	struct {
		int from, to;		/* frames of 10 ms; to is the last */
		double words, phones;	/* scores */
		uint8_t said[AGREE_MAX];	/* its phones by the dictionary */
		unsigned n_said;
	} words[FIT_WORDS_MAX];
	unsigned n;
	double agreement;		/* the mean of all pairs, of those said and those heard */
	unsigned phones;		/* how many, fillers left out */
	int outside;			/* frames of phones before and behind the words */
};

/* The best loop of any phones; 0 while it is not known. */
struct phones {
	struct {
		int from, to, score;
		bool filler;
		uint8_t phone;
	} phones[FIT_PHONES_MAX];
	unsigned n;
};

/* What tells words that were said from others; scores a frame. */
struct fit_measures {
	double lack, lack_worst;	/* of the words, and of the worst, to the best there was */
	double excess, excess_worst;	/* to phones */
	double phones_lack;		/* of the phones: a room's or an accent's fault */
	double rate;			/* of phones a second: faster than anybody speaks? */
	double agreement;		/* of a word's phones with those heard: agree.h */
};

/* Scores are logarithmic, 0 is the best there was. What is beyond the maxima is left out; words
 * come without fillers. `said`: the word's phones, "G OW". */
void fit_word(struct fit *fit, int from, int to, int score, const char *said);
/* "SIL", "+SPN+" and the like are fillers. */
void phones_add(struct phones *phones, int from, int to, int score, const char *name);
/* After all words. */
void fit_phones(struct fit *fit, const struct phones *phones);
/* The phones that were heard where a word should have been said: how many. */
unsigned fit_heard(const struct fit *fit, unsigned word, const struct phones *phones,
		   uint8_t ret[static AGREE_MAX]);
/* Without words nothing is near enough. The first two need no phones. */
struct fit_measures fit_measure(const struct fit *fit);
/* How badly the words fit, for a whole sentence: above 0 they were rather not said. */
double fit_cost(const struct fit *fit);
/* That, before the phones are known; whether it is sure enough to go without them. */
double fit_guess(const struct fit *fit, bool *ret_sure);
/* What the words cost a frame more than phones. Without words, and where more than `outside_max`
 * frames of phones are left out, infinite. */
double fit_excess(const struct fit *fit, int outside_max);
/* From 1 to 0.5 up to `cost_max`: a logistic curve; 0 above. */
double fit_confidence(double cost, double cost_max);
