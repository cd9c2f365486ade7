/* SPDX-License-Identifier: Apache-2.0 */

/* Shortens what is kept. It must never lengthen anything, not even by mistake of a caller: the
 * smallest of all limits counts. */

#include "retention.h"

#include "store/consent.h"
#include "store/retention.h"

int retention_cap(const struct ground *ground, const struct profile *profile, enum kind kind,
		  uint32_t *ret_keep_s)
{
	uint32_t cap_s = ground->config->keep_max_s[kind];
	uint32_t shortened_s = cap_s;
	int r = store_retention_find(ground->store, &profile->id, kind, &shortened_s);

	if (r && r != ANSWER_NOT_FOUND)
		return fault_trace(r);
	*ret_keep_s = shortened_s < cap_s ? shortened_s : cap_s;
	return 0;
}

int retention_now(const struct ground *ground, const struct profile *profile, enum kind kind,
		  uint32_t *ret_keep_s, struct why *why)
{
	struct consent_row row;
	uint32_t cap_s;
	int r;

	r = retention_cap(ground, profile, kind, &cap_s);
	if (r)
		return fault_trace(r);
	r = store_consent_find(ground->store, &profile->id, kind, &row);
	if (r == ANSWER_NOT_FOUND && profile->adult) {
		*ret_keep_s = cap_s;
		return 0;
	}
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, ANSWER_NO_CONSENT,
				  "no parent has consented to keep %s of %s, so there is nothing "
				  "to shorten; \"cubby consent grant %s %s --keep\" consents",
				  kind_name(kind), profile->name, profile->name, kind_name(kind));
	if (r)
		return fault_trace(r);
	*ret_keep_s = row.keep_s < cap_s ? row.keep_s : cap_s;
	return 0;
}

static int shorten_check(const struct ground *ground, const struct profile *profile, enum kind kind,
			 uint32_t keep_s, struct why *why)
{
	uint32_t cap_s = ground->config->keep_max_s[kind], now_s;
	int r;

	if (keep_s < 60 || keep_s > cap_s)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "%s is kept for 60 to %u seconds here, not for %u; nothing is "
				  "kept for ever",
				  kind_name(kind), cap_s, keep_s);
	r = retention_now(ground, profile, kind, &now_s, why);
	if (r)
		return fault_trace(r);
	if (keep_s > now_s)
		return answer_why(why, ANSWER_NO_CONSENT,
				  "that is longer than %s of %s is kept now; keeping it longer is "
				  "a new consent that a parent signs: \"cubby consent grant %s %s "
				  "--keep DURATION\"",
				  kind_name(kind), profile->name, profile->name, kind_name(kind));
	return 0;
}

int retention_shorten(const struct ground *ground, const struct profile *profile, enum kind kind,
		      uint32_t keep_s, uint32_t uid, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {
		.what = "retention", .uid = uid, .outcome = "done", .method = "Retention.Set",
		.reason = kind_name(kind), .profile = profile,
	};
	int r;

	r = shorten_check(ground, profile, kind, keep_s, why);
	if (r)
		return fault_trace(r);
	r = store_begin(ground->store, &transaction);
	if (!r)
		r = store_retention_put(ground->store, &profile->id, kind, keep_s,
					age_now_min(ground->age));
	if (!r)
		r = archive_shorten(ground->archive, &profile->id, kind, keep_s);
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}
