/* SPDX-License-Identifier: Apache-2.0 */

/* Grammars as graphs of words. The words of an utterance pass through; none is kept. */

#include "grammar.h"

#include <sphinxbase/fsg_model.h>
#include <sphinxbase/jsgf.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "crypt/secret.h"
#include "jsgf.h"

#define WORD_BYTES 128
#define GRAMMAR_MAX_BYTES (1 << 20)

fsg_model_t *grammar_free(fsg_model_t *grammar)
{
	fsg_model_free(grammar);
	return NULL;
}

static int grammar_build(char *text, logmath_t *logmath, float weight, fsg_model_t **ret,
			 struct why *why)
{
	jsgf_rule_t *rule;
	jsgf_t *jsgf;
	int r = jsgf_clean(text, why);

	if (r)
		return r;
	jsgf = jsgf_parse_string(text, NULL);
	rule = jsgf ? jsgf_get_public_rule(jsgf) : NULL;
	*ret = rule ? jsgf_build_fsg(jsgf, rule, logmath, weight) : NULL;
	if (jsgf)
		jsgf_grammar_free(jsgf);
	return *ret ? 0 : ANSWER_INVALID_ARGUMENT;
}

static int file_build(const char *path, logmath_t *logmath, float weight, fsg_model_t **ret,
		      struct why *why)
{
	_cleanup_(cleanup_free) char *text = NULL;
	int r = file_read_path(path, GRAMMAR_MAX_BYTES, &text, NULL);

	if (r)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "it cannot be read, or has more "
				  "than %d bytes", GRAMMAR_MAX_BYTES);
	return grammar_build(text, logmath, weight, ret, why);
}

static int text_build(const char *text, logmath_t *logmath, float weight, fsg_model_t **ret,
		      struct why *why)
{
	_cleanup_(cleanup_free) char *copy = strdup(text);

	return copy ? grammar_build(copy, logmath, weight, ret, why) : fault_origin(-ENOMEM);
}

/* Its states become those from `at` on, with ways in and out. */
static void grammar_put(fsg_model_t *whole, fsg_model_t *part, int at)
{
	for (int state = 0; state < fsg_model_n_state(part); state++) {
		fsg_arciter_t *arcs = fsg_model_arcs(part, state);

		for (; arcs; arcs = fsg_arciter_next(arcs)) {
			const fsg_link_t *link = fsg_arciter_get(arcs);
			int to = at + link->to_state;

			if (link->wid < 0)
				fsg_model_null_trans_add(whole, at + state, to, link->logs2prob);
			else
				fsg_model_trans_add(whole, at + state, to, link->logs2prob,
						    fsg_model_word_add(whole,
							fsg_model_word_str(part, link->wid)));
		}
	}
	fsg_model_null_trans_add(whole, fsg_model_start_state(whole),
				 at + fsg_model_start_state(part), 0);
	fsg_model_null_trans_add(whole, at + fsg_model_final_state(part),
				 fsg_model_final_state(whole), 0);
}

static fsg_model_t *grammar_join(fsg_model_t *host, fsg_model_t *phrases, float weight)
{
	fsg_model_t *whole = fsg_model_init("cubby", host->lmath, weight,
					    2 + fsg_model_n_state(host) +
					    fsg_model_n_state(phrases));

	whole->start_state = 0;
	whole->final_state = 1;
	grammar_put(whole, host, 2);
	grammar_put(whole, phrases, 2 + fsg_model_n_state(host));
	glist_free(fsg_model_null_trans_closure(whole, NULL));
	return whole;
}

int grammar_new(const char *path, const char *text, logmath_t *logmath, float weight,
		fsg_model_t **ret, struct why *why)
{
	_cleanup_(grammar_freep) fsg_model_t *host = NULL;
	_cleanup_(grammar_freep) fsg_model_t *phrases = NULL;
	int r = 0;

	if (path)
		r = file_build(path, logmath, weight, &host, why);
	if (r == 0 && text)
		r = text_build(text, logmath, weight, &phrases, why);
	if (r)
		return r;
	if (host && phrases)
		*ret = grammar_join(host, phrases, weight);
	else
		*ret = host ? take(host) : take(phrases);
	return 0;
}

int grammar_words(fsg_model_t *grammar, struct words *words)
{
	int r = 0;

	for (int i = 0; i < fsg_model_n_word(grammar) && r == 0; i++) {
		const char *word = fsg_model_word_str(grammar, i);

		r = words_need(words, word, strlen(word));
	}
	return r;
}

/* Every state that can be reached from these without a word. */
static void states_spread(fsg_model_t *grammar, bool *states)
{
	for (bool more = true; more;) {
		more = false;
		for (int state = 0; state < fsg_model_n_state(grammar); state++) {
			fsg_arciter_t *arcs = states[state] ? fsg_model_arcs(grammar, state) : NULL;

			for (; arcs; arcs = fsg_arciter_next(arcs)) {
				const fsg_link_t *link = fsg_arciter_get(arcs);

				if (link->wid >= 0 || states[link->to_state])
					continue;
				states[link->to_state] = more = true;
			}
		}
	}
}

static void states_step(fsg_model_t *grammar, const bool *from, bool *to, int word)
{
	for (int state = 0; state < fsg_model_n_state(grammar); state++) {
		fsg_arciter_t *arcs = from[state] ? fsg_model_arcs(grammar, state) : NULL;

		for (; arcs; arcs = fsg_arciter_next(arcs))
			if (fsg_arciter_get(arcs)->wid == word)
				to[fsg_arciter_get(arcs)->to_state] = true;
	}
	states_spread(grammar, to);
}

/* Whether a word may follow. */
static bool states_go_on(fsg_model_t *grammar, const bool *states)
{
	for (int state = 0; state < fsg_model_n_state(grammar); state++) {
		fsg_arciter_t *arcs = states[state] ? fsg_model_arcs(grammar, state) : NULL;
		bool words = false;

		for (; arcs; arcs = fsg_arciter_next(arcs)) {
			int word = fsg_arciter_get(arcs)->wid;

			words |= word >= 0 && !fsg_model_is_filler(grammar, word);
		}
		if (words)
			return true;
	}
	return false;
}

enum sentence grammar_sentence(fsg_model_t *grammar, const char *words)
{
	size_t n = (size_t)fsg_model_n_state(grammar);
	_cleanup_(cleanup_free) bool *now = calloc(n, 1);
	_cleanup_(cleanup_free) bool *next = calloc(n, 1);
	char word[WORD_BYTES] = "";

	if (!now || !next || !*words)
		return SENTENCE_UNKNOWN;
	now[fsg_model_start_state(grammar)] = true;
	states_spread(grammar, now);
	while (*words) {
		size_t length = strcspn(words, " ");
		bool *last = now;
		int id;

		snprintf(word, sizeof(word), "%.*s", (int)length, words);
		id = fsg_model_word_id(grammar, word);
		memset(next, 0, n);
		if (id >= 0)
			states_step(grammar, now, next, id);
		now = next;
		next = last;
		words += length + (words[length] == ' ');
	}
	secret_wipe(word, sizeof(word));
	if (!now[fsg_model_final_state(grammar)])
		return SENTENCE_BEGUN;
	return states_go_on(grammar, now) ? SENTENCE_WHOLE : SENTENCE_ENDED;
}
