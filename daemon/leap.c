/* SPDX-License-Identifier: Apache-2.0 */
/* When the age clock leaps. Never without the items that were made under the lead moving along in
 * the same transaction, and never without an entry in the access log. */

#include "leap.h"

#include <inttypes.h>

#include "base/log.h"
#include "store/household.h"
#include "store/leap.h"

static int leap_take(struct leap *leap, int64_t minutes)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	const struct ground *ground = &leap->ground;
	struct access_entry entry = { .what = "clock", .uid = -1, .outcome = "accepted" };
	int r;

	r = store_begin(ground->store, &transaction);
	if (r == 0)
		r = store_leap(ground->store, minutes);
	if (r == 0)
		r = access_log_append(ground->log, &entry);
	if (r == 0)
		r = store_commit(take(transaction));
	if (r != 0)
		return fault_trace(r);
	age_leap(ground->age, minutes);
	log_info("the wall clock was %" PRId64 " minutes ahead through %d hours; retention "
		 "follows it", minutes, AGE_HOURS);
	return 0;
}

static int alerts_look(struct leap *leap)
{
	const int64_t ahead_min = age_sight(leap->ground.age).ahead_min;
	struct alerts *alerts = leap->ground.alerts;
	int r = 0;

	if (!leap->looked && age_was_lost(leap->ground.age))
		r = alert_raise(alerts, ALERT_CLOCK_LOST, NULL, 1);
	if (r == 0 && ahead_min > 0 && !leap->ahead)
		r = alert_raise(alerts, ALERT_CLOCK, NULL, (uint64_t)ahead_min / 60);
	else if (r == 0 && ahead_min == 0 && (leap->ahead || !leap->looked))
		r = alert_clear(alerts, ALERT_CLOCK);
	leap->looked = true;
	leap->ahead = ahead_min > 0;
	return fault_trace(r);
}

int leap_watch(struct leap *leap)
{
	_cleanup_(cleanup_free) char *household = NULL;
	const int64_t minutes = age_watch(leap->ground.age);
	int r = store_household(leap->ground.store, &household);

	if (r == ANSWER_NOT_FOUND) {
		age_follow(leap->ground.age);
		return 0;
	}
	if (r == 0 && minutes > 0)
		r = leap_take(leap, minutes);
	if (r == 0)
		r = alerts_look(leap);
	return fault_trace(r);
}
