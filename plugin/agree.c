/* SPDX-License-Identifier: Apache-2.0 */

/* The alignment is Wagner's and Fischer's ("The String-to-String Correction Problem", J. ACM 21,
 * 1974): a phone of the same class costs half of one of another. */

#include "agree.h"

#include <string.h>
#include "fit_trained.h"

#define GAP_COST 2
#define CLASS_COST 1
#define OTHER_COST 2
/* The figures of fit_trained.h are in parts of a nat. */
#define RATIO_PARTS 16.0

static const struct {
	char name[3];
	char class;		/* vowel, plosive, fricative, nasal, liquid */
} phones[AGREE_PHONES] = {
	{ "AA", 'v' }, { "AE", 'v' }, { "AH", 'v' }, { "AO", 'v' }, { "AW", 'v' }, { "AY", 'v' },
	{ "B", 'p' }, { "CH", 'f' }, { "D", 'p' }, { "DH", 'f' }, { "EH", 'v' }, { "ER", 'v' },
	{ "EY", 'v' }, { "F", 'f' }, { "G", 'p' }, { "HH", 'f' }, { "IH", 'v' }, { "IY", 'v' },
	{ "JH", 'f' }, { "K", 'p' }, { "L", 'l' }, { "M", 'n' }, { "N", 'n' }, { "NG", 'n' },
	{ "OW", 'v' }, { "OY", 'v' }, { "P", 'p' }, { "R", 'l' }, { "S", 'f' }, { "SH", 'f' },
	{ "T", 'p' }, { "TH", 'f' }, { "UH", 'v' }, { "UW", 'v' }, { "V", 'f' }, { "W", 'l' },
	{ "Y", 'l' }, { "Z", 'f' }, { "ZH", 'f' },
};

uint8_t agree_phone(const char *name)
{
	for (uint8_t i = 0; i < AGREE_PHONES; i++)
		if (strcmp(name, phones[i].name) == 0)
			return i;
	return AGREE_UNKNOWN;
}

unsigned agree_phones(const char *names, uint8_t ret[static AGREE_MAX])
{
	unsigned n = 0;

	while (*names && n < AGREE_MAX) {
		size_t length = strcspn(names, " ");
		char name[8] = "";

		if (length > 0 && length < sizeof(name)) {
			memcpy(name, names, length);
			ret[n++] = agree_phone(name);
		}
		names += length + (names[length] == ' ');
	}
	return n;
}

static unsigned pair_cost(uint8_t said, uint8_t heard)
{
	if (said == heard)
		return 0;
	if (said >= AGREE_PHONES || heard >= AGREE_PHONES)
		return OTHER_COST;
	return phones[said].class == phones[heard].class ? CLASS_COST : OTHER_COST;
}

unsigned agree_align(const uint8_t *said, unsigned n_said, const uint8_t *heard, unsigned n_heard,
		     struct agree_pair ret[static 2 * AGREE_MAX])
{
	unsigned cost[AGREE_MAX + 1][AGREE_MAX + 1], i, j, n = 0;

	for (i = 0; i <= n_said; i++)
		for (j = 0; j <= n_heard; j++) {
			unsigned least = GAP_COST * (i + j);

			if (i > 0 && cost[i - 1][j] + GAP_COST < least)
				least = cost[i - 1][j] + GAP_COST;
			if (j > 0 && cost[i][j - 1] + GAP_COST < least)
				least = cost[i][j - 1] + GAP_COST;
			if (i > 0 && j > 0 && cost[i - 1][j - 1] +
			    pair_cost(said[i - 1], heard[j - 1]) < least)
				least = cost[i - 1][j - 1] +
					pair_cost(said[i - 1], heard[j - 1]);
			cost[i][j] = least;
		}
	for (i = n_said, j = n_heard; i > 0 || j > 0;) {
		bool both = i > 0 && j > 0 && cost[i][j] == cost[i - 1][j - 1] +
			    pair_cost(said[i - 1], heard[j - 1]);
		bool lost = !both && i > 0 && cost[i][j] == cost[i - 1][j] + GAP_COST;

		ret[n].said = both || lost ? said[--i] : AGREE_NONE;
		ret[n++].heard = lost ? AGREE_NONE : heard[--j];
	}
	return n;
}

double agree_ratio(struct agree_pair pair)
{
	if (pair.said > AGREE_NONE || pair.heard > AGREE_NONE)
		return 0.0;
	return agree_trained[pair.said][pair.heard] / RATIO_PARTS;
}
