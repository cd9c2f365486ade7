/* SPDX-License-Identifier: Apache-2.0 */
/* Where sentences of a grammar end. */

#include "../test.h"

#include <sphinxbase/err.h>
#include <sphinxbase/logmath.h>
#include <sys/mman.h>
#include "grammar.h"

#define NOTHING_PUBLIC "#JSGF V1.0;\ngrammar p;\n<p> = forget that;\n"
#define PHRASES "#JSGF V1.0;\ngrammar p;\npublic <p> = forget that | forget that now;\n"

static void check(const char *path, const char *text, const char *words, enum sentence sentence)
{
	logmath_t *logmath = logmath_init(1.0001, 0, FALSE);
	_cleanup_(grammar_freep) struct fsg_model_s *grammar = NULL;

	assert_int_equal(grammar_new(path, text, logmath, 6.5f, &grammar, NULL), 0);
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

static void check_none(const char *path, const char *text, const char *said)
{
	logmath_t *logmath = logmath_init(1.0001, 0, FALSE);
	_cleanup_(grammar_freep) struct fsg_model_s *grammar = NULL;
	struct why why = { "" };

	assert_int_equal(grammar_new(path, text, logmath, 6.5f, &grammar, &why),
			 ANSWER_INVALID_ARGUMENT);
	if (!strstr(why.text, said))
		fail_msg("\"%s\"", why.text);
	logmath_free(logmath);
}

static void test_what_is_none(void **state)
{
	check_none(NULL, NOTHING_PUBLIC, "");
	check_none(SPEAKER_GRAMMAR, NOTHING_PUBLIC, "");
	check_none("/nowhere", NULL, "cannot be read");
}

/* Where the standard output goes meanwhile. */
static void check_quiet(const char *text, int expected)
{
	logmath_t *logmath = logmath_init(1.0001, 0, FALSE);
	_cleanup_(grammar_freep) struct fsg_model_s *grammar = NULL;
	_cleanup_(cleanup_close) int out = memfd_create("out", MFD_CLOEXEC);
	_cleanup_(cleanup_close) int kept = dup(STDOUT_FILENO);

	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	assert_int_equal(grammar_new(NULL, text, logmath, 6.5f, &grammar, NULL), expected);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	assert_int_equal(lseek(out, 0, SEEK_END), 0);
	logmath_free(logmath);
}

/* R16: sphinxbase writes what it does not understand of a grammar to the standard output. */
static void test_r16_nothing_of_a_grammar_is_written(void **state)
{
	check_quiet(PHRASES "secret words;\n", ANSWER_INVALID_ARGUMENT);
	check_quiet("secret\n" PHRASES, ANSWER_INVALID_ARGUMENT);
	check_quiet("#JSGF V1.0;\n/* more\nthan a line; */ grammar p; // here; too\n"
		    "public <p> = /* said;\n */ one | \"two\"; // the last", 0);
	check_quiet("\xEF\xBB\xBF" PHRASES "<q> = not said;\n", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_a_file),
		cmocka_unit_test(test_of_phrases),
		cmocka_unit_test(test_of_both),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_r16_nothing_of_a_grammar_is_written),
	};

	err_set_logfp(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
