/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* "Forget that": what is said to have something erased, and how much of it. */

#include <stdbool.h>
#include <stddef.h>
#include "base/fault.h"
#include "recognise.h"

enum forget_span { FORGET_LAST, FORGET_TEN_MINUTES, FORGET_TODAY, FORGET_SPANS };

#define FORGET_PHRASES_MAX 32

struct forget_phrases {
	char text[FORGET_PHRASES_MAX][RECOGNITION_PHRASE_BYTES];
	enum forget_span span[FORGET_PHRASES_MAX];
	size_t n;
};

/* As in Intake.Forget. */
const char *forget_span_name(enum forget_span span);
/* The English ones. */
void forget_phrases_default(struct forget_phrases *phrases);
/* Those for one span, separated by "|", in place of those it had; "" for none.
 * ANSWER_INVALID_ARGUMENT: words of lower case letters, two or more to a phrase. */
int forget_phrases_set(struct forget_phrases *phrases, enum forget_span span, const char *text,
		       struct why *why);
