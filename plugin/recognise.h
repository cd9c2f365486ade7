/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Speech to words. One utterance at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"

#define RECOGNITION_TEXT_BYTES 1024
#define RECOGNITION_PHRASE_BYTES 80

struct recogniser;

struct recogniser_config {
	const char *model;		/* folder of models; NULL: Debian's pocketsphinx-en-us */
	const char *grammar;		/* a JSGF file; NULL: a language model */
	const char *lm;			/* a language model; NULL: the one of `model` */
	const char *keyphrase;		/* only listen for this; its text is "" or the phrase */
	/* For recogniser_phrase(): words lower case. Borrowed while the recogniser lives. */
	const char (*phrases)[RECOGNITION_PHRASE_BYTES];
	size_t n_phrases;
};

struct recognition {
	char text[RECOGNITION_TEXT_BYTES];	/* "" when there were no words */
	/* 0 to 1: mean posterior of the words; with a grammar how well they fit, at least 0.5 */
	double confidence;
};

/* ANSWER_NOT_FOUND: a file is not there. ANSWER_INVALID_ARGUMENT: it cannot be used. */
int recogniser_new(const struct recogniser_config *config, struct recogniser **ret,
		   struct why *why);
struct recogniser *recogniser_free(struct recogniser *recogniser);
CLEANUP_DEFINE(struct recogniser *, recogniser_free)

/*
 * While it is spoken: begin gives a ticket, then feed, and at any time the words so far. Somebody
 * else's open utterance is not disturbed: the ticket is 0 then, feeding does nothing, and finish
 * decodes the whole. The partial text is borrowed until the next call, "" while there is none.
 */
int recogniser_begin(struct recogniser *recogniser, uint64_t *ret_ticket);
int recogniser_feed(struct recogniser *recogniser, uint64_t ticket, const int16_t *samples,
		    size_t n);
const char *recogniser_partial(struct recogniser *recogniser, uint64_t ticket);
/* Ends the utterance. With a grammar, and when it is short, `whole` (all of it) is decoded again,
 * because the mean over a whole utterance makes fewer errors than a running one; a long one under
 * a language model keeps the words of the fed samples, because its host is waiting. What fits a
 * grammar badly has no words. The caller wipes *ret. */
int recogniser_finish(struct recogniser *recogniser, uint64_t ticket, const int16_t *whole,
		      size_t n, struct recognition *ret);
/*
 * Is `whole` one of the phrases and nothing else? *ret_phrase is its number and *ret its text, with
 * a confidence of 0.5 at the least; -1 for none. Whatever the host's grammar or language model is:
 * the phrases are a grammar of their own, and count only where they fit nearly as well as any
 * phones would. Whoever was being fed loses the decoder, and will be decoded whole.
 */
int recogniser_phrase(struct recogniser *recogniser, const int16_t *whole, size_t n,
		      int *ret_phrase, struct recognition *ret);
/* Drops what was fed. */
void recogniser_cancel(struct recogniser *recogniser, uint64_t ticket);
