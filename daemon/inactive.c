/* SPDX-License-Identifier: Apache-2.0 */

/* Tells of unused profiles, and has them erased. Never erases one that parents were not told of,
 * nor one whose days of notice have not passed. */

#include "inactive.h"

#define DAY_MIN (24 * 60)

static int notice_give(const struct ground *ground, const struct profile *profile, int64_t now_min)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {
		.what = "inactive", .uid = -1, .outcome = "told", .profile = profile,
	};
	int r;

	r = store_begin(ground->store, &transaction);
	if (!r)
		r = store_profile_notice(ground->store, &profile->id, now_min);
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	if (r)
		return fault_trace(r);
	return fault_trace(alert_tell(ground->alerts, ALERT_INACTIVE, &profile->id,
				      ground->config->notice_days));
}

int inactive_sweep(const struct ground *ground, const struct inactive_hooks *hooks)
{
	_cleanup_(cleanup_free) struct profile_use *uses = NULL;
	int64_t now_min = age_now_min(ground->age);
	size_t n = 0;
	int r;

	r = store_profile_uses(ground->store, &uses, &n);
	for (size_t i = 0; !r && i < n; i++) {
		const struct profile_use *use = &uses[i];

		if (use->profile.adult)
			continue;
		if (!use->noticed_min &&
		    now_min - use->used_min >= (int64_t)ground->config->inactive_days * DAY_MIN)
			r = notice_give(ground, &use->profile, now_min);
		else if (use->noticed_min && now_min - use->noticed_min >=
			 (int64_t)ground->config->notice_days * DAY_MIN)
			hooks->erase(hooks->context, &use->profile);
	}
	return fault_trace(r);
}

int inactive_keep(const struct ground *ground, const struct profile *profile, uint32_t uid,
		  struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {
		.what = "profile-keep", .uid = uid, .outcome = "done", .method = "Profiles.Keep",
		.profile = profile,
	};
	int r;

	r = store_begin(ground->store, &transaction);
	if (!r)
		r = store_profile_used(ground->store, &profile->id, age_now_min(ground->age));
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}

uint32_t inactive_days_left(const struct ground *ground, int64_t noticed_min)
{
	int64_t left_min = noticed_min + (int64_t)ground->config->notice_days * DAY_MIN -
			   age_now_min(ground->age);

	return left_min <= 0 ? 0 : (left_min + DAY_MIN - 1) / DAY_MIN;
}
