/* SPDX-License-Identifier: Apache-2.0 */
/* Where sentences of a grammar end. */

#include "../test.h"

#include <sphinxbase/err.h>
#include <sphinxbase/logmath.h>
#include "grammar.h"

#define NOTHING_PUBLIC "#JSGF V1.0;\ngrammar p;\n<p> = forget that;\n"
#define PHRASES "#JSGF V1.0;\ngrammar p;\npublic <p> = forget that | forget that now;\n"

static void check(const char *path, const char *text, const char *words, enum sentence sentence)
{
	logmath_t *logmath = logmath_init(1.0001, 0, FALSE);
	_cleanup_(grammar_freep) struct fsg_model_s *grammar = NULL;

	grammar = grammar_new(path, text, logmath, 6.5f);
	assert_non_null(grammar);
	if (grammar_sentence(grammar, words) != sentence)
		fail_msg("\"%s\" is %d", words, (int)grammar_sentence(grammar, words));
	logmath_free(logmath);
}

static void test_of_a_file(void **state)
{
	check(SPEAKER_GRAMMAR, NULL, "", SENTENCE_UNKNOWN);
	check(SPEAKER_GRAMMAR, NULL, "turn on the", SENTENCE_BEGUN);
	check(SPEAKER_GRAMMAR, NULL, "turn on the light", SENTENCE_WHOLE);
	check(SPEAKER_GRAMMAR, NULL, "turn on the light in the", SENTENCE_BEGUN);
	check(SPEAKER_GRAMMAR, NULL, "turn on the light in the kitchen", SENTENCE_ENDED);
	check(SPEAKER_GRAMMAR, NULL, "forget that", SENTENCE_BEGUN);
}

static void test_of_phrases(void **state)
{
	check(NULL, PHRASES, "forget", SENTENCE_BEGUN);
	check(NULL, PHRASES, "forget that", SENTENCE_WHOLE);
	check(NULL, PHRASES, "forget that now", SENTENCE_ENDED);
}

static void test_of_both(void **state)
{
	check(SPEAKER_GRAMMAR, PHRASES, "forget that", SENTENCE_WHOLE);
	check(SPEAKER_GRAMMAR, PHRASES, "forget that now", SENTENCE_ENDED);
	check(SPEAKER_GRAMMAR, PHRASES, "turn on the", SENTENCE_BEGUN);
	check(SPEAKER_GRAMMAR, PHRASES, "turn on the light in the kitchen", SENTENCE_ENDED);
	check(SPEAKER_GRAMMAR, PHRASES, "turn on that", SENTENCE_BEGUN);
}

static void test_what_is_none(void **state)
{
	logmath_t *logmath = logmath_init(1.0001, 0, FALSE);

	assert_null(grammar_new(NULL, NOTHING_PUBLIC, logmath, 6.5f));
	assert_null(grammar_new(SPEAKER_GRAMMAR, NOTHING_PUBLIC, logmath, 6.5f));
	logmath_free(logmath);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_a_file),
		cmocka_unit_test(test_of_phrases),
		cmocka_unit_test(test_of_both),
		cmocka_unit_test(test_what_is_none),
	};

	err_set_logfp(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
