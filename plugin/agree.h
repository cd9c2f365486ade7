/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Do the phones that a word has agree with those that were heard where it should have been said?
 * Both are lined up, and each pair says how much likelier it is where the word was said than where
 * it was not; so speakers with an accent may say other phones than the dictionary, if they are
 * likely ones. The figures are trained: script/train-fit. */

#include <stdbool.h>
#include <stdint.h>

/* ARPAbet, as in the CMU dictionary; what else an acoustic model may have says nothing. */
#define AGREE_PHONES 39
#define AGREE_NONE AGREE_PHONES		/* of a pair: said and not heard, heard and not said */
#define AGREE_UNKNOWN (AGREE_PHONES + 1)
/* Of one word; what is beyond is left out. */
#define AGREE_MAX 32

struct agree_pair {
	uint8_t said, heard;
};

uint8_t agree_phone(const char *name);
/* Of a pronunciation, "F AO R W ER D": how many. */
unsigned agree_phones(const char *names, uint8_t ret[static AGREE_MAX]);
/* Those of two sequences, each up to AGREE_MAX long: how many pairs. */
unsigned agree_align(const uint8_t *said, unsigned n_said, const uint8_t *heard, unsigned n_heard,
		     struct agree_pair ret[static 2 * AGREE_MAX]);
/* The logarithm of how much likelier it is where the word was said. */
double agree_ratio(struct agree_pair pair);
