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
	const char *words;		/* a dictionary beside the model's; NULL: none */
	const char *keyphrase;		/* only listen for this; its text is "" or the phrase, and
					 * what is partial only may be it */
	double threshold;		/* of the keyphrase: less is heard sooner; 0: 1 */
	/* Beside what the host wants to hear: words lower case. Borrowed while it lives. */
	const char (*phrases)[RECOGNITION_PHRASE_BYTES];
	size_t n_phrases;
};

struct recognition {
	char text[RECOGNITION_TEXT_BYTES];	/* "" when there were no words */
	int phrase;	/* which of the phrases it is, and nothing else; -1: none */
	bool near_phrase;	/* none, but somebody may have meant one */
	/* 0 to 1: mean posterior of the words; with a grammar how well they fit, at least 0.5 */
	double confidence;
};

/* ANSWER_NOT_FOUND: a file is not there. ANSWER_INVALID_ARGUMENT: it cannot be used. */
int recogniser_new(const struct recogniser_config *config, struct recogniser **ret,
		   struct why *why);
struct recogniser *recogniser_free(struct recogniser *recogniser);
CLEANUP_DEFINE(struct recogniser *, recogniser_free)

/*
 * While it is spoken: begin gives a ticket, then feed, and at any time the words so far, borrowed
 * until the next call, "" while there are none. Somebody else's open utterance is not disturbed:
 * then feeding does nothing, and finish decodes the whole.
 */
int recogniser_begin(struct recogniser *recogniser, uint64_t *ret_ticket);
int recogniser_feed(struct recogniser *recogniser, uint64_t ticket, const int16_t *samples,
		    size_t n);
const char *recogniser_partial(struct recogniser *recogniser, uint64_t ticket);
/* Somebody pauses: have they said all? */
enum sentence {
	SENTENCE_UNKNOWN = 0,		/* without a grammar, or without words */
	SENTENCE_BEGUN,			/* there must be more of it */
	SENTENCE_WHOLE,			/* there may be more of it */
	SENTENCE_ENDED,			/* nothing may follow */
	SENTENCE_CERTAIN,		/* that, and its words fit well */
};
int recogniser_sentence(struct recogniser *recogniser, uint64_t ticket, enum sentence *ret);
/*
 * Ends the utterance; `whole` is all of it. What fits a grammar badly has no words, and of the
 * phrases only one counts that fits nearly as well as any phones would. The caller wipes *ret.
 */
int recogniser_finish(struct recogniser *recogniser, uint64_t ticket, const int16_t *whole,
		      size_t n, struct recognition *ret);
/* Drops what was fed. */
void recogniser_cancel(struct recogniser *recogniser, uint64_t ticket);
