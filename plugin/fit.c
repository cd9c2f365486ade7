/* SPDX-License-Identifier: Apache-2.0 */

/* Words against phones. A path without words never fits. */

#include "fit.h"

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
	fit->words[fit->n++].to = to;
	fit->words_score += score;
	fit->frames += to - from + 1;
}

void fit_phone(struct fit *fit, int from, int to, int score, int filler)
{
	int inside = 0;

	if (to < from || fit->n == 0)
		return;
	for (unsigned i = 0; i < fit->n; i++)
		inside += overlap(from, to, fit->words[i].from, fit->words[i].to);
	fit->phones_score += (double)score * inside / (to - from + 1);
	if (!filler)
		fit->outside += to - from + 1 -
				overlap(from, to, fit->words[0].from, fit->words[fit->n - 1].to);
}

double fit_confidence(const struct fit *fit, double excess_max, int outside_max)
{
	double excess;

	if (!fit->frames || fit->outside > outside_max)
		return 0.0;
	excess = (fit->phones_score - fit->words_score) / fit->frames;
	if (excess > excess_max)
		return 0.0;
	return excess > 0.0 ? 1.0 - excess / excess_max / 2.0 : 1.0;
}
