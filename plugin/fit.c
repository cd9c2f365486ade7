/* SPDX-License-Identifier: Apache-2.0 */

/* Words against phones. A path without words never fits. */

#include "fit.h"

#include <math.h>

/* Weights of what tells sentences that were said from those that were not, beside the excess: one
 * word that is far off; how badly the phones fit themselves, which is the room's or an accent's
 * fault and none of the words'; and phones that come faster than anybody speaks. From a logistic
 * regression over 400 sentences of speechocean762, half of them outside of the grammar; trained on
 * half of the speakers it held for the others. */
#define WEIGHT_WORST 0.35
#define WEIGHT_PHONES (-1.4)
#define WEIGHT_RATE 0.9

/* The cost, by the words alone: a linear regression over 393 sentences, rounded. What is left is
 * within 10 for nine of ten. */
#define GUESS_WORDS 0.94
#define GUESS_WORST 0.37
#define GUESS_BASE (-37.0)

#define FRAMES_S 100.0

static int overlap(int from, int to, int other_from, int other_to)
{
	int first = from > other_from ? from : other_from;
	int last = to < other_to ? to : other_to;

	return last >= first ? last - first + 1 : 0;
}

void fit_word(struct fit *fit, int from, int to, int score)
{
	if (to < from || fit->n == FIT_WORDS_MAX)
		return;
	fit->words[fit->n].from = from;
	fit->words[fit->n].to = to;
	fit->words[fit->n++].words = score;
}

void phones_add(struct phones *phones, int from, int to, int score, bool filler)
{
	if (to < from || phones->n == FIT_PHONES_MAX)
		return;
	phones->phones[phones->n].from = from;
	phones->phones[phones->n].to = to;
	phones->phones[phones->n].filler = filler;
	phones->phones[phones->n++].score = score;
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
}

/* All words together. */
struct sum {
	int frames;
	double words, phones;
	double worst;			/* excess a frame of the worst word */
};

static struct sum fit_sum(const struct fit *fit)
{
	struct sum sum = { 0 };

	for (unsigned i = 0; i < fit->n; i++) {
		int frames = fit->words[i].to - fit->words[i].from + 1;
		double excess = (fit->words[i].phones - fit->words[i].words) / frames;

		sum.frames += frames;
		sum.words += fit->words[i].words;
		sum.phones += fit->words[i].phones;
		sum.worst = i ? fmax(sum.worst, excess) : excess;
	}
	return sum;
}

double fit_cost(const struct fit *fit)
{
	struct sum sum = fit_sum(fit);

	if (!fit->n)
		return INFINITY;
	return (sum.phones - sum.words - WEIGHT_PHONES * sum.phones) / sum.frames +
	       WEIGHT_WORST * sum.worst + WEIGHT_RATE * fit->phones * FRAMES_S / sum.frames;
}

double fit_guess(const struct fit *fit)
{
	struct sum sum = fit_sum(fit);

	if (!fit->n)
		return INFINITY;
	return GUESS_WORDS * -sum.words / sum.frames + GUESS_WORST * sum.worst + GUESS_BASE;
}

double fit_excess(const struct fit *fit, int outside_max)
{
	struct sum sum = fit_sum(fit);

	if (!fit->n || fit->outside > outside_max)
		return INFINITY;
	return (sum.phones - sum.words) / sum.frames;
}

double fit_confidence(double cost, double cost_max)
{
	if (cost > cost_max)
		return 0.0;
	return cost > 0.0 ? 1.0 - cost / cost_max / 2.0 : 1.0;
}
