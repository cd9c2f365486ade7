/* SPDX-License-Identifier: Apache-2.0 */

/* What was said, as far as it is certain. Words that do not fit the sound must not become a
 * command, and least of all one that erases. */

#include "recognise.h"

#include <math.h>
#include <string.h>
#include "crypt/secret.h"
#include "decoder.h"
#include "forget.h"

/* Nobody takes longer for a keyphrase, and the mean should be of who said it. */
#define KEYPHRASE_FRAMES_MAX 64000
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
/* Who pauses at every word must not have all that was said before decoded each time. */
#define SPENT_MAX 3
/* Nine of ten sentences that were recognised rightly cost less. */
#define GRAMMAR_COST_MAX 38.0

/* What a grammar makes of an utterance, or of so much as was said before a pause. */
struct look {
	uint64_t ticket;		/* of the utterance; 0: there was no look */
	size_t n;			/* samples of it */
	size_t spent;			/* samples decoded for it, in all its pauses */
	char text[RECOGNITION_TEXT_BYTES];
	struct fit fit;
};

/* What is known of an utterance until it is over, and wiped then. */
struct traces {
	struct look look;
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

int recogniser_begin(struct recogniser *recogniser, bool partial, uint64_t *ret_ticket)
{
	int r;

	*ret_ticket = ++recogniser->last;
	if (recogniser->open || (recogniser->grammar && !partial))
		return 0;
	r = decoder_start(recogniser->decoder);
	if (r < 0)
		return fault_trace(r);
	recogniser->open = *ret_ticket;
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

static void look_wipe(struct recogniser *recogniser)
{
	secret_wipe(&recogniser->traces->look, sizeof(recogniser->traces->look));
}

/* Samples decoded so far for the utterance of this ticket. */
static size_t look_spent(const struct recogniser *recogniser, uint64_t ticket)
{
	const struct look *look = &recogniser->traces->look;

	return look->ticket == ticket ? look->spent : 0;
}

static int look_take(struct recogniser *recogniser, uint64_t ticket, const int16_t *whole,
		     size_t n, enum sentence *ret_sentence)
{
	struct look *look = &recogniser->traces->look;
	size_t spent = look_spent(recogniser, ticket);
	int r;

	look_wipe(recogniser);
	r = decoder_whole(recogniser->decoder, SEARCH_HOST, whole, n, ret_sentence);
	if (r < 0)
		return fault_trace(r);
	look->ticket = ticket;
	look->n = n;
	look->spent = spent + n;
	snprintf(look->text, sizeof(look->text), "%s", decoder_text(recogniser->decoder));
	decoder_words(recogniser->decoder, &look->fit);
	return decoder_empty(recogniser->decoder);
}

int recogniser_sentence(struct recogniser *recogniser, uint64_t ticket, const int16_t *whole,
			size_t n, enum sentence *ret)
{
	int r = 0;

	*ret = SENTENCE_UNKNOWN;
	if (ticket && ticket == recogniser->open)
		*ret = decoder_sentence(recogniser->decoder);
	else if (recogniser->grammar && !recogniser->open &&
		 look_spent(recogniser, ticket) + n <= SPENT_MAX * n)
		r = look_take(recogniser, ticket, whole, n, ret);
	return r < 0 ? fault_trace(r) : 0;
}

void recogniser_cancel(struct recogniser *recogniser, uint64_t ticket)
{
	if (ticket && ticket == recogniser->traces->look.ticket)
		look_wipe(recogniser);
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
	struct phones *phones = &recogniser->traces->phones;
	int r;

	if (!phones->n) {
		r = decoder_whole(recogniser->decoder, SEARCH_PHONES, whole, n, NULL);
		if (r < 0)
			return fault_trace(r);
		decoder_phones(recogniser->decoder, phones);
	}
	fit_phones(fit, phones);
	return 0;
}

/* Phones cost half as much again as words: only where they can change the answer. */
static int cost_take(struct recogniser *recogniser, const int16_t *whole, size_t n,
		     struct fit *fit, double *ret)
{
	int r = 0;

	*ret = fit_guess(fit);
	if (fabs(*ret - GRAMMAR_COST_MAX) < FIT_GUESS_ERROR) {
		r = fit_take(recogniser, whole, n, fit);
		*ret = fit_cost(fit);
	}
	return r < 0 ? fault_trace(r) : 0;
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
	r = decoder_whole(recogniser->decoder, SEARCH_PHRASES, whole, n, NULL);
	if (r < 0)
		return fault_trace(r);
	phrase = phrase_find(recogniser, decoder_text(recogniser->decoder));
	if (phrase < 0)
		return 0;
	decoder_words(recogniser->decoder, &fit);
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
static int grammar_finish(struct recogniser *recogniser, uint64_t ticket,
			  const int16_t *whole, size_t n, struct recognition *ret)
{
	struct look *look = &recogniser->traces->look;
	double cost;
	int r = 0;

	/* It paused, and nothing came behind the pause. */
	if (!ticket || look->ticket != ticket || look->n != n)
		r = look_take(recogniser, ticket, whole, n, NULL);
	if (r < 0)
		return fault_trace(r);
	snprintf(ret->text, sizeof(ret->text), "%s", look->text);
	/* A phrase is held to more than the host's sentences are. */
	if (*ret->text && phrase_find(recogniser, ret->text) < 0) {
		r = cost_take(recogniser, whole, n, &look->fit, &cost);
		ret->confidence = fit_confidence(cost, GRAMMAR_COST_MAX);
	}
	if (ret->confidence == 0.0)
		secret_wipe(ret->text, sizeof(ret->text));
	return r < 0 ? fault_trace(r) : 0;
}

/* With a language model; `fed`: what was decoded while it was spoken is good enough. */
static int model_finish(struct recogniser *recogniser, bool fed, const int16_t *whole, size_t n,
			struct recognition *ret)
{
	int r = 0;

	if (!fed)
		r = decoder_whole(recogniser->decoder, SEARCH_HOST, whole, n, NULL);
	if (r < 0)
		return fault_trace(r);
	snprintf(ret->text, sizeof(ret->text), "%s", decoder_text(recogniser->decoder));
	if (*ret->text)
		ret->confidence = decoder_posterior(recogniser->decoder);
	return 0;
}

static int keyphrase_finish(struct recogniser *recogniser, const int16_t *whole, size_t n,
			    struct recognition *ret)
{
	size_t skip = n > KEYPHRASE_FRAMES_MAX ? n - KEYPHRASE_FRAMES_MAX : 0;

	return model_finish(recogniser, false, whole + skip, n - skip, ret);
}

int recogniser_finish(struct recogniser *recogniser, uint64_t ticket, const int16_t *whole,
		      size_t n, struct recognition *ret)
{
	bool fed = ticket && ticket == recogniser->open && n > WHOLE_FRAMES;
	int r;

	*ret = (struct recognition) { .phrase = -1 };
	/* Whoever was being fed loses the decoder, and will be decoded whole, too. */
	recogniser_cancel(recogniser, recogniser->open);
	if (recogniser->keyphrase)
		r = keyphrase_finish(recogniser, whole, n, ret);
	else
		r = recogniser->grammar ? grammar_finish(recogniser, ticket, whole, n, ret) :
					  model_finish(recogniser, fed, whole, n, ret);
	if (r == 0 && (!recogniser->grammar || !*ret->text))
		r = phrase_look(recogniser, whole, n, ret);
	secret_wipe(recogniser->traces, sizeof(*recogniser->traces));
	if (r == 0)
		r = decoder_empty(recogniser->decoder);
	return r < 0 ? fault_trace(r) : 0;
}
