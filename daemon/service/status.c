/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Status: what anybody on the bus may know. Nothing of a household is here but
 * that there is one; the counts are for parents. */

#include "dbus-table.h"
#include "service/service.h"

int service_status_version_get(struct caller *caller, void *service, const char *path,
			       struct message *value)
{
	return message_append(value, "s", KEEPER_VERSION);
}

int service_status_erasure_level_get(struct caller *caller, void *service, const char *path,
				     struct message *value)
{
	struct keeper *keeper = service;

	return message_append(value, "s", erasure_level(keeper->erasure));
}

int service_status_sandbox_get(struct caller *caller, void *service, const char *path,
			       struct message *value)
{
	struct keeper *keeper = service;
	const char *names[8];
	size_t n = 0;

	for (unsigned bit = 1; sandbox_name(bit); bit <<= 1)
		if (keeper->confined & bit)
			names[n++] = sandbox_name(bit);
	return reply_strings(value, names, n);
}

int service_status_household_get(struct caller *caller, void *service, const char *path,
				 struct message *value)
{
	_cleanup_(cleanup_free) char *household = NULL;
	struct keeper *keeper = service;
	int r = store_household(keeper->store, &household);

	if (r < 0)
		return fault_trace(r);
	return message_append(value, "b", r == 0);
}

int service_status_identity_get(struct caller *caller, void *service, const char *path,
				struct message *value)
{
	struct keeper *keeper = service;

	return message_append(value, "s", keeper->identity);
}

int service_status_policy(struct call *call, void *service)
{
	struct keeper *keeper = service;

	return message_append(call_reply(call), "ss", keeper->policy->text,
			      keeper->policy->hash_text);
}

int service_status_describe(struct call *call, void *service)
{
	_cleanup_(cleanup_free) struct profile *profiles = NULL;
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	uint64_t items, hidden, released, erasing, partial;
	size_t n_profiles;
	int r;

	r = store_profiles(keeper->store, &profiles, &n_profiles);
	if (!r)
		r = archive_count_seen(keeper->archive, &items, &hidden);
	if (!r)
		r = archive_count_copies(keeper->archive, &released);
	if (!r)
		r = erasure_pending(keeper->erasure, &erasing, &partial);
	if (!r)
		r = message_open(reply, 'a', "{sv}");
	if (!r)
		r = message_append_entry(reply, "profiles", "u", (uint32_t)n_profiles);
	if (!r)
		r = message_append_entry(reply, "items", "u", (uint32_t)items);
	if (!r)
		r = message_append_entry(reply, "hidden", "u", (uint32_t)hidden);
	if (!r)
		r = message_append_entry(reply, "erasing", "u", (uint32_t)erasing);
	if (!r)
		r = message_append_entry(reply, "released", "u", (uint32_t)released);
	if (!r)
		r = service_alerts_reply(keeper, reply);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}
