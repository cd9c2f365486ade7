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
	SEARCH_LIVE,		/* the keyphrase, with less care: while it is spoken */
	SEARCH_PHRASES,		/* with a language model */
	SEARCH_PHONES,		/* any phones, one after the other; not with a keyphrase */
};

struct decoder;

/* As recogniser_new(). */
int decoder_new(const struct recogniser_config *config, struct decoder **ret, struct why *why);
struct decoder *decoder_free(struct decoder *decoder);
CLEANUP_DEFINE(struct decoder *, decoder_free)

/*
 * An utterance, while it is spoken: what the host wants to hear is searched in it once there is as
 * much as a mean can be taken from, or when somebody asks. A keyphrase is searched at once.
 */
int decoder_begin(struct decoder *decoder);
int decoder_feed(struct decoder *decoder, const int16_t *samples, size_t n);
/* In place of these: all of it. */
int decoder_whole(struct decoder *decoder, const int16_t *samples, size_t n);
int decoder_end(struct decoder *decoder);
/* In place of that: nothing more is searched, and all is forgotten. */
int decoder_drop(struct decoder *decoder);
/* Searches in all of it once more, for something else, when it has ended. */
int decoder_search(struct decoder *decoder, enum search search);
/* Forgets what was heard; until here it can be asked for. */
int decoder_empty(struct decoder *decoder);

/* "" for none; borrowed until the next call. */
const char *decoder_partial(struct decoder *decoder);
const char *decoder_text(struct decoder *decoder);
/* How far what was said so far leads into a sentence of the grammar. */
int decoder_sentence(struct decoder *decoder, enum sentence *ret);
/* The mean posterior of the words, over the lattice. */
double decoder_posterior(struct decoder *decoder);
/* What was decoded: words, or phones after SEARCH_PHONES. */
void decoder_words(struct decoder *decoder, struct fit *fit);
void decoder_phones(struct decoder *decoder, struct phones *phones);
