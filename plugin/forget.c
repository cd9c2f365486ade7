/* SPDX-License-Identifier: Apache-2.0 */

/* The phrases that erase. One word alone must never be one of them: too much sounds like it. */

#include "forget.h"

#include <string.h>
#include "base/cleanup.h"

const char *forget_span_name(enum forget_span span)
{
	static const char *const names[] = {
		[FORGET_LAST] = "last", [FORGET_TEN_MINUTES] = "ten-minutes",
		[FORGET_TODAY] = "today",
	};

	return names[span];
}

static void span_clear(struct forget_phrases *phrases, enum forget_span span)
{
	size_t kept = 0;

	for (size_t i = 0; i < phrases->n; i++) {
		if (phrases->span[i] == span)
			continue;
		memmove(phrases->text[kept], phrases->text[i], sizeof(phrases->text[i]));
		phrases->span[kept++] = phrases->span[i];
	}
	phrases->n = kept;
}

/* Trims blanks and makes one of many; 0 words for what is not words. */
static unsigned phrase_copy(const char *from, size_t n, char to[static RECOGNITION_PHRASE_BYTES])
{
	unsigned words = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		bool letter = (from[i] >= 'a' && from[i] <= 'z') || from[i] == '\'';

		if (!letter && from[i] != ' ')
			return 0;
		if (!letter)
			continue;
		if (i == 0 || from[i - 1] == ' ') {
			if (words++)
				to[used++] = ' ';
		}
		to[used++] = from[i];
		if (used + 2 > RECOGNITION_PHRASE_BYTES)
			return 0;
	}
	to[used] = '\0';
	return words;
}

int forget_phrases_set(struct forget_phrases *phrases, enum forget_span span, const char *text,
		       struct why *why)
{
	span_clear(phrases, span);
	while (*text) {
		size_t n = strcspn(text, "|");

		if (phrases->n == FORGET_PHRASES_MAX)
			return answer_why(why, ANSWER_INVALID_ARGUMENT, "at most %d phrases can "
					  "forget", FORGET_PHRASES_MAX);
		if (phrase_copy(text, n, phrases->text[phrases->n]) < 2)
			return answer_why(why, ANSWER_INVALID_ARGUMENT, "\"%.*s\" cannot be a "
					  "phrase that forgets; it takes two words or more, in "
					  "lower case and under %d letters, and \"|\" between "
					  "phrases", (int)n, text, RECOGNITION_PHRASE_BYTES - 1);
		phrases->span[phrases->n++] = span;
		text += n + (text[n] == '|');
	}
	return 0;
}

void forget_phrases_default(struct forget_phrases *phrases)
{
	static const char *const defaults[] = {
		[FORGET_LAST] = "forget that|forget what i said|forget what i just said|"
				"delete that|delete what i said|delete what i just said",
		[FORGET_TEN_MINUTES] = "forget the last ten minutes|delete the last ten minutes|"
				       "forget the last few minutes",
		[FORGET_TODAY] = "forget everything i said today|delete everything i said today|"
				 "forget what i said today|delete what i said today",
	};

	phrases->n = 0;
	for (enum forget_span span = 0; span < FORGET_SPANS; span++)
		forget_phrases_set(phrases, span, defaults[span], NULL);
}
