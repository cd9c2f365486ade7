/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* PocketSphinx, with all it may search for: what the host wants to hear, phrases of our own, and
 * phones to hold them against. One utterance and one search at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"
#include "fit.h"
#include "recognise.h"

enum search {
	SEARCH_HOST,		/* a grammar with the phrases in it, a model, a keyphrase */
	SEARCH_LIVE,		/* the grammar or keyphrase, with less care: while it is spoken */
	SEARCH_PHRASES,		/* with a language model or a keyphrase */
	SEARCH_PHONES,		/* any phones, one after the other */
};

struct decoder;

/* As recogniser_new(). */
int decoder_new(const struct recogniser_config *config, struct decoder **ret, struct why *why);
struct decoder *decoder_free(struct decoder *decoder);
CLEANUP_DEFINE(struct decoder *, decoder_free)

/* Of an utterance that is still going on. */
int decoder_start(struct decoder *decoder);
int decoder_feed(struct decoder *decoder, const int16_t *samples, size_t n);
int decoder_end(struct decoder *decoder);
/* All of it at once; it is ended then, and the mean is its own. How far it leads into a sentence,
 * should it go on, is for ret_sentence, which may be NULL. */
int decoder_whole(struct decoder *decoder, enum search search, const int16_t *samples, size_t n,
		  enum sentence *ret_sentence);
/* Forgets what was heard; until here it can be asked for. */
int decoder_empty(struct decoder *decoder);

/* "" for none; borrowed until the next call. */
const char *decoder_text(struct decoder *decoder);
/* How far that leads into a sentence of the grammar. */
enum sentence decoder_sentence(struct decoder *decoder);
/* The mean posterior of the words, over the lattice. */
double decoder_posterior(struct decoder *decoder);
/* What was decoded: words, or phones after SEARCH_PHONES. */
void decoder_words(struct decoder *decoder, struct fit *fit);
void decoder_phones(struct decoder *decoder, struct phones *phones);
