/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Decoding. PocketSphinx' heap cannot be locked or wiped from outside: scores, lattice and words of
 * an utterance stay in it until the next one overwrites them. An empty utterance is run after
 * each, so that at least nothing can be asked for again.
 */

#include <math.h>
#include <sphinxbase/ckd_alloc.h>
#include <sphinxbase/err.h>
#include <sphinxbase/feat.h>
#include <string.h>
#include "decoder_private.h"
#include "grammar.h"

/* From so much of an utterance its mean can be taken: with a grammar no more words are wrong than
 * with the mean of the whole (docs/decisions/0018), with a language model they are (0003). */
#define MEAN_FRAMES 100
#define MEAN_FRAMES_MODEL 400

static int utterance_empty(struct decoder *decoder)
{
	if (ps_start_utt(decoder->ps) < 0 || ps_end_utt(decoder->ps) < 0)
		return fault_origin(-EIO);
	return 0;
}

int decoder_empty(struct decoder *decoder)
{
	int r = utterance_empty(decoder);

	if (r == 0 && decoder->mfcc)
		r = mfcc_begin(decoder->mfcc);
	return r < 0 ? fault_trace(r) : 0;
}

static int search_start(struct decoder *decoder, enum search search)
{
	/* PocketSphinx keeps its log file per thread, and the caller may have changed threads. */
	err_set_logfp(NULL);
	/* Each search holds what it heard last. */
	if (search != decoder->search &&
	    (utterance_empty(decoder) < 0 ||
	     ps_set_search(decoder->ps, search_name(search)) < 0))
		return fault_origin(-EIO);
	decoder->search = search;
	decoder->searched = 0;
	if (ps_start_stream(decoder->ps) < 0 || ps_start_utt(decoder->ps) < 0)
		return fault_origin(-EIO);
	return 0;
}

/* All that there is by now. */
static int search_go_on(struct decoder *decoder)
{
	while (decoder->searched < mfcc_count(decoder->mfcc)) {
		mfcc_t **block;
		unsigned n = mfcc_block(decoder->mfcc, decoder->searched, &block);

		/* Of more than one at the beginning PocketSphinx loses the first three. */
		if (!decoder->searched)
			n = 1;
		if (ps_process_cep(decoder->ps, block, (int)n, FALSE, FALSE) < 0)
			return fault_origin(-EIO);
		decoder->searched += n;
	}
	return 0;
}

/* PocketSphinx has no result for the last frames before it knows those behind them, and does not
 * make any up for itself, as it does with a whole utterance. */
static int search_end(struct decoder *decoder)
{
	int r = search_go_on(decoder);
	mfcc_t **block;

	if (r < 0 || !decoder->searched)
		return r;
	mfcc_block(decoder->mfcc, decoder->searched - 1, &block);
	for (int i = feat_window_size(ps_get_feat(decoder->ps)); i > 0; i--)
		if (ps_process_cep(decoder->ps, block, 1, FALSE, FALSE) < 0)
			return fault_origin(-EIO);
	return 0;
}

int decoder_begin(struct decoder *decoder)
{
	int r = search_start(decoder, decoder->mfcc ? SEARCH_HOST : SEARCH_LIVE);

	if (r == 0 && decoder->mfcc)
		r = mfcc_begin(decoder->mfcc);
	return r < 0 ? fault_trace(r) : 0;
}

int decoder_feed(struct decoder *decoder, const int16_t *samples, size_t n)
{
	unsigned enough = decoder->lm ? MEAN_FRAMES_MODEL : MEAN_FRAMES;
	int r;

	if (!decoder->mfcc)
		return ps_process_raw(decoder->ps, samples, n, FALSE, FALSE) < 0 ?
		       fault_origin(-EIO) : 0;
	r = mfcc_add(decoder->mfcc, samples, n);
	if (r == 0 && (decoder->searched || mfcc_count(decoder->mfcc) >= enough))
		r = search_go_on(decoder);
	return r < 0 ? fault_trace(r) : 0;
}

int decoder_whole(struct decoder *decoder, const int16_t *samples, size_t n)
{
	int r = search_start(decoder, SEARCH_HOST);

	if (r < 0)
		return fault_trace(r);
	if (!decoder->mfcc) {
		/* It goes on with a running mean once it had one. */
		ps_get_feat(decoder->ps)->cmn = CMN_BATCH;
		return ps_process_raw(decoder->ps, samples, n, FALSE, TRUE) < 0 ?
		       fault_origin(-EIO) : 0;
	}
	r = mfcc_begin(decoder->mfcc);
	if (r == 0)
		r = mfcc_add(decoder->mfcc, samples, n);
	return r < 0 ? fault_trace(r) : 0;
}

int decoder_end(struct decoder *decoder)
{
	int r = decoder->mfcc ? mfcc_end(decoder->mfcc) : 0;

	if (r == 0 && decoder->mfcc)
		r = search_end(decoder);
	if (ps_end_utt(decoder->ps) < 0 && r == 0)
		r = fault_origin(-EIO);
	return r < 0 ? fault_trace(r) : 0;
}

int decoder_drop(struct decoder *decoder)
{
	int r = ps_end_utt(decoder->ps) < 0 ? fault_origin(-EIO) : 0;
	int empty = decoder_empty(decoder);

	return r < 0 ? r : empty;
}

int decoder_search(struct decoder *decoder, enum search search)
{
	int r = search_start(decoder, search);

	if (r == 0)
		r = search_end(decoder);
	if (ps_end_utt(decoder->ps) < 0 && r == 0)
		r = fault_origin(-EIO);
	return r < 0 ? fault_trace(r) : 0;
}

const char *decoder_text(struct decoder *decoder)
{
	const char *text = ps_get_hyp(decoder->ps, NULL);

	return text ? text : "";
}

const char *decoder_partial(struct decoder *decoder)
{
	if (decoder->mfcc && mfcc_count(decoder->mfcc) >= MEAN_FRAMES &&
	    search_go_on(decoder) < 0)
		return "";
	return decoder_text(decoder);
}

int decoder_sentence(struct decoder *decoder, enum sentence *ret)
{
	int r = 0;

	*ret = SENTENCE_UNKNOWN;
	if (!decoder->grammar)
		return 0;
	r = search_go_on(decoder);
	*ret = grammar_sentence(decoder->grammar, decoder_text(decoder));
	return r < 0 ? fault_trace(r) : 0;
}

/* "<sil>", "[NOISE]", "++BREATH++" are no words. */
static bool word_is_filler(const char *word)
{
	return strchr("<[+", word[0]) != NULL;
}

double decoder_posterior(struct decoder *decoder)
{
	logmath_t *log = ps_get_logmath(decoder->ps);
	double sum = 0.0;
	unsigned words = 0;

	ps_get_prob(decoder->ps);	/* computes the posteriors that the segments give */
	for (ps_seg_t *seg = ps_seg_iter(decoder->ps); seg; seg = ps_seg_next(seg)) {
		if (word_is_filler(ps_seg_word(seg)))
			continue;
		sum += logmath_exp(log, ps_seg_prob(seg, NULL, NULL, NULL));
		words++;
	}
	return words ? fmin(sum / words, 1.0) : 0.0;
}

void decoder_words(struct decoder *decoder, struct fit *fit)
{
	int from, to, acoustic, language, back;
	char *phones;

	for (ps_seg_t *seg = ps_seg_iter(decoder->ps); seg; seg = ps_seg_next(seg)) {
		if (word_is_filler(ps_seg_word(seg)))
			continue;
		ps_seg_frames(seg, &from, &to);
		ps_seg_prob(seg, &acoustic, &language, &back);
		phones = ps_lookup_word(decoder->ps, ps_seg_word(seg));
		fit_word(fit, from, to, acoustic, phones ? phones : "");
		ckd_free(phones);
	}
}

void decoder_phones(struct decoder *decoder, struct phones *phones)
{
	int from, to, acoustic, language, back;

	for (ps_seg_t *seg = ps_seg_iter(decoder->ps); seg; seg = ps_seg_next(seg)) {
		ps_seg_frames(seg, &from, &to);
		ps_seg_prob(seg, &acoustic, &language, &back);
		phones_add(phones, from, to, acoustic, ps_seg_word(seg));
	}
}
