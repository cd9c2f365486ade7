/* SPDX-License-Identifier: Apache-2.0 */

/* What was said, as far as it is certain. Words that do not fit the sound must not become a
 * command, and least of all one that erases. */

#include "recognise.h"

#include <string.h>
#include "crypt/secret.h"
#include "decoder.h"
#include "forget.h"

/* Nobody takes longer for a keyphrase, and the mean should be of who said it. */
#define KEYPHRASE_FRAMES_MAX 64000
/* Nobody takes longer for a phrase. */
#define PHRASE_FRAMES_MAX 64000
/* Of 600 sentences of children and adults none came nearer than 11.9 beside a language model and
 * 10.8 beside a grammar; of 40 phrases spoken by machines all came to 7.7 and to 5.3. Whatever is
 * near may have been meant. */
#define PHRASE_EXCESS_MAX 10.0
#define PHRASE_EXCESS_MAX_GRAMMAR 8.0
#define PHRASE_EXCESS_NEAR 13.0
#define OUTSIDE_FRAMES_MAX 40

/* What is known of an utterance until it is over, and wiped then. */
struct traces {
	struct fit fit;
	struct phones phones;		/* empty until somebody needs them */
};

struct recogniser {
	struct decoder *decoder;
	const char (*phrases)[RECOGNITION_PHRASE_BYTES];
	size_t n_phrases;
	bool grammar, keyphrase;
	struct forget_phrases decoys;	/* for `phrases`, where a grammar came without any */
	uint64_t open;		/* the ticket of the utterance being fed; 0: none */
	uint64_t last;
	struct secret *memory;
	struct traces *traces;		/* in it */
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
	recogniser->keyphrase = config->keyphrase;
	if (config->grammar && !config->n_phrases)
		decoys_set(recogniser, &all);
	r = secret_new(sizeof(struct traces), &recogniser->memory);
	if (r < 0)
		return fault_trace(r);
	recogniser->traces = (struct traces *)(void *)recogniser->memory->bytes;
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
	secret_free(recogniser->memory);
	free(recogniser);
	return NULL;
}

int recogniser_begin(struct recogniser *recogniser, uint64_t *ret_ticket)
{
	int r;

	*ret_ticket = ++recogniser->last;
	if (recogniser->open)
		return 0;
	r = decoder_begin(recogniser->decoder);
	if (r < 0)
		return fault_trace(r);
	recogniser->open = *ret_ticket;
	return 0;
}

static bool ticket_is_open(const struct recogniser *recogniser, uint64_t ticket)
{
	return ticket && ticket == recogniser->open;
}

int recogniser_feed(struct recogniser *recogniser, uint64_t ticket, const int16_t *samples,
		    size_t n)
{
	int r = 0;

	if (ticket_is_open(recogniser, ticket))
		r = decoder_feed(recogniser->decoder, samples, n);
	return r < 0 ? fault_trace(r) : 0;
}

const char *recogniser_partial(struct recogniser *recogniser, uint64_t ticket)
{
	return ticket_is_open(recogniser, ticket) ? decoder_partial(recogniser->decoder) : "";
}

/* As far as the words alone tell. Half of a sentence may be taken for another, badly. */
static bool words_fit(struct recogniser *recogniser)
{
	struct fit *fit = &recogniser->traces->fit;
	bool sure, fits;

	decoder_words(recogniser->decoder, fit);
	fits = fit_guess(fit, &sure) <= 0.0 && sure;
	secret_wipe(fit, sizeof(*fit));
	return fits;
}

int recogniser_sentence(struct recogniser *recogniser, uint64_t ticket, enum sentence *ret)
{
	int r = 0;

	*ret = SENTENCE_UNKNOWN;
	if (ticket_is_open(recogniser, ticket))
		r = decoder_sentence(recogniser->decoder, ret);
	if (r == 0 && *ret == SENTENCE_ENDED && words_fit(recogniser))
		*ret = SENTENCE_CERTAIN;
	return r < 0 ? fault_trace(r) : 0;
}

void recogniser_cancel(struct recogniser *recogniser, uint64_t ticket)
{
	if (!ticket_is_open(recogniser, ticket))
		return;
	recogniser->open = 0;
	decoder_drop(recogniser->decoder);
}

static int phrase_find(const struct recogniser *recogniser, const char *text)
{
	for (size_t i = 0; i < recogniser->n_phrases; i++)
		if (strcmp(text, recogniser->phrases[i]) == 0)
			return (int)i;
	return -1;
}

/* What was decoded last, held against phones. */
static int fit_take(struct recogniser *recogniser)
{
	struct traces *traces = recogniser->traces;
	int r;

	if (!traces->phones.n) {
		r = decoder_search(recogniser->decoder, SEARCH_PHONES);
		if (r < 0)
			return fault_trace(r);
		decoder_phones(recogniser->decoder, &traces->phones);
	}
	fit_phones(&traces->fit, &traces->phones);
	return 0;
}

/* Phones cost half as much again as words: only where they can change the answer. */
static int cost_take(struct recogniser *recogniser, double *ret)
{
	struct fit *fit = &recogniser->traces->fit;
	bool sure;
	int r = 0;

	decoder_words(recogniser->decoder, fit);
	*ret = fit_guess(fit, &sure);
	if (!sure) {
		r = fit_take(recogniser);
		*ret = fit_cost(fit);
	}
	return r < 0 ? fault_trace(r) : 0;
}

/* Whether it is one of the phrases and nothing else, or may have been meant for one. */
static int phrase_look(struct recogniser *recogniser, size_t n, struct recognition *ret)
{
	double max = recogniser->grammar ? PHRASE_EXCESS_MAX_GRAMMAR : PHRASE_EXCESS_MAX;
	struct fit *fit = &recogniser->traces->fit;
	double excess;
	int phrase, r;

	if (!recogniser->n_phrases || recogniser->decoys.n || n > PHRASE_FRAMES_MAX)
		return 0;
	r = decoder_search(recogniser->decoder, SEARCH_PHRASES);
	if (r < 0)
		return fault_trace(r);
	phrase = phrase_find(recogniser, decoder_text(recogniser->decoder));
	if (phrase < 0)
		return 0;
	secret_wipe(fit, sizeof(*fit));
	decoder_words(recogniser->decoder, fit);
	r = fit_take(recogniser);
	if (r < 0)
		return fault_trace(r);
	excess = fit_excess(fit, OUTSIDE_FRAMES_MAX);
	ret->near_phrase = excess <= PHRASE_EXCESS_NEAR;
	if (excess > max)
		return 0;
	ret->phrase = phrase;
	ret->confidence = fit_confidence(excess, max);
	snprintf(ret->text, sizeof(ret->text), "%s", recogniser->phrases[phrase]);
	return 0;
}

/* What was said outside of the grammar has no words, as if nobody had spoken. A phrase is held to
 * more than the host's sentences are. */
static int grammar_take(struct recogniser *recogniser, struct recognition *ret)
{
	double cost;
	int r = 0;

	if (*ret->text && phrase_find(recogniser, ret->text) < 0) {
		r = cost_take(recogniser, &cost);
		ret->confidence = r < 0 ? 0.0 : fit_confidence(cost, 0.0);
	}
	if (ret->confidence == 0.0)
		secret_wipe(ret->text, sizeof(ret->text));
	return r < 0 ? fault_trace(r) : 0;
}

/* All of it at once; of a keyphrase, which may have been near, with more care than before. */
static int whole_take(struct recogniser *recogniser, const int16_t *whole, size_t n)
{
	size_t skip = recogniser->keyphrase && n > KEYPHRASE_FRAMES_MAX ?
		      n - KEYPHRASE_FRAMES_MAX : 0;

	/* Whoever was being fed loses the decoder, and will be decoded whole, too. */
	recogniser_cancel(recogniser, recogniser->open);
	return decoder_whole(recogniser->decoder, whole + skip, n - skip);
}

/* The words; with a ticket most of them are known already. */
static int words_take(struct recogniser *recogniser, uint64_t ticket, const int16_t *whole,
		      size_t n, struct recognition *ret)
{
	int r = 0;

	if (recogniser->keyphrase || !ticket_is_open(recogniser, ticket))
		r = whole_take(recogniser, whole, n);
	recogniser->open = 0;
	if (r == 0)
		r = decoder_end(recogniser->decoder);
	if (r == 0)
		snprintf(ret->text, sizeof(ret->text), "%s", decoder_text(recogniser->decoder));
	return r < 0 ? fault_trace(r) : 0;
}

int recogniser_finish(struct recogniser *recogniser, uint64_t ticket, const int16_t *whole,
		      size_t n, struct recognition *ret)
{
	int r, empty;

	*ret = (struct recognition) { .phrase = -1 };
	r = words_take(recogniser, ticket, whole, n, ret);
	if (r == 0 && recogniser->grammar)
		r = grammar_take(recogniser, ret);
	else if (r == 0 && *ret->text)
		ret->confidence = decoder_posterior(recogniser->decoder);
	if (r == 0 && (!recogniser->grammar || !*ret->text))
		r = phrase_look(recogniser, n, ret);
	secret_wipe(recogniser->traces, sizeof(*recogniser->traces));
	empty = decoder_empty(recogniser->decoder);
	r = r < 0 ? r : empty;
	return r < 0 ? fault_trace(r) : 0;
}
