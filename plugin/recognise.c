/* SPDX-License-Identifier: Apache-2.0 */

/* What was said, as far as it is certain. Words that do not fit the sound must not become a
 * command, and least of all one that erases. */

#include "recognise.h"

#include <string.h>
#include "crypt/secret.h"
#include "decoder.h"
#include "forget.h"

/* With a language model decoding 4 s again costs half a second or more, and a short utterance is
 * where the running mean has had the least to go by. */
#define WHOLE_FRAMES 64000
/* Nobody takes longer for a phrase. */
#define PHRASE_FRAMES_MAX 64000
/* Of 500 sentences of children and adults, beside a language model, none came nearer than 11.9; of
 * 600 beside a grammar one came to 8.8 and the next to 10.2, and of 40 phrases spoken by machines
 * 39 to 5.0. Whatever is near may have been meant. */
#define PHRASE_EXCESS_MAX 10.0
#define PHRASE_EXCESS_MAX_GRAMMAR 8.0
#define PHRASE_EXCESS_NEAR 13.0
#define OUTSIDE_FRAMES_MAX 40
/* Nine of ten sentences that were recognised rightly cost less. */
#define GRAMMAR_COST_MAX 38.0

struct recogniser {
	struct decoder *decoder;
	const char (*phrases)[RECOGNITION_PHRASE_BYTES];
	size_t n_phrases;
	bool grammar;
	struct forget_phrases decoys;	/* for `phrases`, where a grammar came without any */
	uint64_t open;		/* the ticket of the utterance being fed; 0: none */
	uint64_t last;
};

/* Scores are relative to the best that the grammar allows at each moment: one sentence alone would
 * be the best there is, whatever was said. */
static void decoys_set(struct recogniser *recogniser, struct recogniser_config *config)
{
	forget_phrases_default(&recogniser->decoys);
	config->phrases = (const char (*)[RECOGNITION_PHRASE_BYTES])recogniser->decoys.text;
	config->n_phrases = recogniser->decoys.n;
	recogniser->phrases = config->phrases;
	recogniser->n_phrases = config->n_phrases;
}

int recogniser_new(const struct recogniser_config *config, struct recogniser **ret, struct why *why)
{
	struct recogniser_config all = *config;
	_cleanup_(recogniser_freep) struct recogniser *recogniser = calloc(1, sizeof(*recogniser));
	int r;

	if (!recogniser)
		return fault_origin(-ENOMEM);
	recogniser->phrases = config->phrases;
	recogniser->n_phrases = config->n_phrases;
	recogniser->grammar = config->grammar;
	if (config->grammar && !config->n_phrases)
		decoys_set(recogniser, &all);
	r = decoder_new(&all, &recogniser->decoder, why);
	if (r)
		return r;
	*ret = take(recogniser);
	return 0;
}

struct recogniser *recogniser_free(struct recogniser *recogniser)
{
	if (!recogniser)
		return NULL;
	recogniser_cancel(recogniser, recogniser->open);
	decoder_free(recogniser->decoder);
	free(recogniser);
	return NULL;
}

int recogniser_begin(struct recogniser *recogniser, uint64_t *ret_ticket)
{
	int r;

	if (recogniser->open) {
		*ret_ticket = 0;
		return 0;
	}
	r = decoder_start(recogniser->decoder);
	if (r < 0)
		return fault_trace(r);
	*ret_ticket = recogniser->open = ++recogniser->last;
	return 0;
}

int recogniser_feed(struct recogniser *recogniser, uint64_t ticket, const int16_t *samples,
		    size_t n)
{
	int r;

	if (!ticket || ticket != recogniser->open)
		return 0;
	r = decoder_feed(recogniser->decoder, samples, n);
	return r < 0 ? fault_trace(r) : 0;
}

const char *recogniser_partial(struct recogniser *recogniser, uint64_t ticket)
{
	return ticket && ticket == recogniser->open ? decoder_text(recogniser->decoder) : "";
}

enum sentence recogniser_sentence(struct recogniser *recogniser, uint64_t ticket)
{
	if (!ticket || ticket != recogniser->open)
		return SENTENCE_UNKNOWN;
	return decoder_sentence(recogniser->decoder);
}

void recogniser_cancel(struct recogniser *recogniser, uint64_t ticket)
{
	if (!ticket || ticket != recogniser->open)
		return;
	recogniser->open = 0;
	decoder_end(recogniser->decoder);
}

static int phrase_find(const struct recogniser *recogniser, const char *text)
{
	for (size_t i = 0; i < recogniser->n_phrases; i++)
		if (strcmp(text, recogniser->phrases[i]) == 0)
			return (int)i;
	return -1;
}

/* What was decoded last, held against phones. */
static int fit_take(struct recogniser *recogniser, const int16_t *whole, size_t n, struct fit *fit)
{
	int r;

	decoder_words(recogniser->decoder, fit);
	r = decoder_whole(recogniser->decoder, SEARCH_PHONES, whole, n);
	if (r < 0)
		return fault_trace(r);
	decoder_phones(recogniser->decoder, fit);
	return 0;
}

/* Whether it is one of the phrases and nothing else, or may have been meant for one. */
static int phrase_look(struct recogniser *recogniser, const int16_t *whole, size_t n,
		       struct recognition *ret)
{
	double max = recogniser->grammar ? PHRASE_EXCESS_MAX_GRAMMAR : PHRASE_EXCESS_MAX;
	struct fit fit = { .n = 0 };
	double excess;
	int phrase, r;

	if (!recogniser->n_phrases || recogniser->decoys.n || n > PHRASE_FRAMES_MAX)
		return 0;
	r = decoder_whole(recogniser->decoder, SEARCH_PHRASES, whole, n);
	if (r < 0)
		return fault_trace(r);
	phrase = phrase_find(recogniser, decoder_text(recogniser->decoder));
	if (phrase < 0)
		return 0;
	r = fit_take(recogniser, whole, n, &fit);
	excess = fit_excess(&fit, OUTSIDE_FRAMES_MAX);
	secret_wipe(&fit, sizeof(fit));
	if (r < 0)
		return fault_trace(r);
	ret->near_phrase = excess <= PHRASE_EXCESS_NEAR;
	if (excess > max)
		return 0;
	ret->phrase = phrase;
	ret->confidence = fit_confidence(excess, max);
	snprintf(ret->text, sizeof(ret->text), "%s", recogniser->phrases[phrase]);
	return 0;
}

/* What was said outside of the grammar has no words, as if nobody had spoken. */
static int grammar_finish(struct recogniser *recogniser, const int16_t *whole, size_t n,
			  struct recognition *ret)
{
	struct fit fit = { .n = 0 };
	int r = decoder_whole(recogniser->decoder, SEARCH_HOST, whole, n);

	if (r < 0)
		return fault_trace(r);
	snprintf(ret->text, sizeof(ret->text), "%s", decoder_text(recogniser->decoder));
	if (*ret->text)
		r = fit_take(recogniser, whole, n, &fit);
	/* A phrase is held to more than the host's sentences are. */
	if (phrase_find(recogniser, ret->text) < 0)
		ret->confidence = fit_confidence(fit_cost(&fit), GRAMMAR_COST_MAX);
	if (ret->confidence == 0.0)
		secret_wipe(ret->text, sizeof(ret->text));
	secret_wipe(&fit, sizeof(fit));
	return r < 0 ? fault_trace(r) : 0;
}

/* With a language model; `fed`: what was decoded while it was spoken is good enough. */
static int model_finish(struct recogniser *recogniser, bool fed, const int16_t *whole, size_t n,
			struct recognition *ret)
{
	int r = fed ? 0 : decoder_whole(recogniser->decoder, SEARCH_HOST, whole, n);

	if (r < 0)
		return fault_trace(r);
	snprintf(ret->text, sizeof(ret->text), "%s", decoder_text(recogniser->decoder));
	if (*ret->text)
		ret->confidence = decoder_posterior(recogniser->decoder);
	return 0;
}

int recogniser_finish(struct recogniser *recogniser, uint64_t ticket, const int16_t *whole,
		      size_t n, struct recognition *ret)
{
	bool fed = ticket && ticket == recogniser->open && n > WHOLE_FRAMES;
	int r;

	*ret = (struct recognition) { .phrase = -1 };
	/* Whoever was being fed loses the decoder, and will be decoded whole, too. */
	recogniser_cancel(recogniser, recogniser->open);
	r = recogniser->grammar ? grammar_finish(recogniser, whole, n, ret) :
				  model_finish(recogniser, fed, whole, n, ret);
	if (r == 0 && (!recogniser->grammar || !*ret->text))
		r = phrase_look(recogniser, whole, n, ret);
	if (r == 0)
		r = decoder_empty(recogniser->decoder);
	return r < 0 ? fault_trace(r) : 0;
}
