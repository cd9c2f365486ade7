/* SPDX-License-Identifier: Apache-2.0 */

/* From the spoken span to a selection. It must never reach what another user's ear or a parent
 * brought in. */

#include "forget.h"

#include <string.h>
#include <time.h>

/* The last midnight where the keeper is, in minutes of age_wall_min(). */
static int midnight_min(int64_t now_min, int64_t *ret)
{
	const time_t now = (time_t)(now_min * 60);
	struct tm tm;
	time_t midnight;

	if (!localtime_r(&now, &tm))
		return fault_origin(-EOVERFLOW);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	midnight = mktime(&tm);
	if (midnight == (time_t)-1)
		return fault_origin(-EOVERFLOW);
	*ret = (int64_t)midnight / 60;
	return 0;
}

int forget_select(const char *span, const uint32_t *uid, struct age *age,
		  struct archive_selection *ret, struct why *why)
{
	const int64_t now_min = age_wall_min(age);

	*ret = (struct archive_selection){.uid = uid};
	if (!strcmp(span, "last")) {
		ret->newest = true;
		ret->since_min = now_min - 24 * 60;
		return 0;
	}
	if (!strcmp(span, "ten-minutes")) {
		ret->since_min = now_min - FORGET_MINUTES;
		return 0;
	}
	if (!strcmp(span, "today"))
		return fault_trace(midnight_min(now_min, &ret->since_min));
	return answer_why(why, ANSWER_INVALID_ARGUMENT,
			  "\"%.20s\" cannot be forgotten; say last, ten-minutes or today", span);
}

bool forget_alerts(const char *span)
{
	return !strcmp(span, "today");
}
