/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sentences that may be said: the host's grammar and the phrases as one, so that one look at the
 * sound finds both. */

#include "base/cleanup.h"
#include "recognise.h"
#include "words.h"

struct fsg_model_s;		/* sphinxbase's */
struct logmath_s;

/* Of a JSGF file, of JSGF text, or of both; the other is NULL. `weight` is PocketSphinx's -lw.
 * ANSWER_INVALID_ARGUMENT: they cannot be used; with an empty `why` PocketSphinx has complained. */
int grammar_new(const char *path, const char *text, struct logmath_s *logmath, float weight,
		struct fsg_model_s **ret, struct why *why);
struct fsg_model_s *grammar_free(struct fsg_model_s *grammar);
CLEANUP_DEFINE(struct fsg_model_s *, grammar_free)

/* All that may be heard. */
int grammar_words(struct fsg_model_s *grammar, struct words *words);
/* How far into a sentence these words lead, one blank between two. */
enum sentence grammar_sentence(struct fsg_model_s *grammar, const char *words);
