/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a pager and feeds it. It may be shown what a child said, so it must keep none of that:
 * less is told to write no history and no file, and what was said goes to less or to what was named
 * for Cubby alone, never to any program that $PAGER happens to name. */

#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define WORDS_MAX 16

static pid_t pager;
static int terminal = -1;	/* what standard output was */

/* The command, by blanks; `text` is cut up. None: no pager is wanted. */
static size_t words_split(char *text, char *ret[static WORDS_MAX + 1])
{
	size_t n = 0;
	char *word;

	while (n < WORDS_MAX && (word = strsep(&text, " \t")))
		if (*word)
			ret[n++] = word;
	ret[n] = NULL;
	return n == 1 && strcmp(ret[0], "cat") == 0 ? 0 : n;
}

/* "": none. *ret_named: somebody chose it, and wants to hear when it is not there. */
static const char *command_choose(const struct hand *hand, bool *ret_named)
{
	const bool private = command_has(&hand->command, OPTION_TRANSCRIPTS) ||
			     command_has(&hand->command, OPTION_GREP);
	const char *command = getenv("CUBBY_PAGER");

	if (!command && !private)
		command = getenv("PAGER");
	*ret_named = command != NULL;
	return command ? command : "less -FRX";
}

static int pager_spawn(char **words, int in)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int r;

	/* As git has it: less ends by itself where all fits, keeps colours and the screen. */
	setenv("LESS", "FRX", 0);
	setenv("LESSHISTFILE", "-", 1);
	setenv("LESSSECURE", "1", 1);
	unsetenv("LESSOPEN");
	unsetenv("LESSCLOSE");
	sigemptyset(&none);
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attributes);
	if (r == 0) {
		posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
		posix_spawnattr_setsigmask(&attributes, &none);
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
		r = posix_spawnp(&pager, words[0], &actions, &attributes, words, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

bool pager_begin(struct hand *hand)
{
	_cleanup_(cleanup_close) int in = -1;
	_cleanup_(cleanup_close) int out = -1;
	_cleanup_(cleanup_free) char *text = NULL;
	char *words[WORDS_MAX + 1];
	const char *term = getenv("TERM");
	bool named;
	int ends[2], r;

	if (hand->json || command_has(&hand->command, OPTION_NO_PAGER) || !isatty(STDOUT_FILENO) ||
	    !term || strcmp(term, "dumb") == 0)
		return false;
	text = strdup(command_choose(hand, &named));
	if (!text || words_split(text, words) == 0 || pipe2(ends, O_CLOEXEC) < 0)
		return false;
	in = ends[0];
	out = ends[1];
	terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (terminal < 0)
		return false;
	fflush(stdout);
	r = pager_spawn(words, in);
	if (r != 0) {
		pager = 0;
		cleanup_close(&terminal);
		if (named)
			hand_fail(hand, EXIT_GENERAL, "the pager %s cannot be run (%s)", words[0],
				  strerror(r));
		return false;
	}
	dup2(out, STDOUT_FILENO);
	/* Whoever stops reading, or asks the pager to stop, does not end this before the terminal
	 * is given back. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	return true;
}

void pager_end(void)
{
	if (pager == 0)
		return;
	/* What was not read any more is no output that failed. */
	fflush(stdout);
	clearerr(stdout);
	dup2(terminal, STDOUT_FILENO);
	cleanup_close(&terminal);
	while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
		;
	pager = 0;
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
}
