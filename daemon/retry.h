/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Partial jobs that wait before they are tried again: 1, 2, 4, ... ticks, at most 60. What is wrong
 * with one is remembered here when the database takes no write. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retries {
	struct retry {
		int64_t job;
		unsigned tries;
		unsigned wait_ticks;
		char *problem;		/* NULL: the database has it */
	} *list;
	size_t n;
};

bool retry_waits(const struct retries *retries, int64_t job);
int retry_later(struct retries *retries, int64_t job);
/* NULL: it is in the database. Only for a job that was put off with retry_later(). */
void retry_note(struct retries *retries, int64_t job, const char *problem);
/* NULL: none but what the database has. */
const char *retry_problem(const struct retries *retries, int64_t job);
size_t retries_noted(const struct retries *retries);
void retry_forget(struct retries *retries, int64_t job);
void retries_tick(struct retries *retries);
void retries_clear(struct retries *retries);
