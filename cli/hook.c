/* SPDX-License-Identifier: Apache-2.0 */
/* Runs an integrator's program and waits for it. */

#include "hook.h"

#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

int hook_run(const char *path, const struct hook_word *words)
{
	char *const arguments[] = { (char *)(uintptr_t)path, NULL };
	int status, r;
	pid_t pid;

	for (; words->name; words++)
		if (setenv(words->name, words->value, 1) < 0)
			return fault_origin(-errno);
	r = posix_spawn(&pid, path, NULL, NULL, arguments, environ);
	if (r != 0)
		return fault_origin(-r);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fault_origin(-errno);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}
