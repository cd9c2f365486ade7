/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What words sound like. The dictionary of a model has a hundred thousand and more, and takes 16
 * MiB; a recogniser needs those that it may hear. */

#include <stddef.h>
#include "base/cleanup.h"
#include "base/fault.h"

struct words;

int words_new(struct words **ret);
struct words *words_free(struct words *words);
CLEANUP_DEFINE(struct words *, words_free)

/* It may be heard. More than once does no harm. */
int words_need(struct words *words, const char *word, size_t n);
/*
 * A dictionary of those that are needed, as a sealed memfd: each from the first that has it of the
 * integrator's `own` file (NULL: none), Cubby's own and the model's. Lines as of CMU's: the word,
 * blanks, its phones; "word(2)" is another way to say it. What none has is left out.
 * ANSWER_NOT_FOUND: a file cannot be read.
 */
int words_dictionary(struct words *words, const char *own, const char *model, int *ret_fd,
		     struct why *why);
/* Each that is needed, after words_dictionary() once; NULL behind the last. */
const char *words_at(const struct words *words, size_t i);
