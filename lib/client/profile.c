/* SPDX-License-Identifier: Apache-2.0 */
/* The people of the household, as the keeper's ObjectManager shows them. A profile whose type is
 * neither "child" nor "adult" counts as a child's. */

#include <string.h>

#include "base/id.h"
#include "client/list.h"
#include "client/reply.h"

#define PROFILE_PATH BUS_PATH "/profile/"

static void profile_free(void *element)
{
	struct cubby_profile *profile = element;

	free((void *)(uintptr_t)profile->name);
	free(profile);
}

LIST_DEFINE(profiles, cubby_profile, profile_free)

static int profile_property(struct message *message, void *context)
{
	struct cubby_profile *profile = context;
	const char *name, *text;
	uint64_t created_s;
	int r = message_read(message, "s", &name);

	if (r != 0)
		return fault_trace(r);
	if (strcmp(name, "Created") == 0) {
		r = reply_variant(message, "t", &created_s);
		if (r == 0)
			profile->created_s = (int64_t)created_s;
		return fault_trace(r);
	}
	if (strcmp(name, "Name") != 0 && strcmp(name, "Type") != 0)
		return message_skip(message);
	r = reply_variant(message, "s", &text);
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
	return 0;
}

static int profile_interface(struct message *message, void *profile)
{
	const char *interface;
	int r = message_read(message, "s", &interface);

	if (r != 0)
		return fault_trace(r);
	if (strcmp(interface, BUS_NAME ".Profile") != 0)
		return message_skip(message);
	return fault_trace(reply_each(message, "{sv}", profile_property, profile));
}

static int profile_read(struct message *message, void *array)
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
	r = reply_each(message, "{sa{sv}}", profile_interface, profile);
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
	r = reply_each(reply, "{oa{sa{sv}}}", profile_read, &owner->array);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "GetManagedObjects"));
	if (owner->array.n > 1)
		qsort(owner->array.all, owner->array.n, sizeof(*owner->array.all), profile_compare);
	profiles_show(owner);
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
	_cleanup_(message_freep) struct message *reply = NULL;
	struct id id;
	const char *path;
	int r;

	r = reply_get(cubby, "Profiles", "Add", &reply, "ss", name, child ? "child" : "adult");
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

int cubby_profile_remove(struct cubby *cubby, const char *profile, char **ret_job)
{
	session_begin(cubby);
	return session_end(cubby, reply_job(cubby, "Profiles", "Remove", "remove", ret_job, "s",
					    profile));
}

int cubby_profile_keep(struct cubby *cubby, const char *profile)
{
	_cleanup_(message_freep) struct message *reply = NULL;

	session_begin(cubby);
	return session_end(cubby, reply_get(cubby, "Profiles", "Keep", &reply, "s", profile));
}

int cubby_profile_rename(struct cubby *cubby, const char *profile, const char *name)
{
	_cleanup_(message_freep) struct message *reply = NULL;

	session_begin(cubby);
	return session_end(cubby, reply_get(cubby, "Profiles", "Rename", &reply, "ss", profile,
					    name));
}
