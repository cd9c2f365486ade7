/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The edge to PocketSphinx (5prealpha, as in Debian and Buildroot). It must never write sound,
 * features or scores to disk, and never log: its log directories are forced off and its log goes
 * nowhere. Decoding itself is in decoder_search.c.
 */

#include "decoder.h"

#include <sphinxbase/ckd_alloc.h>
#include <sphinxbase/err.h>
#include <sphinxbase/feat.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "decoder_private.h"
#include "grammar.h"
#include "words.h"

#ifndef CUBBY_MODEL_DIR
#define CUBBY_MODEL_DIR "/usr/share/pocketsphinx/model/en-us"
#endif
#define PATH_BYTES 4096
#define PHRASES_TEXT_BYTES 4096
/* Any phones that a keyphrase is held against cost so much each, far more than with PocketSphinx's
 * own 0.1: what is as well explained by many short ones was hardly said. Half as many are missed
 * for it, and one threshold suits most phrases. */
#define KEYPHRASE_PHONES 1e-18
/* Then this is what suits most; the integrator's threshold is a multiple. */
#define KEYPHRASE_THRESHOLD 1e65
/* What comes so near with the mean of voices before it is worth a second look, with its own. */
#define KEYPHRASE_NEAR 1e-40
/* PocketSphinx gives up paths that look bad for a moment, and loses the words of whoever does not
 * speak like the model: with its own beams two and a half times as many are wrong. */
#define GRAMMAR_BEAM 1e-120
#define GRAMMAR_WORD_BEAM 1e-100
/* Every other frame's densities are taken for the next as well, which pays for the beams. */
#define GRAMMAR_FRAMES 2

/* What PocketSphinx complained of last while it was set up: then it can know no speech yet. */
struct complaint {
	char text[256];
};

static void complain(void *context, err_lvl_t level, const char *format, ...)
{
	struct complaint *complaint = context;
	va_list list;

	if (!complaint || level < ERR_ERROR || complaint->text[0])
		return;
	va_start(list, format);
	/* The format is PocketSphinx's own, "ERROR: \"file.c\", line N: ..." */
	_Pragma("GCC diagnostic push")
	_Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"")
	vsnprintf(complaint->text, sizeof(complaint->text), format, list);
	_Pragma("GCC diagnostic pop")
	va_end(list);
	complaint->text[strcspn(complaint->text, "\n")] = '\0';
}

/* Without "ERROR: "file.c", line 123: " in front. */
static const char *complaint_text(const struct complaint *complaint)
{
	const char *line = strstr(complaint->text, ", line ");
	const char *colon = line ? strstr(line, ": ") : NULL;

	return colon ? colon + 2 : complaint->text;
}

static int path_check(const char *path, const char *what, const char *remedy, struct why *why)
{
	if (access(path, R_OK) == 0)
		return 0;
	return answer_why(why, ANSWER_NOT_FOUND, "cannot read the %s %s: %s; %s", what, path,
			  strerror(errno), remedy);
}

static int config_make(const struct recogniser_config *want, const char *model, cmd_ln_t **ret,
		       struct why *why)
{
	char acoustic[PATH_BYTES];
	cmd_ln_t *config;
	int r;

	snprintf(acoustic, sizeof(acoustic), "%s/en-us", model);
	r = path_check(acoustic, "speech model", "install the package pocketsphinx-en-us", why);
	if (!r && want->grammar)
		r = path_check(want->grammar, "grammar", "check the name", why);
	if (r)
		return r;
	/* Neither a dictionary nor anything to search for: those come when it is known which. */
	config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", acoustic, "-allphone_ci", "yes", NULL);
	if (!config)
		return fault_origin(-ENOMEM);
	if (want->grammar)
		cmd_ln_set_int_r(config, "-ds", GRAMMAR_FRAMES);
	/* Null turns a log directory off; empty would be the current one. */
	cmd_ln_set_str_r(config, "-rawlogdir", NULL);
	cmd_ln_set_str_r(config, "-mfclogdir", NULL);
	cmd_ln_set_str_r(config, "-senlogdir", NULL);
	cmd_ln_set_str_r(config, "-logfn", NULL);
	*ret = config;
	return 0;
}

/* The phrases as a grammar; "" when there are too many. */
static void phrases_text(const struct recogniser_config *config,
			 char text[static PHRASES_TEXT_BYTES])
{
	size_t used = (size_t)snprintf(text, PHRASES_TEXT_BYTES,
				       "#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = ");

	for (size_t i = 0; i < config->n_phrases && used < PHRASES_TEXT_BYTES; i++)
		used += (size_t)snprintf(text + used, PHRASES_TEXT_BYTES - used, "%s%s",
					 i ? " | " : "", config->phrases[i]);
	if (used < PHRASES_TEXT_BYTES)
		used += (size_t)snprintf(text + used, PHRASES_TEXT_BYTES - used, ";\n");
	if (used >= PHRASES_TEXT_BYTES)
		*text = '\0';
}

static int grammar_read(struct decoder *decoder, const char *path, const char *text,
			const char *what, fsg_model_t **ret, const struct complaint *complaint,
			struct why *why)
{
	struct why reason = { "" };
	int r = grammar_new(path, text, ps_get_logmath(decoder->ps),
			    (float)cmd_ln_float32_r(decoder->config, "-lw"), ret, &reason);

	if (r <= 0)
		return r;
	return answer_why(why, r, "%s cannot be used: %.300s", what,
			  *reason.text ? reason.text : complaint_text(complaint));
}

static int lm_read(struct decoder *decoder, const char *path, const struct complaint *complaint,
		   struct why *why)
{
	int r = path_check(path, "language model", "check the name", why);

	if (r)
		return r;
	decoder->lm = ngram_model_read(decoder->config, path, NGRAM_AUTO,
				       ps_get_logmath(decoder->ps));
	if (decoder->lm)
		return 0;
	return answer_why(why, ANSWER_INVALID_ARGUMENT, "the language model \"%s\" cannot be "
			  "used: %s", path, complaint_text(complaint));
}

/* All that the host wants to hear, and what erases. */
static int wanted_read(struct decoder *decoder, const struct recogniser_config *config,
		       const char *model, const struct complaint *complaint, struct why *why)
{
	char text[PHRASES_TEXT_BYTES], lm[PATH_BYTES], what[PATH_BYTES];
	int r = 0;

	phrases_text(config, text);
	if (!*text)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "there are too many phrases");
	/* By themselves first: whose mistake it is should be said. */
	if (config->n_phrases)
		r = grammar_read(decoder, NULL, text, "the phrases that forget", &decoder->phrases,
				 complaint, why);
	if (r || config->keyphrase)
		return r;
	snprintf(lm, sizeof(lm), "%s/en-us.lm.bin", model);
	if (!config->grammar)
		return lm_read(decoder, config->lm ? config->lm : lm, complaint, why);
	snprintf(what, sizeof(what), "the grammar \"%s\"", config->grammar);
	return grammar_read(decoder, config->grammar, config->n_phrases ? text : NULL, what,
			    &decoder->grammar, complaint, why);
}

static int wanted_words(const struct decoder *decoder, const char *keyphrase, struct words *words)
{
	int r = 0;

	if (decoder->phrases)
		r = grammar_words(decoder->phrases, words);
	if (r == 0 && decoder->grammar)
		r = grammar_words(decoder->grammar, words);
	for (uint32_t i = 0; r == 0 && decoder->lm && i < ngram_model_get_counts(decoder->lm)[0];
	     i++) {
		const char *word = ngram_word(decoder->lm, (int32_t)i);

		r = words_need(words, word, strlen(word));
	}
	while (r == 0 && keyphrase && *keyphrase) {
		size_t n = strcspn(keyphrase, " ");

		r = n ? words_need(words, keyphrase, n) : 0;
		keyphrase += n + (keyphrase[n] == ' ');
	}
	return r;
}

/* PocketSphinx takes a file by its name, and this one has another. */
static int dictionary_load(struct decoder *decoder, const struct recogniser_config *config,
			   const char *model, struct words *words, struct why *why)
{
	_cleanup_(cleanup_close) int fd = -1;
	char path[PATH_BYTES], name[64];
	int r;

	snprintf(path, sizeof(path), "%s/cmudict-en-us.dict", model);
	r = words_dictionary(words, config->words, path, &fd, why);
	if (r)
		return r;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return ps_load_dict(decoder->ps, name, NULL, NULL) < 0 ? fault_origin(-EIO) : 0;
}

/* PocketSphinx would take a phrase with an unknown word and never hear it. */
static int words_check(struct decoder *decoder, const struct words *words, struct why *why)
{
	const char *word;

	for (size_t i = 0; (word = words_at(words, i)); i++) {
		char *known = ps_lookup_word(decoder->ps, word);

		if (!known)
			return answer_why(why, ANSWER_INVALID_ARGUMENT, "the word \"%s\" is not in "
					  "the dictionary, or has phones that the model has not; "
					  "all are lower case, and \"words\" in ear.conf names a "
					  "file with others", word);
		ckd_free(known);
	}
	return 0;
}

static int words_load(struct decoder *decoder, const struct recogniser_config *config,
		      const char *model, struct why *why)
{
	_cleanup_(words_freep) struct words *words = NULL;
	int r = words_new(&words);

	if (r == 0)
		r = wanted_words(decoder, config->keyphrase, words);
	if (r == 0)
		r = dictionary_load(decoder, config, model, words, why);
	/* Of a language model's words some are always missing. */
	if (r == 0 && !decoder->lm)
		r = words_check(decoder, words, why);
	return r < 0 ? fault_trace(r) : r;
}

static bool fsg_set(struct decoder *decoder, enum search search, fsg_model_t *grammar)
{
	return ps_set_fsg(decoder->ps, search_name(search), grammar) == 0;
}

static bool keyphrase_set(struct decoder *decoder, enum search search, const char *keyphrase,
			  double threshold)
{
	cmd_ln_set_float_r(decoder->config, "-kws_threshold", threshold);
	return ps_set_keyphrase(decoder->ps, search_name(search), keyphrase) == 0;
}

/* Each search takes what is set when it is made. */
static bool host_set(struct decoder *decoder, const struct recogniser_config *config)
{
	double factor = config->threshold > 0.0 ? config->threshold : 1.0;
	double threshold = KEYPHRASE_THRESHOLD * factor;

	if (config->keyphrase) {
		cmd_ln_set_float_r(decoder->config, "-kws_plp", KEYPHRASE_PHONES);
		if (!keyphrase_set(decoder, SEARCH_LIVE, config->keyphrase,
				   threshold * KEYPHRASE_NEAR))
			return false;
		/* All that there is to come has come. */
		cmd_ln_set_int_r(decoder->config, "-kws_delay", 0);
		return keyphrase_set(decoder, SEARCH_HOST, config->keyphrase, threshold);
	}
	if (decoder->lm)
		return ps_set_lm(decoder->ps, search_name(SEARCH_HOST), decoder->lm) == 0;
	cmd_ln_set_float_r(decoder->config, "-beam", GRAMMAR_BEAM);
	cmd_ln_set_float_r(decoder->config, "-pbeam", GRAMMAR_BEAM);
	cmd_ln_set_float_r(decoder->config, "-wbeam", GRAMMAR_WORD_BEAM);
	return fsg_set(decoder, SEARCH_HOST, decoder->grammar);
}

static int searches_set(struct decoder *decoder, const struct recogniser_config *config,
			const struct complaint *complaint, struct why *why)
{
	if ((!config->keyphrase &&
	     ps_set_allphone_file(decoder->ps, search_name(SEARCH_PHONES), NULL) < 0) ||
	    (decoder->phrases && !fsg_set(decoder, SEARCH_PHRASES, decoder->phrases)) ||
	    !host_set(decoder, config) ||
	    ps_set_search(decoder->ps, search_name(SEARCH_HOST)) < 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "what is to be heard cannot be "
				  "used: %s", complaint_text(complaint));
	return 0;
}

/* What takes the mean off is ours. */
static int features_take(struct decoder *decoder)
{
	ps_get_feat(decoder->ps)->cmn = CMN_NONE;
	return mfcc_new(decoder->config, &decoder->mfcc);
}

static int decoder_open(struct decoder *decoder, const struct recogniser_config *config,
			const struct complaint *complaint, struct why *why)
{
	const char *model = config->model ? config->model : CUBBY_MODEL_DIR;
	int r = config_make(config, model, &decoder->config, why);

	if (r)
		return r;
	decoder->ps = ps_init(decoder->config);
	if (!decoder->ps)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the speech model \"%s\" cannot be "
				  "used: %s", model, complaint_text(complaint));
	if (!config->keyphrase)
		r = features_take(decoder);
	if (r == 0)
		r = wanted_read(decoder, config, model, complaint, why);
	if (r == 0)
		r = words_load(decoder, config, model, why);
	return r ? r : searches_set(decoder, config, complaint, why);
}

int decoder_new(const struct recogniser_config *config, struct decoder **ret, struct why *why)
{
	_cleanup_(decoder_freep) struct decoder *decoder = calloc(1, sizeof(*decoder));
	struct complaint complaint = { 0 };
	int r;

	if (!decoder)
		return fault_origin(-ENOMEM);
	err_set_logfp(NULL);
	err_set_callback(complain, &complaint);
	r = decoder_open(decoder, config, &complaint, why);
	err_set_callback(complain, NULL);
	if (r)
		return r;
	*ret = take(decoder);
	return 0;
}

struct decoder *decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return NULL;
	if (decoder->ps)
		ps_free(decoder->ps);
	if (decoder->config)
		cmd_ln_free_r(decoder->config);
	mfcc_free(decoder->mfcc);
	grammar_free(decoder->grammar);
	grammar_free(decoder->phrases);
	ngram_model_free(decoder->lm);
	free(decoder);
	return NULL;
}
