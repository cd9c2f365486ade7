/* SPDX-License-Identifier: Apache-2.0 */
/* The program at a terminal, as a parent uses it, with the real keeper behind. */

#include "unit/client/world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#define PATIENCE_MS 60000
/* It is out of reach. */
#define UNREACHABLE 126

static pid_t program;
static int terminal = -1;
static char seen[65536];
static size_t n_seen;
static char home[128];

/* Starts "cubby" with these words at a new terminal. */
static void cubby_start(const char *const *arguments)
{
	const struct winsize size = { .ws_row = 40, .ws_col = 100 };
	char *argv[16] = { NULL };

	argv[0] = strdup("cubby");
	for (size_t i = 0; arguments[i]; i++)
		argv[i + 1] = strdup(arguments[i]);
	n_seen = 0;
	seen[0] = '\0';
	program = forkpty(&terminal, NULL, NULL, &size);
	assert_true(program >= 0);
	if (program == 0) {
		world_become_parent();
		setenv("XDG_STATE_HOME", home, 1);
		unsetenv("CUBBY_PASSPHRASE_FILE");
		execv(getenv("CUBBY_PROGRAM"), argv);
		_exit(errno == EACCES ? UNREACHABLE : 127);
	}
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
}
#define START(...) cubby_start((const char *const[]){ __VA_ARGS__, NULL })

/* Reads what the program shows; false at its end. */
static bool more(void)
{
	struct pollfd ready = { .fd = terminal, .events = POLLIN };
	ssize_t n;

	if (poll(&ready, 1, PATIENCE_MS) != 1)
		fail_msg("nothing more came after: %s", seen);
	n = read(terminal, seen + n_seen, sizeof(seen) - 1 - n_seen);
	if (n <= 0)
		return false;
	n_seen += (size_t)n;
	seen[n_seen] = '\0';
	return true;
}

static void expect(const char *text)
{
	while (!strstr(seen, text))
		if (!more())
			fail_msg("'%s' never came: %s", text, seen);
}

static void type(const char *text)
{
	assert_int_equal(write(terminal, text, strlen(text)), strlen(text));
}

static int finish(void)
{
	int status;

	while (more())
		;
	assert_int_equal(waitpid(program, &status, 0), program);
	close(terminal);
	terminal = -1;
	return status;
}

static int finish_exit(void)
{
	int status = finish();

	if (!WIFEXITED(status))
		fail_msg("ended by signal %d: %s", WTERMSIG(status), seen);
	return WEXITSTATUS(status);
}

static bool echoes(void)
{
	struct termios settings;

	assert_int_equal(tcgetattr(terminal, &settings), 0);
	return settings.c_lflag & ECHO;
}

static int group_start(void **state)
{
	int r = world_start(state);

	if (r != 0)
		return r;
	snprintf(home, sizeof(home), "%s", world_path("terminal"));
	if (mkdir(home, 0777) < 0 || chmod(home, 0777) < 0 || chmod(world_path(""), 0755) < 0)
		return -1;
	return 0;
}

/* As another user the program may be out of reach, below a directory that is root's alone. */
static bool reachable(void)
{
	int code;

	START("--version");
	code = finish_exit();
	assert_true(code == 0 || code == UNREACHABLE);
	return code == 0;
}

/* When the program asks for this, it is typed. What was seen before is dropped. */
static void answer(const char *question, const char *text)
{
	expect(question);
	assert_false(echoes());
	n_seen = 0;
	seen[0] = '\0';
	type(text);
}

static void test_setup_asks_twice_and_echoes_nothing(void **state)
{
	if (!reachable())
		skip();
	/* R24: a weak one, and one that was typed in two ways, is asked for again. */
	START("setup", "--parent", "Anna");
	answer("Passphrase: ", "orbit velvet mustard canyon\n");
	answer("Once more:", "orbit velvet mustard cannon\n");
	expect("not the same");
	answer("Passphrase: ", "123456\n");
	expect("Drawn for you");
	answer("Passphrase: ", "orbit velvet mustard canyon\n");
	answer("Once more:", "orbit velvet mustard canyon\n");
	assert_int_equal(finish_exit(), 0);
	assert_non_null(strstr(seen, "Recovery code"));
	assert_null(strstr(seen, "velvet"));
}

/* Not for ever, and not where nothing is typed. */
static void test_a_weak_passphrase_is_not_taken(void **state)
{
	if (!reachable())
		skip();
	START("parent", "passphrase");
	answer("Passphrase: ", "orbit velvet mustard canyon\n");
	for (int i = 0; i < 3; i++)
		answer("Passphrase: ", "123456\n");
	assert_int_equal(finish_exit(), 1);
	START("parent", "passphrase");
	answer("Passphrase: ", "orbit velvet mustard canyon\n");
	answer("Passphrase: ", "\n");
	assert_int_equal(finish_exit(), 4);
}

static void test_a_passphrase_at_the_terminal_proves(void **state)
{
	if (!reachable())
		skip();
	START("profile", "add", "emma", "--child");
	expect("Passphrase: ");
	type("orbit velvet mustard canyon\n");
	assert_int_equal(finish_exit(), 0);
	START("profile", "add", "tom", "--child");
	expect("Passphrase: ");
	type("not the right words\n");
	assert_int_equal(finish_exit(), 4);
	START("profile", "add", "tom", "--child");
	expect("Passphrase: ");
	type("\n");
	assert_int_equal(finish_exit(), 4);
}

static void test_ctrl_c_gives_the_terminal_back(void **state)
{
	int status;

	if (!reachable())
		skip();
	START("profile", "add", "tom", "--child");
	expect("Passphrase: ");
	assert_false(echoes());
	type("half a passph\003");
	while (more())
		;
	assert_int_equal(waitpid(program, &status, 0), program);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
	assert_true(echoes());
	close(terminal);
	assert_null(strstr(seen, "half"));
}

static void test_a_whole_profile_wants_its_name_typed(void **state)
{
	if (!reachable())
		skip();
	START("profile", "remove", "emma");
	expect("Type emma to erase: ");
	type("y\n");
	assert_int_equal(finish_exit(), 1);
	assert_non_null(strstr(seen, "nothing was erased"));
	START("profile", "remove", "emma");
	expect("Type emma to erase: ");
	type("\004");
	assert_int_equal(finish_exit(), 1);
	START("profile", "remove", "emma");
	expect("Type emma to erase: ");
	type("emma\n");
	assert_int_equal(finish_exit(), 0);
	assert_non_null(strstr(seen, "Receipt "));
	START("profile", "list");
	assert_int_equal(finish_exit(), 0);
	assert_null(strstr(seen, "emma"));
}

static void test_a_keeper_that_does_not_answer_exits_3(void **state)
{
	if (!reachable())
		skip();
	world_freeze(true);
	START("list", "--timeout", "1");
	assert_int_equal(finish_exit(), 3);
	world_freeze(false);
	START("list", "--timeout", "30");
	assert_int_equal(finish_exit(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup_asks_twice_and_echoes_nothing),
		cmocka_unit_test(test_a_weak_passphrase_is_not_taken),
		cmocka_unit_test(test_a_passphrase_at_the_terminal_proves),
		cmocka_unit_test(test_ctrl_c_gives_the_terminal_back),
		cmocka_unit_test(test_a_whole_profile_wants_its_name_typed),
		cmocka_unit_test(test_a_keeper_that_does_not_answer_exits_3),
	};

	return cmocka_run_group_tests_name("terminal", tests, group_start, world_stop);
}
