/* SPDX-License-Identifier: Apache-2.0 */

/* Words against phones. A path without words never fits. */

#include "fit.h"

#include <math.h>
#include <string.h>
#include "fit_trained.h"

#define FRAMES_S 100.0

static int overlap(int from, int to, int other_from, int other_to)
{
	int first = from > other_from ? from : other_from;
	int last = to < other_to ? to : other_to;

	return last >= first ? last - first + 1 : 0;
}

void fit_word(struct fit *fit, int from, int to, int score, const char *said)
{
	if (to < from || fit->n == FIT_WORDS_MAX)
		return;
	fit->words[fit->n].n_said = agree_phones(said, fit->words[fit->n].said);
	fit->words[fit->n].from = from;
	fit->words[fit->n].to = to;
	fit->words[fit->n++].words = score;
}

void phones_add(struct phones *phones, int from, int to, int score, const char *name)
{
	if (to < from || phones->n == FIT_PHONES_MAX)
		return;
	phones->phones[phones->n].phone = agree_phone(name);
	phones->phones[phones->n].from = from;
	phones->phones[phones->n].to = to;
	phones->phones[phones->n].filler = *name == '+' || strcmp(name, "SIL") == 0;
	phones->phones[phones->n++].score = score;
}

/* Those that are in the word by half of their length or more. */
unsigned fit_heard(const struct fit *fit, unsigned word, const struct phones *phones,
		   uint8_t ret[static AGREE_MAX])
{
	unsigned n = 0;

	for (unsigned k = 0; k < phones->n && n < AGREE_MAX; k++) {
		int from = phones->phones[k].from, to = phones->phones[k].to;

		if (!phones->phones[k].filler &&
		    2 * overlap(from, to, fit->words[word].from, fit->words[word].to) >=
		    to - from + 1)
			ret[n++] = phones->phones[k].phone;
	}
	return n;
}

static void agreement_take(struct fit *fit, const struct phones *phones)
{
	double sum = 0.0;
	unsigned n = 0;

	for (unsigned i = 0; i < fit->n; i++) {
		struct agree_pair pairs[2 * AGREE_MAX];
		uint8_t heard[AGREE_MAX];
		unsigned n_pairs = agree_align(fit->words[i].said, fit->words[i].n_said, heard,
					       fit_heard(fit, i, phones, heard), pairs);

		for (unsigned k = 0; k < n_pairs; k++)
			sum += agree_ratio(pairs[k]);
		n += n_pairs;
	}
	fit->agreement = n ? sum / n : 0.0;
}

void fit_phones(struct fit *fit, const struct phones *phones)
{
	for (unsigned k = 0; fit->n > 0 && k < phones->n; k++) {
		int from = phones->phones[k].from, to = phones->phones[k].to;

		for (unsigned i = 0; i < fit->n; i++)
			fit->words[i].phones += (double)phones->phones[k].score / (to - from + 1) *
						overlap(from, to, fit->words[i].from,
							fit->words[i].to);
		if (phones->phones[k].filler)
			continue;
		fit->phones++;
		fit->outside += to - from + 1 -
				overlap(from, to, fit->words[0].from, fit->words[fit->n - 1].to);
	}
	agreement_take(fit, phones);
}

struct fit_measures fit_measure(const struct fit *fit)
{
	struct fit_measures all = { .lack_worst = -INFINITY, .excess_worst = -INFINITY };
	double words = 0.0, phones = 0.0;
	int frames = 0;

	for (unsigned i = 0; i < fit->n; i++) {
		int n = fit->words[i].to - fit->words[i].from + 1;

		frames += n;
		words += fit->words[i].words;
		phones += fit->words[i].phones;
		all.lack_worst = fmax(all.lack_worst, -fit->words[i].words / n);
		all.excess_worst = fmax(all.excess_worst,
					(fit->words[i].phones - fit->words[i].words) / n);
	}
	all.lack = frames ? -words / frames : INFINITY;
	all.excess = frames ? (phones - words) / frames : INFINITY;
	all.phones_lack = frames ? -phones / frames : 0.0;
	all.rate = frames ? fit->phones * FRAMES_S / frames : 0.0;
	all.agreement = fit->agreement;
	return all;
}

double fit_cost(const struct fit *fit)
{
	struct fit_measures all = fit_measure(fit);

	if (!fit->n)
		return INFINITY;
	return COST_BASE + COST_EXCESS * all.excess + COST_WORST * all.excess_worst +
	       COST_PHONES * all.phones_lack + COST_RATE * all.rate +
	       COST_AGREEMENT * all.agreement;
}

double fit_guess(const struct fit *fit, bool *ret_sure)
{
	struct fit_measures all = fit_measure(fit);
	double guess = INFINITY;

	if (fit->n)
		guess = GUESS_BASE + GUESS_LACK * all.lack + GUESS_WORST * all.lack_worst;
	*ret_sure = fabs(guess) > GUESS_ERROR;
	return guess;
}

double fit_excess(const struct fit *fit, int outside_max)
{
	return fit->outside > outside_max ? INFINITY : fit_measure(fit).excess;
}

double fit_confidence(double cost, double cost_max)
{
	return cost > cost_max ? 0.0 : 1.0 / (1.0 + exp(cost - cost_max));
}
