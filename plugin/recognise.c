/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The edge to PocketSphinx (5prealpha, as in Debian and Buildroot). It must never write sound,
 * features or scores to disk, and never log: its log directories are forced off and its log goes
 * nowhere. Its heap cannot be locked or wiped from outside: features, lattice and words of an
 * utterance stay in it until the next one overwrites them. An empty utterance is run after each,
 * so that at least nothing can be asked for again.
 */

#include "recognise.h"

#include <math.h>
#include <pocketsphinx.h>
#include <sphinxbase/ckd_alloc.h>
#include <sphinxbase/err.h>
#include <sphinxbase/fsg_model.h>
#include <sphinxbase/jsgf.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "crypt/secret.h"
#include "fit.h"

#ifndef CUBBY_MODEL_DIR
#define CUBBY_MODEL_DIR "/usr/share/pocketsphinx/model/en-us"
#endif
#define PATH_BYTES 4096
/* Measured with "okay cubby": 2.7 false alarms in an hour of continuous speech. */
#define KEYPHRASE_THRESHOLD "1e-20"
/* With a language model decoding 4 s again costs half a second or more, and a short utterance is
 * where the running mean has had the least to go by. */
#define WHOLE_FRAMES 64000
/* The names of the searches that one decoder holds, beside the host's own. */
/* What ps_init() calls its own; ps_get_search() would leave an iterator behind. */
#define SEARCH_HOST "_default"
#define SEARCH_PHRASES "cubby-phrases"
#define SEARCH_PHONES "cubby-phones"
#define PHRASES_TEXT_BYTES 4096
/* A phrase of ours holds when its path costs at most so much a frame more than the best loop of any
 * phones, and at most so many frames of phones lie before and behind it. The children and adults of
 * speechocean762, reading 500 other sentences, came no nearer than 11.9; 19.9 with a grammar. */
#define PHRASE_EXCESS_MAX 10.0
#define PHRASE_EXCESS_MAX_GRAMMAR 16.0
#define OUTSIDE_FRAMES_MAX 40
/* Of 76 sentences of a grammar that were recognised rightly 97 % come nearer than this, and of 93
 * others 3 %. */
#define GRAMMAR_EXCESS_MAX 25.0

struct recogniser {
	ps_decoder_t *decoder;
	cmd_ln_t *config;
	const char (*phrases)[RECOGNITION_PHRASE_BYTES];
	size_t n_phrases;
	bool grammar;
	size_t whole_frames;	/* up to this length the whole is decoded again at its end */
	uint64_t open;		/* the ticket of the utterance being fed; 0: none */
	uint64_t last;
};

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

/* The option that says what is to be recognised, and its value. */
static int search_choose(const struct recogniser_config *want, const char *lm,
			 const char **ret_option, const char **ret_value, struct why *why)
{
	*ret_option = want->keyphrase ? "-keyphrase" : want->grammar ? "-jsgf" : "-lm";
	*ret_value = want->keyphrase ? want->keyphrase : want->grammar ? want->grammar :
		     want->lm ? want->lm : lm;
	if (want->keyphrase)
		return 0;
	return path_check(*ret_value, want->grammar ? "grammar" : "language model",
			  "check the name", why);
}

static int config_make(const struct recogniser_config *want, cmd_ln_t **ret, struct why *why)
{
	const char *model = want->model ? want->model : CUBBY_MODEL_DIR;
	char acoustic[PATH_BYTES], dictionary[PATH_BYTES], lm[PATH_BYTES];
	const char *option, *value;
	cmd_ln_t *config;
	int r;

	snprintf(acoustic, sizeof(acoustic), "%s/en-us", model);
	snprintf(dictionary, sizeof(dictionary), "%s/cmudict-en-us.dict", model);
	snprintf(lm, sizeof(lm), "%s/en-us.lm.bin", model);
	r = path_check(acoustic, "speech model", "install the package pocketsphinx-en-us", why);
	if (!r)
		r = search_choose(want, lm, &option, &value, why);
	if (r)
		return r;
	config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", acoustic, "-dict", dictionary,
			     option, value, "-kws_threshold", KEYPHRASE_THRESHOLD,
			     "-allphone_ci", "yes",
			     /* All of them make a better measure of what fits, and a slower
			      * language model. */
			     "-compallsen", want->grammar ? "yes" : "no", NULL);
	if (!config)
		return fault_origin(-ENOMEM);
	/* Null turns a log directory off; empty would be the current one. */
	cmd_ln_set_str_r(config, "-rawlogdir", NULL);
	cmd_ln_set_str_r(config, "-mfclogdir", NULL);
	cmd_ln_set_str_r(config, "-senlogdir", NULL);
	cmd_ln_set_str_r(config, "-logfn", NULL);
	*ret = config;
	return 0;
}

/* PocketSphinx would take a phrase with an unknown word and never hear it. */
static int keyphrase_check(ps_decoder_t *decoder, const char *phrase, struct why *why)
{
	_cleanup_(cleanup_free) char *copy = strdup(phrase);
	char *rest = copy, *word;

	if (!copy)
		return fault_origin(-ENOMEM);
	while ((word = strsep(&rest, " "))) {
		char *known = *word ? ps_lookup_word(decoder, word) : NULL;

		if (*word && !known)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "the word \"%s\" of the wake phrase is not in the "
					  "dictionary; choose another, in lower case",
					  word);
		ckd_free(known);
	}
	return 0;
}

/* ps_set_jsgf_string() would leave the grammar behind in the heap. */
static bool phrases_search(struct recogniser *recogniser, const char *text)
{
	jsgf_t *grammar = jsgf_parse_string(text, NULL);
	jsgf_rule_t *rule = grammar ? jsgf_get_rule(grammar, "phrases.phrase") : NULL;
	fsg_model_t *fsg = !rule ? NULL :
		jsgf_build_fsg(grammar, rule, ps_get_logmath(recogniser->decoder),
			       cmd_ln_float32_r(recogniser->config, "-lw"));
	bool done = fsg && ps_set_fsg(recogniser->decoder, SEARCH_PHRASES, fsg) == 0;

	fsg_model_free(fsg);
	jsgf_grammar_free(grammar);
	return done;
}

/* The phrases as a grammar of their own, and a loop of all phones to hold them against. */
static int phrases_set(struct recogniser *recogniser, const struct recogniser_config *config,
		       const struct complaint *complaint, struct why *why)
{
	char text[PHRASES_TEXT_BYTES] = "#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = ";
	size_t used = strlen(text);

	recogniser->phrases = config->phrases;
	recogniser->n_phrases = config->n_phrases;
	recogniser->grammar = config->grammar;
	if ((config->n_phrases || config->grammar) &&
	    ps_set_allphone_file(recogniser->decoder, SEARCH_PHONES, NULL) < 0)
		return fault_origin(-EIO);
	if (!config->n_phrases)
		return 0;
	for (size_t i = 0; i < config->n_phrases && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 i ? " | " : "", config->phrases[i]);
	if (used < sizeof(text))
		used += (size_t)snprintf(text + used, sizeof(text) - used, ";\n");
	if (used >= sizeof(text))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "there are too many phrases");
	if (!phrases_search(recogniser, text))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the phrases that forget cannot be "
				  "used: %s", complaint_text(complaint));
	if (ps_set_search(recogniser->decoder, SEARCH_HOST) < 0)
		return fault_origin(-EIO);
	return 0;
}

int recogniser_new(const struct recogniser_config *config, struct recogniser **ret, struct why *why)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = calloc(1, sizeof(*recogniser));
	struct complaint complaint = { 0 };
	int r;

	if (!recogniser)
		return fault_origin(-ENOMEM);
	err_set_logfp(NULL);
	err_set_callback(complain, &complaint);
	r = config_make(config, &recogniser->config, why);
	if (!r)
		recogniser->decoder = ps_init(recogniser->config);
	if (r == 0 && recogniser->decoder)
		r = phrases_set(recogniser, config, &complaint, why);
	err_set_callback(complain, NULL);
	if (r)
		return r;
	if (!recogniser->decoder)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the %s \"%s\" cannot be used: %s",
				  config->keyphrase ? "wake phrase" :
				  config->grammar ? "grammar" : "language model",
				  config->keyphrase ? config->keyphrase :
				  config->grammar ? config->grammar :
				  config->lm ? config->lm : "of the speech model",
				  complaint_text(&complaint));
	if (config->keyphrase)
		r = keyphrase_check(recogniser->decoder, config->keyphrase, why);
	if (r)
		return r;
	recogniser->whole_frames = config->grammar ? SIZE_MAX : WHOLE_FRAMES;
	*ret = take(recogniser);
	return 0;
}

struct recogniser *recogniser_free(struct recogniser *recogniser)
{
	if (!recogniser)
		return NULL;
	if (recogniser->decoder)
		recogniser_cancel(recogniser, recogniser->open);
	if (recogniser->decoder)
		ps_free(recogniser->decoder);
	if (recogniser->config)
		cmd_ln_free_r(recogniser->config);
	free(recogniser);
	return NULL;
}

static int utterance_start(struct recogniser *recogniser)
{
	/* PocketSphinx keeps its log file per thread, and the caller may have changed threads. */
	err_set_logfp(NULL);
	if (ps_start_stream(recogniser->decoder) < 0 || ps_start_utt(recogniser->decoder) < 0)
		return fault_origin(-EIO);
	return 0;
}

int recogniser_begin(struct recogniser *recogniser, uint64_t *ret_ticket)
{
	int r;

	if (recogniser->open) {
		*ret_ticket = 0;
		return 0;
	}
	r = utterance_start(recogniser);
	if (r < 0)
		return fault_trace(r);
	*ret_ticket = recogniser->open = ++recogniser->last;
	return 0;
}

int recogniser_feed(struct recogniser *recogniser, uint64_t ticket, const int16_t *samples,
		    size_t n)
{
	if (!ticket || ticket != recogniser->open)
		return 0;
	if (ps_process_raw(recogniser->decoder, samples, n, FALSE, FALSE) < 0)
		return fault_origin(-EIO);
	return 0;
}

static const char *hypothesis(struct recogniser *recogniser)
{
	const char *text = ps_get_hyp(recogniser->decoder, NULL);

	return text ? text : "";
}

const char *recogniser_partial(struct recogniser *recogniser, uint64_t ticket)
{
	return ticket && ticket == recogniser->open ? hypothesis(recogniser) : "";
}

void recogniser_cancel(struct recogniser *recogniser, uint64_t ticket)
{
	if (!ticket || ticket != recogniser->open)
		return;
	recogniser->open = 0;
	ps_end_utt(recogniser->decoder);
}

/* "<sil>", "[NOISE]", "++BREATH++" are no words. */
static bool word_is_filler(const char *word)
{
	return strchr("<[+", word[0]) != NULL;
}

/* The mean posterior of the words, over the lattice. */
static double words_confidence(struct recogniser *recogniser)
{
	logmath_t *log = ps_get_logmath(recogniser->decoder);
	double sum = 0.0;
	unsigned words = 0;

	ps_get_prob(recogniser->decoder);	/* computes the posteriors that the segments give */
	for (ps_seg_t *seg = ps_seg_iter(recogniser->decoder); seg; seg = ps_seg_next(seg)) {
		if (word_is_filler(ps_seg_word(seg)))
			continue;
		sum += logmath_exp(log, ps_seg_prob(seg, NULL, NULL, NULL));
		words++;
	}
	return words ? fmin(sum / words, 1.0) : 0.0;
}

/* Whoever was being fed loses the decoder, and will be decoded whole. */
static int whole_decode(struct recogniser *recogniser, const int16_t *whole, size_t n)
{
	int r;

	recogniser_cancel(recogniser, recogniser->open);
	r = utterance_start(recogniser);
	if (r < 0)
		return fault_trace(r);
	if (ps_process_raw(recogniser->decoder, whole, n, FALSE, TRUE) < 0)
		return fault_origin(-EIO);
	return 0;
}

/* Only now the decoder forgets: what it heard can be asked for until here. */
static int decoder_empty(struct recogniser *recogniser)
{
	if (ps_start_utt(recogniser->decoder) < 0 || ps_end_utt(recogniser->decoder) < 0)
		return fault_origin(-EIO);
	return 0;
}

/* The words of what was decoded last; and then its phones. */
static void words_take(struct recogniser *recogniser, struct fit *fit)
{
	int from, to, acoustic, language, back;

	for (ps_seg_t *seg = ps_seg_iter(recogniser->decoder); seg; seg = ps_seg_next(seg)) {
		if (word_is_filler(ps_seg_word(seg)))
			continue;
		ps_seg_frames(seg, &from, &to);
		ps_seg_prob(seg, &acoustic, &language, &back);
		fit_word(fit, from, to, acoustic);
	}
}

static void phones_take(struct recogniser *recogniser, struct fit *fit)
{
	int from, to, acoustic, language, back;

	for (ps_seg_t *seg = ps_seg_iter(recogniser->decoder); seg; seg = ps_seg_next(seg)) {
		const char *phone = ps_seg_word(seg);

		ps_seg_frames(seg, &from, &to);
		ps_seg_prob(seg, &acoustic, &language, &back);
		fit_phone(fit, from, to, acoustic, phone[0] == '+' || strcmp(phone, "SIL") == 0);
	}
}

static int search_decode(struct recogniser *recogniser, const char *search, const int16_t *whole,
			 size_t n)
{
	int r;

	if (ps_set_search(recogniser->decoder, search) < 0)
		return fault_origin(-EIO);
	r = whole_decode(recogniser, whole, n);
	if (ps_end_utt(recogniser->decoder) < 0 && r == 0)
		r = fault_origin(-EIO);
	return r < 0 ? fault_trace(r) : 0;
}

static int phrase_find(const struct recogniser *recogniser, const char *text)
{
	for (size_t i = 0; i < recogniser->n_phrases; i++)
		if (strcmp(text, recogniser->phrases[i]) == 0)
			return (int)i;
	return -1;
}

/* Was it these words and nothing else? From 1 to 0.5 at the limit; 0: no. */
static int fit_verify(struct recogniser *recogniser, struct fit *fit, double excess_max,
		      const int16_t *whole, size_t n, double *ret_confidence)
{
	int r = search_decode(recogniser, SEARCH_PHONES, whole, n);

	if (r < 0)
		return fault_trace(r);
	phones_take(recogniser, fit);
	*ret_confidence = fit_confidence(fit, excess_max, OUTSIDE_FRAMES_MAX);
	return decoder_empty(recogniser);
}

int recogniser_phrase(struct recogniser *recogniser, const int16_t *whole, size_t n,
		      int *ret_phrase, struct recognition *ret)
{
	struct fit fit = { .n = 0 };
	int phrase = -1, r;
	double confidence = 0.0;

	*ret_phrase = -1;
	if (!recogniser->n_phrases || n > WHOLE_FRAMES)
		return 0;
	recogniser_cancel(recogniser, recogniser->open);
	r = search_decode(recogniser, SEARCH_PHRASES, whole, n);
	if (r == 0) {
		phrase = phrase_find(recogniser, hypothesis(recogniser));
		words_take(recogniser, &fit);
		r = decoder_empty(recogniser);
	}
	if (r == 0 && phrase >= 0 && fit.frames)
		r = fit_verify(recogniser, &fit, recogniser->grammar ?
				PHRASE_EXCESS_MAX_GRAMMAR : PHRASE_EXCESS_MAX, whole, n,
				&confidence);
	if (ps_set_search(recogniser->decoder, SEARCH_HOST) < 0 && r == 0)
		r = fault_origin(-EIO);
	secret_wipe(&fit, sizeof(fit));
	if (r < 0)
		return fault_trace(r);
	if (confidence > 0.0) {
		*ret_phrase = phrase;
		snprintf(ret->text, sizeof(ret->text), "%s", recogniser->phrases[phrase]);
		ret->confidence = confidence;
	}
	return 0;
}

/* What was said outside of the grammar: no words, as if nobody had spoken. */
static int fit_check(struct recogniser *recogniser, const int16_t *whole, size_t n,
		     struct recognition *recognition)
{
	struct fit fit = { .n = 0 };
	double confidence = 0.0;
	int r = 0;

	words_take(recogniser, &fit);
	if (fit.frames)
		r = fit_verify(recogniser, &fit, GRAMMAR_EXCESS_MAX, whole, n, &confidence);
	secret_wipe(&fit, sizeof(fit));
	if (ps_set_search(recogniser->decoder, SEARCH_HOST) < 0 && r == 0)
		r = fault_origin(-EIO);
	recognition->confidence = confidence;
	if (confidence == 0.0)
		secret_wipe(recognition->text, sizeof(recognition->text));
	return r < 0 ? fault_trace(r) : 0;
}

int recogniser_finish(struct recogniser *recogniser, uint64_t ticket, const int16_t *whole,
		      size_t n, struct recognition *ret)
{
	int r = 0;

	if (n <= recogniser->whole_frames || !ticket || ticket != recogniser->open)
		r = whole_decode(recogniser, whole, n);
	if (r < 0)
		return fault_trace(r);
	recogniser->open = 0;
	if (ps_end_utt(recogniser->decoder) < 0)
		return fault_origin(-EIO);
	snprintf(ret->text, sizeof(ret->text), "%s", hypothesis(recogniser));
	ret->confidence = 0.0;
	if (ret->text[0] && recogniser->grammar)
		r = fit_check(recogniser, whole, n, ret);
	else if (ret->text[0])
		ret->confidence = words_confidence(recogniser);
	if (r < 0)
		return fault_trace(r);
	return decoder_empty(recogniser);
}
