/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What setting a decoder up and decoding share. */

#include <pocketsphinx.h>
#include <sphinxbase/ngram_model.h>
#include "mfcc.h"
#include "decoder.h"

struct decoder {
	ps_decoder_t *ps;
	cmd_ln_t *config;
	fsg_model_t *grammar;		/* the host's; NULL: a language model or a keyphrase */
	fsg_model_t *phrases;		/* NULL: none */
	ngram_model_t *lm;		/* NULL: a grammar or a keyphrase */
	struct mfcc *mfcc;	/* NULL: a keyphrase, which must be heard at once */
	unsigned searched;		/* frames of them */
	enum search search;
};

/* What PocketSphinx calls a search; the host's is what ps_init() calls its own. */
static inline const char *search_name(enum search search)
{
	static const char *const names[] = {
		[SEARCH_HOST] = "_default", [SEARCH_LIVE] = "cubby-live",
		[SEARCH_PHRASES] = "cubby-phrases", [SEARCH_PHONES] = "cubby-phones",
	};

	return names[search];
}
