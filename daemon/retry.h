/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Partial jobs that wait before they are tried again: 1, 2, 4, ... ticks, at most 60. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retries {
	struct retry {
		int64_t job;
		unsigned tries;
		unsigned wait_ticks;
	} *list;
	size_t n;
};

bool retry_waits(const struct retries *retries, int64_t job);
int retry_later(struct retries *retries, int64_t job);
void retry_forget(struct retries *retries, int64_t job);
void retries_tick(struct retries *retries);
void retries_clear(struct retries *retries);
