/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits, and how long. A job is never given up: the wait grows to an hour and stays there. */

#include "retry.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

static struct retry *retry_find(const struct retries *retries, int64_t job)
{
	for (size_t i = 0; i < retries->n; i++)
		if (retries->list[i].job == job)
			return &retries->list[i];
	return NULL;
}

bool retry_waits(const struct retries *retries, int64_t job)
{
	const struct retry *retry = retry_find(retries, job);

	return retry && retry->wait_ticks > 0;
}

int retry_later(struct retries *retries, int64_t job)
{
	struct retry *retry = retry_find(retries, job);

	if (!retry) {
		struct retry *list = realloc(retries->list, (retries->n + 1) * sizeof(*list));

		if (!list)
			return fault_origin(-ENOMEM);
		retries->list = list;
		retry = &list[retries->n++];
		*retry = (struct retry){ .job = job };
	}
	retry->wait_ticks = retry->tries < 6 ? 1u << retry->tries : 60;
	retry->tries++;
	return 0;
}

void retry_note(struct retries *retries, int64_t job, const char *problem)
{
	struct retry *retry = retry_find(retries, job);

	if (!retry)
		return;
	free(retry->problem);
	retry->problem = problem ? strdup(problem) : NULL;
}

const char *retry_problem(const struct retries *retries, int64_t job)
{
	const struct retry *retry = retry_find(retries, job);

	return retry ? retry->problem : NULL;
}

size_t retries_noted(const struct retries *retries)
{
	size_t n = 0;

	for (size_t i = 0; i < retries->n; i++)
		n += retries->list[i].problem != NULL;
	return n;
}

void retry_forget(struct retries *retries, int64_t job)
{
	struct retry *retry = retry_find(retries, job);

	if (!retry)
		return;
	free(retry->problem);
	*retry = retries->list[--retries->n];
}

void retries_tick(struct retries *retries)
{
	for (size_t i = 0; i < retries->n; i++)
		if (retries->list[i].wait_ticks > 0)
			retries->list[i].wait_ticks--;
}

void retries_clear(struct retries *retries)
{
	for (size_t i = 0; i < retries->n; i++)
		free(retries->list[i].problem);
	free(retries->list);
	*retries = (struct retries){ 0 };
}
