/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Profiles and .Profile: adding, removing and reading profiles. A profile that is
 * being removed is gone for everybody from the moment it is asked for. */

#include "base/log.h"
#include "dbus-table.h"
#include "inactive.h"
#include "profile.h"
#include "service/service.h"

static const char *const profile_interfaces[] = {SERVICE_INTERFACE "Profile", NULL};

int service_profiles_add(struct call *call, void *service)
{
	struct keeper *keeper = service;
	const char *name, *type;
	struct profile profile;
	char path[SERVICE_PATH_TEXT];
	int r;

	r = message_read(call_arguments(call), "ss", &name, &type);
	if (!r)
		r = profile_add(&keeper->ground, name, type, call_caller(call)->uid, &profile,
				call_why(call));
	if (!r)
		r = message_append(call_reply(call), "o", service_profile_path(&profile.id, path));
	if (r)
		return fault_trace(r);
	service_policy_changed(keeper);
	return fault_trace(bus_server_object_added(keeper->server, path));
}

int service_profiles_remove(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct profile profile;
	struct archive_selection selection = {.profile = &profile.id};
	struct access_within entry = {
		.log = keeper->log,
		.entry = {
			.what = "remove", .uid = call_caller(call)->uid, .outcome = "asked",
			.method = "Profiles.Remove", .profile = &profile,
		},
	};
	struct archive_within within = {access_log_within, &entry};
	char job[SERVICE_PATH_TEXT], path[SERVICE_PATH_TEXT];
	const char *name;
	uint64_t items;
	int r;

	r = message_read(call_arguments(call), "s", &name);
	if (!r)
		r = profile_find(&keeper->ground, name, &profile, call_why(call));
	if (!r)
		r = service_erase(keeper, call, ERASURE_REMOVE, &selection, &within, job, &items);
	if (!r)
		r = message_append(call_reply(call), "o", job);
	if (r)
		return fault_trace(r);
	service_policy_changed(keeper);
	return fault_trace(bus_server_object_removed(keeper->server,
						     service_profile_path(&profile.id, path),
						     profile_interfaces));
}

int service_profiles_rename(struct call *call, void *service)
{
	struct keeper *keeper = service;
	const char *profile, *name;
	int r;

	r = message_read(call_arguments(call), "ss", &profile, &name);
	if (!r)
		r = profile_rename(&keeper->ground, profile, name, call_caller(call)->uid,
				   call_why(call));
	if (!r)
		service_policy_changed(keeper);
	return fault_trace(r);
}

int service_profiles_keep(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct profile profile;
	const char *name;
	int r;

	r = message_read(call_arguments(call), "s", &name);
	if (!r)
		r = profile_find(&keeper->ground, name, &profile, call_why(call));
	if (!r)
		r = service_look(keeper, call);
	if (!r)
		r = inactive_keep(&keeper->ground, &profile, call_caller(call)->uid,
				  call_why(call));
	return fault_trace(r);
}

static void inactive_erase(void *context, const struct profile *profile)
{
	struct keeper *keeper = context;
	struct archive_selection selection = {.profile = &profile->id};
	struct access_within entry = {
		.log = keeper->log,
		.entry = {
			.what = "remove", .uid = -1, .outcome = "asked", .reason = "inactive",
			.profile = profile,
		},
	};
	struct archive_within within = {access_log_within, &entry};
	char path[SERVICE_PATH_TEXT];
	uint64_t items;
	int64_t job;

	if (erasure_ask(keeper->erasure, ERASURE_REMOVE, &selection, -1, &within, &job, &items,
			NULL)) {
		log_error("a profile that nobody uses could not be erased; tried again in a "
			  "minute");
		return;
	}
	service_policy_changed(keeper);
	bus_server_object_removed(keeper->server, service_profile_path(&profile->id, path),
				  profile_interfaces);
}

void service_inactive_sweep(struct keeper *keeper)
{
	struct inactive_hooks hooks = {inactive_erase, keeper};

	if (inactive_sweep(&keeper->ground, &hooks))
		log_error("unused profiles could not be looked for; tried again in a minute");
}

/* The object is looked up anew for each reading: it may be gone. */
int service_profile_name_get(struct caller *caller, void *service, const char *path,
			     struct message *value)
{
	struct profile profile;
	int r = service_profile_at(service, path, &profile);

	return r ? fault_trace(r) : message_append(value, "s", profile.name);
}

int service_profile_type_get(struct caller *caller, void *service, const char *path,
			     struct message *value)
{
	struct profile profile;
	int r = service_profile_at(service, path, &profile);

	return r ? fault_trace(r) : message_append(value, "s", profile.adult ? "adult" : "child");
}

int service_profile_created_get(struct caller *caller, void *service, const char *path,
				struct message *value)
{
	struct profile profile;
	int r = service_profile_at(service, path, &profile);

	return r ? fault_trace(r) : message_append(value, "t", (uint64_t)profile.created_min * 60);
}
