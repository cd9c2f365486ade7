/* SPDX-License-Identifier: Apache-2.0 */
/* Runs cubby-listen as a program of its own and reads its events. */

#include "unit/test.h"

#include "integration/listener.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define ARGUMENTS_MAX 24

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void listener_exec(int out, const char *const *arguments)
{
	const char *argv[ARGUMENTS_MAX + 3] = { getenv("CUBBY_LISTEN"), "--json" };
	int null = open("/dev/null", O_RDWR);

	for (unsigned i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
		argv[i + 2] = arguments[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

void listener_start(struct listener *listener, const char *const *arguments)
{
	int pipe_fds[2];

	assert_non_null(getenv("CUBBY_LISTEN"));
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	listener->pid = fork();
	if (listener->pid == 0)
		listener_exec(pipe_fds[1], arguments);
	close(pipe_fds[1]);
	listener->events = fdopen(pipe_fds[0], "r");
	assert_non_null(listener->events);
	setvbuf(listener->events, NULL, _IONBF, 0);
}

json_t *listener_expect(struct listener *listener, const char *name, int timeout_ms)
{
	int64_t end_ms = now_ms() + timeout_ms;
	char line[16384];

	for (;;) {
		struct pollfd fd = { .fd = fileno(listener->events), .events = POLLIN };
		int left_ms = (int)(end_ms - now_ms());
		json_t *event;

		if (left_ms <= 0 || poll(&fd, 1, left_ms) <= 0)
			fail_msg("no event \"%s\" in %d ms", name, timeout_ms);
		if (!fgets(line, sizeof(line), listener->events))
			fail_msg("cubby-listen ended before \"%s\"", name);
		event = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		if (!event)
			fail_msg("not JSON: %s", line);
		if (strcmp(event_text(event, "event"), name) == 0)
			return event;
		json_decref(event);
	}
}

int listener_wait(struct listener *listener, int timeout_ms)
{
	int64_t end_ms = now_ms() + timeout_ms;
	int status;

	while (waitpid(listener->pid, &status, WNOHANG) == 0) {
		if (now_ms() > end_ms) {
			kill(listener->pid, SIGKILL);
			waitpid(listener->pid, &status, 0);
			break;
		}
		nanosleep(&(struct timespec) { .tv_nsec = 20000000 }, NULL);
	}
	fclose(listener->events);
	listener->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int listener_stop(struct listener *listener)
{
	kill(listener->pid, SIGTERM);
	return listener_wait(listener, 5000);
}

const char *event_text(const json_t *event, const char *member)
{
	const char *text = json_string_value(json_object_get(event, member));

	return text ? text : "";
}
