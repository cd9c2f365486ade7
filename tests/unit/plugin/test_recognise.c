/* SPDX-License-Identifier: Apache-2.0 */
/* Real recordings through the real recogniser. */

#include "recording.h"

#include <dirent.h>
#include "crypt/secret.h"
#include "recognise.h"

static struct recognition hear(struct recogniser *recogniser, const char *name, bool live)
{
	struct recording recording = recording_read(name);
	struct recognition recognition;
	uint64_t ticket = 0;

	if (live) {
		assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
		for (size_t i = 0; i < recording.frames; i += 160) {
			size_t n = recording.frames - i < 160 ? recording.frames - i : 160;

			assert_int_equal(recogniser_feed(recogniser, ticket, recording.samples + i,
							 n),
					 0);
		}
		assert_string_equal(recogniser_partial(recogniser, ticket),
				    "go forward ten meters");
	}
	assert_int_equal(recogniser_finish(recogniser, ticket, recording.samples, recording.frames,
					   &recognition), 0);
	recording_free(&recording);
	return recognition;
}

static void check_forward(struct recogniser *recogniser)
{
	for (int live = 0; live < 2; live++) {
		struct recognition recognition = hear(recogniser, "goforward.raw", live);

		assert_string_equal(recognition.text, "go forward ten meters");
		assert_true(recognition.confidence > 0.3 && recognition.confidence <= 1.0);
	}
}

static void test_default_language_model(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct why why;

	assert_int_equal(recogniser_new(&(struct recogniser_config) { 0 }, &recogniser, &why), 0);
	check_forward(recogniser);
	assert_string_equal(hear(recogniser, "cards/004.wav", false).text, "five five");
}

static void test_grammar(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = RECORDINGS "goforward.gram" };
	struct why why;

	if (access(config.grammar, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	check_forward(recogniser);
}

/* What was not in the grammar is nobody's command. */
static void test_other_words_do_not_fit_a_grammar(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = RECORDINGS "goforward.gram" };
	struct why why;

	if (access(config.grammar, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	for (int i = 1; i <= 5; i++) {
		struct recognition recognition;
		char name[32];

		snprintf(name, sizeof(name), "cards/00%d.wav", i);
		recognition = hear(recogniser, name, false);
		assert_string_equal(recognition.text, "");
		assert_true(recognition.confidence == 0.0);
	}
	check_forward(recogniser);
}

static void test_the_grammar_that_comes_with_it(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = SPEAKER_GRAMMAR };
	struct recording recording = recording_speak("what is for dinner");
	struct recognition recognition;
	struct why why;

	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	assert_int_equal(recogniser_finish(recogniser, 0, recording.samples, recording.frames,
					   &recognition), 0);
	assert_string_equal(recognition.text, "what is for dinner");
	assert_string_equal(hear(recogniser, "goforward.raw", false).text, "");
	recording_free(&recording);
}

static void test_own_language_model(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .lm = RECORDINGS "turtle.lm.bin" };
	struct why why;

	if (access(config.lm, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	assert_string_equal(hear(recogniser, "goforward.raw", false).text, "go forward ten meters");
}

static void test_grammar_with_unknown_word_names_it(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = RECORDINGS "defective.gram" };
	struct why why = { "" };

	if (access(config.grammar, R_OK) < 0)
		skip();
	assert_answer(recogniser_new(&config, &recogniser, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "really_bad_word"));
}

static void test_missing_files_are_named(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct why why = { "" };

	assert_answer(recogniser_new(&(struct recogniser_config) { .grammar = "/nowhere/g.gram" },
				     &recogniser, &why), ANSWER_NOT_FOUND, why);
	assert_non_null(strstr(why.text, "/nowhere/g.gram"));
	assert_answer(recogniser_new(&(struct recogniser_config){ .model = "/nowhere" },
				     &recogniser, &why),
		      ANSWER_NOT_FOUND, why);
}

static void test_silence_has_no_words(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	const struct recogniser_config config = { .grammar = RECORDINGS "goforward.gram" };
	static const int16_t silence[RATE_HZ];
	struct recognition recognition;
	struct why why;

	if (access(config.grammar, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	assert_int_equal(recogniser_finish(recogniser, 0, silence, RATE_HZ, &recognition), 0);
	assert_string_equal(recognition.text, "");
	assert_true(recognition.confidence == 0.0);
}

static const char *file_make(char path[static 64], const char *text)
{
	int fd;

	strcpy(path, "/tmp/cubby-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* An integrator's words, and another way to say one that the dictionary has. */
static void test_own_words(void **state)
{
	char grammar[64], dictionary[64];
	const struct recogniser_config config = {
		.grammar = file_make(grammar, "#JSGF V1.0;\ngrammar g;\n"
				     "public <g> = go forward xqten meterz | stop;\n"),
		.words = file_make(dictionary, "# of our own\r\nxqten M IH L Y AH N\r\n"
				   "xqten(2)\tT EH N\nmeterz M IY T ER Z"),
	};
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct why why = { "" };

	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	assert_string_equal(hear(recogniser, "goforward.raw", false).text,
			    "go forward xqten meterz");
	unlink(grammar);
	unlink(dictionary);
}

static void test_own_words_come_first(void **state)
{
	static const char *const texts[] = { "forward ZH UW ZH UW ZH UW ZH\n", "forward QQ\n", "" };
	char grammar[64], dictionary[64];

	file_make(grammar, "#JSGF V1.0;\ngrammar g;\n"
		  "public <g> = go forward ten meters | stop;\n");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
		const struct recogniser_config config = {
			.grammar = grammar, .words = file_make(dictionary, texts[i]),
		};
		struct why why = { "" };
		int r = recogniser_new(&config, &recogniser, &why);

		assert_int_equal(r, i == 1 ? ANSWER_INVALID_ARGUMENT : 0);
		if (r)
			assert_non_null(strstr(why.text, "forward"));
		else
			assert_int_equal(*hear(recogniser, "goforward.raw", false).text == '\0',
					 i == 0);
		unlink(dictionary);
	}
	unlink(grammar);
}

static void test_missing_words_are_named(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct why why = { "" };

	assert_answer(recogniser_new(&(struct recogniser_config){ .words = "/nowhere" },
				     &recogniser, &why),
		      ANSWER_NOT_FOUND, why);
	assert_non_null(strstr(why.text, "/nowhere"));
}

/* R1: after an utterance nothing of it can be asked for again. */
static void test_r1_decoder_is_started_anew(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	uint64_t ticket;
	struct why why;

	assert_int_equal(recogniser_new(&(struct recogniser_config) { 0 }, &recogniser, &why), 0);
	hear(recogniser, "goforward.raw", false);
	assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
	assert_string_equal(recogniser_partial(recogniser, ticket), "");
	recogniser_cancel(recogniser, ticket);
}

/* Two sessions share the decoder: neither hears the other. */
static void test_sessions_do_not_mix(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	struct recording forward = recording_read("goforward.raw");
	struct recording cards = recording_read("cards/004.wav");
	struct recognition recognition;
	uint64_t first, second;
	struct why why;

	assert_int_equal(recogniser_new(&(struct recogniser_config) { 0 }, &recogniser, &why), 0);
	assert_int_equal(recogniser_begin(recogniser, &first), 0);
	assert_int_equal(recogniser_begin(recogniser, &second), 0);
	assert_int_equal(recogniser_feed(recogniser, first, forward.samples, forward.frames), 0);
	assert_int_equal(recogniser_feed(recogniser, second, cards.samples, cards.frames), 0);
	assert_string_equal(recogniser_partial(recogniser, second), "");
	assert_int_equal(recogniser_finish(recogniser, second, cards.samples, cards.frames,
					   &recognition), 0);
	assert_string_equal(recognition.text, "five five");
	assert_int_equal(recogniser_finish(recogniser, first, forward.samples, forward.frames,
					   &recognition), 0);
	assert_string_equal(recognition.text, "go forward ten meters");
	recording_free(&forward);
	recording_free(&cards);
}

static struct recogniser *recogniser_make(void)
{
	const struct recogniser_config config = { .grammar = RECORDINGS "goforward.gram" };
	struct recogniser *recogniser = NULL;
	struct why why;

	if (access(config.grammar, R_OK) < 0)
		skip();
	assert_int_equal(recogniser_new(&config, &recogniser, &why), 0);
	return recogniser;
}

static void feed(struct recogniser *recogniser, uint64_t ticket, const int16_t *samples, size_t n)
{
	for (size_t i = 0; i < n; i += 160)
		assert_int_equal(recogniser_feed(recogniser, ticket, samples + i,
						 n - i < 160 ? n - i : 160), 0);
}

/* How far it is known at a pause, also within the second before which nothing is searched. */
static void test_a_sentence_that_has_begun(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = recogniser_make();
	struct recording forward = recording_read("goforward.raw");
	static const size_t first[] = { RATE_HZ * 9 / 10, RATE_HZ * 3 / 2 };
	enum sentence sentence;
	uint64_t ticket, other;

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
		feed(recogniser, ticket, forward.samples, first[i]);
		assert_int_equal(recogniser_sentence(recogniser, ticket, &sentence), 0);
		assert_int_equal(sentence, SENTENCE_BEGUN);
		feed(recogniser, ticket, forward.samples + first[i], forward.frames - first[i]);
		assert_int_equal(recogniser_sentence(recogniser, ticket, &sentence), 0);
		assert_int_equal(sentence, SENTENCE_CERTAIN);
		/* Of somebody else nothing is known, and it disturbs nobody. */
		assert_int_equal(recogniser_begin(recogniser, &other), 0);
		assert_int_equal(recogniser_sentence(recogniser, other, &sentence), 0);
		assert_int_equal(sentence, SENTENCE_UNKNOWN);
		assert_string_equal(recogniser_partial(recogniser, ticket),
				    "go forward ten meters");
		recogniser_cancel(recogniser, ticket);
	}
	recording_free(&forward);
}

/* What was not said may look like the end of a sentence, but never like a certain one. */
static void test_other_words_are_never_certain(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = recogniser_make();
	unsigned ended = 0;

	for (int i = 1; i <= 5; i++) {
		struct recording cards;
		enum sentence sentence;
		uint64_t ticket;
		char name[32];

		snprintf(name, sizeof(name), "cards/00%d.wav", i);
		cards = recording_read(name);
		assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
		feed(recogniser, ticket, cards.samples, cards.frames);
		assert_int_equal(recogniser_sentence(recogniser, ticket, &sentence), 0);
		assert_int_not_equal(sentence, SENTENCE_CERTAIN);
		ended += sentence == SENTENCE_ENDED;
		recogniser_cancel(recogniser, ticket);
		recording_free(&cards);
	}
	assert_true(ended > 0);
}

/* Seen from silence in place of what was said: what was fed is not decoded again, what was fed of
 * another utterance or dropped does not count. */
static void test_what_was_fed_is_not_decoded_again(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = recogniser_make();
	struct recording forward = recording_read("goforward.raw");
	int16_t *silence = calloc(forward.frames, sizeof(*silence));

	for (unsigned i = 0; i < 3; i++) {
		struct recognition recognition;
		uint64_t ticket;

		assert_int_equal(recogniser_begin(recogniser, &ticket), 0);
		feed(recogniser, ticket, forward.samples, forward.frames);
		if (i == 2)
			recogniser_cancel(recogniser, ticket);
		assert_int_equal(recogniser_finish(recogniser, ticket + (i == 1), silence,
						   forward.frames, &recognition), 0);
		assert_string_equal(recognition.text, i == 0 ? "go forward ten meters" : "");
	}
	free(silence);
	recording_free(&forward);
}

/* R7: PocketSphinx would write sound and features into a directory it is given, or the current
 * one. */
static void test_r7_recogniser_writes_no_file(void **state)
{
	_cleanup_(recogniser_freep) struct recogniser *recogniser = NULL;
	char folder[] = "/tmp/cubby-test-XXXXXX";
	struct dirent *entry;
	struct why why;
	DIR *dir;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(recogniser_new(&(struct recogniser_config) { 0 }, &recogniser, &why), 0);
	hear(recogniser, "goforward.raw", false);
	dir = opendir(folder);
	while ((entry = readdir(dir)))
		assert_true(entry->d_name[0] == '.');
	closedir(dir);
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_language_model),
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_other_words_do_not_fit_a_grammar),
		cmocka_unit_test(test_the_grammar_that_comes_with_it),
		cmocka_unit_test(test_own_language_model),
		cmocka_unit_test(test_grammar_with_unknown_word_names_it),
		cmocka_unit_test(test_missing_files_are_named),
		cmocka_unit_test(test_silence_has_no_words),
		cmocka_unit_test(test_own_words),
		cmocka_unit_test(test_own_words_come_first),
		cmocka_unit_test(test_missing_words_are_named),
		cmocka_unit_test(test_r1_decoder_is_started_anew),
		cmocka_unit_test(test_sessions_do_not_mix),
		cmocka_unit_test(test_a_sentence_that_has_begun),
		cmocka_unit_test(test_other_words_are_never_certain),
		cmocka_unit_test(test_what_was_fed_is_not_decoded_again),
		cmocka_unit_test(test_r7_recogniser_writes_no_file),
	};

	if (crypt_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
