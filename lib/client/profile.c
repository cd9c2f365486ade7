/* SPDX-License-Identifier: Apache-2.0 */
/* The people of the household, as the keeper's ObjectManager shows them. A profile whose type is
 * neither "child" nor "adult" counts as a child's. */

#include <string.h>

#include "base/id.h"
#include "client/array.h"
#include "client/session.h"

#define PROFILE_PATH BUS_PATH "/profile/"

struct profiles_owner {
	struct cubby_profiles public;
	struct array array;
};

static void profile_free(void *element)
{
	struct cubby_profile *profile = element;

	free((void *)(uintptr_t)profile->name);
	free(profile);
}

struct cubby_profiles *cubby_profiles_free(struct cubby_profiles *profiles)
{
	struct profiles_owner *owner = (struct profiles_owner *)profiles;

	if (!owner)
		return NULL;
	array_clear(&owner->array, profile_free);
	free(owner);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_profiles *, cubby_profiles_free)

static int profile_property(struct message *message, struct cubby_profile *profile)
{
	const char *name, *text;
	uint64_t created_s;
	int r = message_read(message, "s", &name);

	if (r != 0)
		return fault_trace(r);
	if (strcmp(name, "Created") == 0) {
		r = message_enter(message, 'v', "t");
		if (r == 0)
			r = message_read(message, "t", &created_s);
		if (r == 0)
			profile->created_s = (int64_t)created_s;
		return r == 0 ? message_leave(message) : fault_trace(r);
	}
	if (strcmp(name, "Name") != 0 && strcmp(name, "Type") != 0)
		return message_skip(message);
	r = message_enter(message, 'v', "s");
	if (r == 0)
		r = message_read(message, "s", &text);
	if (r != 0)
		return fault_trace(r);
	if (strcmp(name, "Type") == 0) {
		profile->child = strcmp(text, "adult") != 0;
	} else {
		free((void *)(uintptr_t)profile->name);
		profile->name = strdup(text);
		if (!profile->name)
			return fault_origin(-ENOMEM);
	}
	return message_leave(message);
}

/* One a{sa{sv}}. */
static int profile_interfaces(struct message *message, struct cubby_profile *profile)
{
	const char *interface;
	int r;

	r = message_enter(message, 'a', "{sa{sv}}");
	while (r == 0 && message_more(message)) {
		r = message_enter(message, 'e', "sa{sv}");
		if (r == 0)
			r = message_read(message, "s", &interface);
		if (r == 0 && strcmp(interface, BUS_NAME ".Profile") != 0) {
			r = message_skip(message);
		} else if (r == 0) {
			r = message_enter(message, 'a', "{sv}");
			while (r == 0 && message_more(message)) {
				r = message_enter(message, 'e', "sv");
				if (r == 0)
					r = profile_property(message, profile);
				if (r == 0)
					r = message_leave(message);
			}
			if (r == 0)
				r = message_leave(message);
		}
		if (r == 0)
			r = message_leave(message);
	}
	return r == 0 ? message_leave(message) : fault_trace(r);
}

static int profile_read(struct message *message, struct array *array)
{
	struct cubby_profile *profile;
	struct id id;
	const char *path;
	int r = message_read(message, "o", &path);

	if (r != 0)
		return fault_trace(r);
	if (strncmp(path, PROFILE_PATH, strlen(PROFILE_PATH)) != 0)
		return message_skip(message);
	if (!id_parse(path + strlen(PROFILE_PATH), &id))
		return ANSWER_INVALID_ARGUMENT;
	profile = calloc(1, sizeof(*profile));
	if (!profile)
		return fault_origin(-ENOMEM);
	profile->child = true;
	id_text(&id, profile->id);
	r = profile_interfaces(message, profile);
	if (r == 0 && !profile->name)
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0) {
		profile_free(profile);
		return fault_trace(r);
	}
	return fault_trace(array_add(array, profile, profile_free));
}

static int profile_compare(const void *a, const void *b)
{
	const struct cubby_profile *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

static int profiles_run(struct cubby *cubby, struct cubby_profiles **ret)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	struct profiles_owner *owner;
	int r;

	r = session_request(cubby, NULL, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
			    &request);
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, &reply);
	if (r != 0)
		return fault_trace(r);
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return fault_origin(-ENOMEM);
	profiles = &owner->public;
	r = message_enter(reply, 'a', "{oa{sa{sv}}}");
	while (r == 0 && message_more(reply)) {
		r = message_enter(reply, 'e', "oa{sa{sv}}");
		if (r == 0)
			r = profile_read(reply, &owner->array);
		if (r == 0)
			r = message_leave(reply);
	}
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "GetManagedObjects"));
	if (owner->array.n > 1)
		qsort(owner->array.all, owner->array.n, sizeof(*owner->array.all), profile_compare);
	profiles->n = owner->array.n;
	profiles->list = (struct cubby_profile *const *)owner->array.all;
	*ret = take(profiles);
	return 0;
}

int cubby_profiles(struct cubby *cubby, struct cubby_profiles **ret)
{
	session_begin(cubby);
	return session_end(cubby, profiles_run(cubby, ret));
}

static int profile_add_run(struct cubby *cubby, const char *name, bool child,
			   char ret_id[CUBBY_ID_TEXT])
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	struct id id;
	const char *path;
	int r;

	r = session_request(cubby, NULL, "Profiles", "Add", &request);
	if (r == 0)
		r = message_append(request, "ss", name, child ? "child" : "adult");
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "o", &path);
	if (r == 0 && (strncmp(path, PROFILE_PATH, strlen(PROFILE_PATH)) != 0 ||
		       !id_parse(path + strlen(PROFILE_PATH), &id)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Profiles.Add"));
	id_text(&id, ret_id);
	return 0;
}

int cubby_profile_add(struct cubby *cubby, const char *name, bool child, char ret_id[CUBBY_ID_TEXT])
{
	session_begin(cubby);
	return session_end(cubby, profile_add_run(cubby, name, child, ret_id));
}

static int profile_remove_run(struct cubby *cubby, const char *profile, char **ret_job)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *job;
	int r;

	r = session_request(cubby, NULL, "Profiles", "Remove", &request);
	if (r == 0)
		r = message_append(request, "s", profile);
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "o", &job);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Profiles.Remove"));
	return fault_trace(session_job(cubby, job, "remove", -1, ret_job));
}

int cubby_profile_remove(struct cubby *cubby, const char *profile, char **ret_job)
{
	session_begin(cubby);
	return session_end(cubby, profile_remove_run(cubby, profile, ret_job));
}

static int keep_run(struct cubby *cubby, const char *profile)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	int r = session_request(cubby, NULL, "Profiles", "Keep", &request);

	if (r == 0)
		r = message_append(request, "s", profile);
	if (r == 0)
		r = session_call(cubby, request, &reply);
	return fault_trace(r);
}

int cubby_profile_keep(struct cubby *cubby, const char *profile)
{
	session_begin(cubby);
	return session_end(cubby, keep_run(cubby, profile));
}
