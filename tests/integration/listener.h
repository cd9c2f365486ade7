/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* cubby-listen as a child process, and the events it tells. */

#include <jansson.h>
#include <stdio.h>
#include <sys/types.h>

struct listener {
	pid_t pid;
	FILE *events;
};

/* arguments: NULL-ended, without the program; --json is added. Standard error is kept quiet. */
void listener_start(struct listener *listener, const char *const *arguments);
/* The next event of this name within the time, others are skipped; fails the test otherwise. The
 * caller decrefs it. */
json_t *listener_expect(struct listener *listener, const char *name, int timeout_ms);
/* Waits for the end and returns the exit status; -1 after timeout_ms or a signal. */
int listener_wait(struct listener *listener, int timeout_ms);
/* Asks it to end (SIGTERM) and waits. */
int listener_stop(struct listener *listener);

const char *event_text(const json_t *event, const char *member);
