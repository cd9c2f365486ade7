/* SPDX-License-Identifier: Apache-2.0 */
/* The program itself, where no keeper is: exit codes, and where its words go. */

#include "unit/test.h"

#include <sys/wait.h>

static char output[65536];

/* Runs the program without a terminal on standard input; returns its exit status. */
static int cubby(const char *arguments)
{
	char command[1024];
	FILE *pipe;
	size_t n;
	int status;

	snprintf(command, sizeof(command), "setsid -w %s %s </dev/null 2>&1",
		 getenv("CUBBY_PROGRAM"),
		 arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(output, 1, sizeof(output) - 1, pipe);
	output[n] = 0;
	status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_usage_errors_exit_2(void **state)
{
	static const char *const wrong[] = {
		"frobnicate", "list --frob", "profile", "profile add", "profile add emma",
		"profile add emma --child --adult", "consent grant emma", "consent grant emma "
									  "voice",
		"consent grant emma training", "consent grant emma audio audio",
		"consent grant emma audio --keep 0", "consent grant emma audio --keep forever",
		"consent grant emma audio --keep 31d", "consent grant emma location --keep 8d",
		"retention set emma audio forever",
		"retention set emma audio 0", "retention set emma audio 31d",
		"list --since never", "list --kind video", "list --color pink", "list --timeout 0",
		"list --since now --until yesterday", "play", "delete", "delete --all --kind audio",
		"delete --all abcd", "delete mia", "export create x",
		"export create x --format csv",
		"export create x --format hf --encoding mp3", "export review", "move abcd",
		"export review --purpose p --recipient r --sample 2",
		"export approve abcd", "import x.wav", "setup", "help frob", "delete -H",
		"list --passphrase-fd", "list emma --profile emma",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (cubby(wrong[i]) != 2)
			fail_msg("cubby %s: %s", wrong[i], output);
		assert_memory_equal(output, "cubby: ", 7);
	}
}

/* The program with an /etc of its own, in which the method "school" is this script. */
static int cubby_with_method(const char *script, const char *arguments)
{
	char command[1024];
	FILE *pipe;
	int status;

	/* A chroot may make no user namespace. */
	snprintf(command, sizeof(command), "unshare -rm true || exit 99; exec "
		 "unshare -rm sh -c 'mount -t tmpfs none /etc && mkdir "
		 "-p /etc/cubby/consent.d && cd /etc/cubby/consent.d && printf \"#!/bin/sh\\n%s"
		 "\\n\" >school && chmod 755 school || exit 99; exec setsid -w %s </dev/null %s' "
		 "2>&1", script, getenv("CUBBY_PROGRAM"), arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	output[fread(output, 1, sizeof(output) - 1, pipe)] = 0;
	status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Whoever agrees, the keeper and the parent's key are asked next; whoever does not ends it. */
static void test_r22_an_integrators_method_is_asked_first(void **state)
{
#define GRANT "consent grant emma audio location --passphrase-file /dev/null --method "
	int status = cubby_with_method("exit 0", GRANT "school");

	if (status == 99)
		skip();
	assert_int_equal(status, 8);
	assert_int_equal(cubby_with_method("exit 3", GRANT "school"), 4);
	assert_non_null(strstr(output, "nothing was granted"));
	assert_int_equal(cubby_with_method("kill -9 \\$\\$", GRANT "school"), 4);
	/* R16: everybody can list arguments. */
	assert_int_equal(cubby_with_method("echo asked \\$CUBBY_PROFILE: \\$CUBBY_KINDS, \\$#; "
					   "exit 1", GRANT "school"), 4);
	assert_non_null(strstr(output, "asked emma: audio location, 0\n"));
	assert_int_equal(cubby_with_method("exit 0", GRANT "nobody"), 1);
	assert_int_equal(cubby_with_method("exit 0", GRANT "../consent.d/school"), 2);
}

/* The passphrase is still to be read when it is asked. */
static void test_r24_an_integrators_method_cannot_read_the_passphrase(void **state)
{
#define SECRET "/etc/cubby/consent.d/school"
#define GRANT_FROM "consent grant emma audio --method school --passphrase-fd "
	if (cubby_with_method("exit 0", GRANT "school") == 99)
		skip();
	assert_int_equal(cubby_with_method("test ! -e /proc/self/fd/3", GRANT_FROM "3 3<" SECRET),
			 8);
	assert_int_equal(cubby_with_method("if read -r line; then exit 3; fi",
					   GRANT_FROM "0 <" SECRET), 8);
}

static void test_no_keeper_exits_8(void **state)
{
	static const char *const verbs[] = {
		"status", "list", "policy", "log", "profile list", "consent show", "show abcd",
		"play 0123456789abcdef0123456789abcdef --passphrase-file /dev/null",
		"delete --all --yes", "setup --parent Anna --passphrase-file /dev/null",
		"profile remove emma --yes", "export list", "export history",
		"export recalls", "move abcd emma",
	};

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (cubby(verbs[i]) != 8)
			fail_msg("cubby %s: %s", verbs[i], output);
	}
	assert_int_equal(cubby("status --json 2>/dev/null"), 8);
	assert_non_null(strstr(output, "\"running\": false"));
}

static void test_help_goes_to_standard_output(void **state)
{
	assert_int_equal(cubby("--help 2>/dev/null"), 0);
	assert_non_null(strstr(output, "cubby consent grant"));
	assert_int_equal(cubby("play --help 2>/dev/null"), 0);
	assert_non_null(strstr(output, "--output FILE"));
	assert_int_equal(cubby("help 2>/dev/null"), 0);
	assert_int_equal(cubby("--version 2>/dev/null"), 0);
	assert_memory_equal(output, "cubby ", 6);
}

/* What to do next, in three lines. */
static void test_alone_it_says_what_to_do(void **state)
{
	unsigned lines = 0;

	assert_int_equal(cubby(""), 0);
	for (const char *p = output; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 3);
}

static void test_output_that_cannot_be_written_is_a_failure(void **state)
{
	assert_int_equal(cubby("help >/dev/full"), 1);
}

static void test_receipt_verify_needs_no_keeper(void **state)
{
	assert_int_equal(cubby("receipt verify /nonexistent"), 10);
	assert_int_equal(cubby("receipt verify /etc/hostname --key 00"), 1);
	assert_int_equal(cubby("receipt verify /etc/passwd"), 10);
	assert_non_null(strstr(output, "--key"));
}

static void test_doctor_fails_and_says_what_to_do(void **state)
{
	assert_int_equal(cubby("doctor"), 1);
	assert_non_null(strstr(output, "fail"));
	assert_int_equal(cubby("doctor --json"), 1);
	assert_int_equal(output[0], '[');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage_errors_exit_2),
		cmocka_unit_test(test_r22_an_integrators_method_is_asked_first),
		cmocka_unit_test(test_r24_an_integrators_method_cannot_read_the_passphrase),
		cmocka_unit_test(test_no_keeper_exits_8),
		cmocka_unit_test(test_help_goes_to_standard_output),
		cmocka_unit_test(test_alone_it_says_what_to_do),
		cmocka_unit_test(test_output_that_cannot_be_written_is_a_failure),
		cmocka_unit_test(test_receipt_verify_needs_no_keeper),
		cmocka_unit_test(test_doctor_fails_and_says_what_to_do),
	};
	char state_dir[] = "/tmp/cubby-test-program-XXXXXX";
	char command[128];
	int r;

	if (!mkdtemp(state_dir))
		return 1;
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
	setenv("XDG_STATE_HOME", state_dir, 1);
	unsetenv("CUBBY_PASSPHRASE_FILE");
	setenv("PULSE_SERVER", "unix:/nonexistent/pulse", 1);
	r = cmocka_run_group_tests_name("program", tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", state_dir);
	return system(command) == 0 ? r : 1;
}
