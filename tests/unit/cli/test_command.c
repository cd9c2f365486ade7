/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: options anywhere, nothing ignored. */

#include "unit/test.h"

#include "command.h"
#include "help.h"

#define COMMAND(...) command_read_all((const char *const[]){ "cubby", __VA_ARGS__, NULL })

static struct command command;
static struct why why;

static int command_read_all(const char *const *argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	command_clear(&command);
	why.text[0] = 0;
	return command_parse(argc, argv, &command, &why);
}

static int command_done(void **state)
{
	command_clear(&command);
	return 0;
}

static void test_options_stand_anywhere(void **state)
{
	assert_int_equal(COMMAND("list", "--json", "emma", "--since", "2h ago", "-q"), 0);
	assert_string_equal(command.verb->noun, "list");
	assert_int_equal(command.n, 1);
	assert_string_equal(command.arguments[0], "emma");
	assert_string_equal(command.value[OPTION_SINCE], "2h ago");
	assert_true(command_has(&command, OPTION_JSON));
	assert_true(command_has(&command, OPTION_QUIET));

	assert_int_equal(COMMAND("--json", "profile", "--passphrase-fd=3", "add", "emma",
				 "--child"), 0);
	assert_string_equal(command.verb->name, "add");
	assert_string_equal(command.value[OPTION_PASSPHRASE_FD], "3");
	assert_string_equal(command.arguments[0], "emma");
}

static void test_values_with_and_without_equals(void **state)
{
	assert_int_equal(COMMAND("play", "abcd", "-o", "-"), 0);
	assert_string_equal(command.value[OPTION_OUTPUT], "-");
	assert_int_equal(COMMAND("play", "abcd", "-ofile.wav"), 0);
	assert_string_equal(command.value[OPTION_OUTPUT], "file.wav");
	assert_int_equal(COMMAND("play", "abcd", "--output=x"), 0);
	assert_string_equal(command.value[OPTION_OUTPUT], "x");
	assert_int_equal(COMMAND("delete", "--profile", "--weird", "--yes"), 0);
	assert_string_equal(command.value[OPTION_PROFILE], "--weird");
	assert_int_equal(COMMAND("profile", "remove", "--", "-dash"), 0);
	assert_string_equal(command.arguments[0], "-dash");
	assert_int_equal(COMMAND("delete", "abcd", "-qyn"), 0);
	assert_true(command_has(&command, OPTION_YES));
	assert_true(command_has(&command, OPTION_DRY_RUN));
}

static void test_each_usage_error_is_explained(void **state)
{
	assert_answer(COMMAND("frobnicate"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("profile"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("profile", "frob"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("list", "--frob"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("list", "-z"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("list", "a", "b"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("play"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("play", "abcd", "-o"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("list", "--since"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("list", "--json=yes"), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(COMMAND("list", "--since", "a", "--since", "b"), ANSWER_INVALID_ARGUMENT,
		      why);
}

/* An option that narrows a deletion must never be dropped in silence. */
static void test_an_option_of_another_verb_is_refused(void **state)
{
	assert_answer(COMMAND("profile", "remove", "emma", "--kind", "audio"),
		      ANSWER_INVALID_ARGUMENT,
		      why);
	assert_answer(COMMAND("consent", "withdraw", "emma", "--since", "now"),
		      ANSWER_INVALID_ARGUMENT,
		      why);
	assert_answer(COMMAND("status", "--yes"), ANSWER_INVALID_ARGUMENT, why);
}

/* No passphrase can be given as an argument: everybody on the machine could read it. */
static void test_no_option_takes_a_passphrase(void **state)
{
	for (int option = 0; option < OPTION_COUNT; option++)
		if (strstr(option_table[option].name, "pass"))
			assert_true(option == OPTION_PASSPHRASE_FD ||
				    option == OPTION_PASSPHRASE_FILE ||
				    option == OPTION_NEW_PASSPHRASE_FD ||
				    option == OPTION_NEW_PASSPHRASE_FILE);
	assert_answer(COMMAND("list", "--passphrase", "x"), ANSWER_INVALID_ARGUMENT, why);
}

/* R25, R26: no verb records, speaks, or reaches a network. */
static void test_r25_no_verb_opens_the_microphone(void **state)
{
	static const char *const none[] = { "record", "listen", "speak", "say", "talk", "call",
					   "upload" };

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_false(noun_exists(none[i]));
}

static void test_help_and_version_need_nothing_else(void **state)
{
	assert_int_equal(COMMAND("play", "--help"), 0);
	assert_true(command_has(&command, OPTION_HELP));
	assert_int_equal(COMMAND("--version"), 0);
	assert_int_equal(COMMAND("help", "profile", "add"), 0);
	assert_int_equal(command.n_words, 3);
	assert_int_equal(COMMAND("-h"), 0);
}

static void test_every_verb_has_help(void **state)
{
	_cleanup_(cleanup_fclose) FILE *null = fopen("/dev/null", "w");

	for (size_t i = 0; i < n_verbs; i++) {
		const char *const words[] = { verb_table[i].noun, verb_table[i].name };
		size_t used;

		assert_true(help_print(null, words, verb_table[i].name ? 2 : 1));
		assert_ptr_equal(verb_find(words, verb_table[i].name ? 2 : 1, &used),
				 &verb_table[i]);
		assert_non_null(verb_table[i].run);
		assert_true(verb_table[i].summary[0]);
	}
	assert_false(help_print(null, (const char *const[]){ "frob" }, 1));
}

static void test_exit_codes(void **state)
{
	assert_int_equal(exit_code_of(0), 0);
	assert_int_equal(exit_code_of(-ENOMEM), 1);
	assert_int_equal(exit_code_of(ANSWER_NOT_AUTHORIZED), 4);
	assert_int_equal(exit_code_of(ANSWER_LOCKED), 4);
	assert_int_equal(exit_code_of(ANSWER_NOT_FOUND), 10);
	assert_int_equal(exit_code_of(ANSWER_NO_DAEMON), 8);
	assert_int_equal(exit_code_of(ANSWER_TIMEOUT), 3);
	assert_int_equal(exit_code_of(ANSWER_EXISTS), 1);
	assert_int_equal(exit_code_of(ANSWER_INVALID_ARGUMENT), 1);
	assert_int_equal(exit_code_of(ANSWER_NO_CONSENT), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_options_stand_anywhere, command_done),
		cmocka_unit_test_teardown(test_values_with_and_without_equals, command_done),
		cmocka_unit_test_teardown(test_each_usage_error_is_explained, command_done),
		cmocka_unit_test_teardown(test_an_option_of_another_verb_is_refused, command_done),
		cmocka_unit_test_teardown(test_no_option_takes_a_passphrase, command_done),
		cmocka_unit_test(test_r25_no_verb_opens_the_microphone),
		cmocka_unit_test_teardown(test_help_and_version_need_nothing_else, command_done),
		cmocka_unit_test(test_every_verb_has_help),
		cmocka_unit_test(test_exit_codes),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
