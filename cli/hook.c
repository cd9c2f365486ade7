/* SPDX-License-Identifier: Apache-2.0 */
/* Runs an integrator's program and waits for it. */

#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

static int hook_spawn(const char *path, pid_t *ret)
{
	char *const arguments[] = { (char *)(uintptr_t)path, NULL };
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return r;
	/* What is no terminal may be where the passphrase comes from. */
	if (!isatty(STDIN_FILENO))
		r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						     0);
	if (r == 0)
		r = posix_spawn(ret, path, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

int hook_run(const char *path, const struct hook_word *words)
{
	int status, r;
	pid_t pid;

	for (; words->name; words++)
		if (setenv(words->name, words->value, 1) < 0)
			return fault_origin(-errno);
	r = hook_spawn(path, &pid);
	if (r != 0)
		return fault_origin(-r);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fault_origin(-errno);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}
