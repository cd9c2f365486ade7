/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Status: what anybody on the bus may know. Nothing of a household is here but
 * that there is one; the counts are for parents. */

#include "backoff.h"
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

/* Sentences for parents: what they should know without asking. */
static int alerts_find(struct keeper *keeper, const char *alerts[static 4], size_t *ret_n)
{
	uint64_t erasing, partial, failures;
	size_t n = 0;
	int r;

	r = erasure_pending(keeper->erasure, &erasing, &partial);
	if (!r)
		r = store_door_failures(keeper->store, &failures);
	if (r)
		return fault_trace(r);
	if (partial)
		alerts[n++] = "An erasure is only partly done; it is tried again by itself. "
			      "\"cubby log\" shows when it was asked for.";
	if (failures >= BACKOFF_FREE_TRIES)
		alerts[n++] =
			"Somebody gave wrong passphrases again and again; \"cubby log\" shows who.";
	if (keeper->device_made)
		alerts[n++] =
			"The keeper's own key was missing at its last start and was made anew; "
			"receipts from before are checked with the old one.";
	if (!(keeper->confined & SANDBOX_SECCOMP) || !(keeper->confined & SANDBOX_LANDLOCK))
		alerts[n++] = "The keeper could not confine itself fully on this kernel.";
	*ret_n = n;
	return 0;
}

static int alerts_append(struct message *reply, const char *const *alerts, size_t n)
{
	int r;

	r = message_open(reply, 'e', "sv");
	if (!r)
		r = message_append(reply, "s", "alerts");
	if (!r)
		r = message_open(reply, 'v', "as");
	if (!r)
		r = reply_strings(reply, alerts, n);
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int service_status_describe(struct call *call, void *service)
{
	_cleanup_(cleanup_free) struct profile *profiles = NULL;
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	struct archive_selection everything = {.all = true};
	struct archive_count kept;
	const char *alerts[4];
	uint64_t released, erasing, partial;
	size_t n_profiles, n_alerts = 0;
	int r;

	r = store_profiles(keeper->store, &profiles, &n_profiles);
	if (!r)
		r = archive_count(keeper->archive, &everything, &kept, call_why(call));
	if (!r)
		r = archive_count_copies(keeper->archive, &released);
	if (!r)
		r = erasure_pending(keeper->erasure, &erasing, &partial);
	if (!r)
		r = alerts_find(keeper, alerts, &n_alerts);
	if (!r)
		r = message_open(reply, 'a', "{sv}");
	if (!r)
		r = message_append_entry(reply, "profiles", "u", (uint32_t)n_profiles);
	if (!r)
		r = message_append_entry(reply, "items", "u", (uint32_t)kept.items);
	if (!r)
		r = message_append_entry(reply, "erasing", "u", (uint32_t)erasing);
	if (!r)
		r = message_append_entry(reply, "released", "u", (uint32_t)released);
	if (!r)
		r = alerts_append(reply, alerts, n_alerts);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}
