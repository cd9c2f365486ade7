/* SPDX-License-Identifier: Apache-2.0 */

/* Adds, renames and finds profiles. Nothing here changes the type of one. */

#include <string.h>
#include "profile.h"
#include "store/household.h"

static int profile_room(const struct ground *ground, struct why *why)
{
	_cleanup_(cleanup_free) struct profile *profiles = NULL;
	_cleanup_(cleanup_free) char *household = NULL;
	size_t n;
	int r;

	r = store_household(ground->store, &household);
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r, "there is no household yet; begin with \"cubby setup\"");
	if (r)
		return fault_trace(r);
	r = store_profiles(ground->store, &profiles, &n);
	if (r)
		return fault_trace(r);
	if (n >= PROFILES_MAX)
		return answer_why(why, ANSWER_QUOTA_EXCEEDED,
				  "there are %d profiles already, the most a household may have; "
				  "remove one first",
				  PROFILES_MAX);
	return 0;
}

/* The nickname of one that is being removed is not free before it is erased. */
static int name_free(const struct ground *ground, const char *name, struct why *why)
{
	bool removing;
	int r = store_profile_removing(ground->store, name, &removing);

	if (r)
		return fault_trace(r);
	if (removing)
		return answer_why(why, ANSWER_EXISTS,
				  "a profile of this name is still being erased; try again in a "
				  "moment");
	return 0;
}

static int name_taken(struct why *why)
{
	return answer_why(why, ANSWER_EXISTS,
			  "there is a profile of this name already; choose another name");
}

int profile_add(const struct ground *ground, const char *name, const char *type, uint32_t uid,
		struct profile *ret, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct profile profile = {.created_min = age_now_min(ground->age)};
	struct access_entry entry = {
		.what = "profile-add", .uid = uid, .outcome = "done", .profile = &profile,
	};
	int r;

	r = name_check_profile(name, why);
	if (r)
		return fault_trace(r);
	profile.adult = !strcmp(type, "adult");
	if (!profile.adult && strcmp(type, "child"))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.20s\" is not a type of profile; say \"child\" or \"adult\"",
				  type);
	r = profile_room(ground, why);
	if (!r)
		r = name_free(ground, name, why);
	if (r)
		return fault_trace(r);
	strcpy(profile.name, name);
	crypt_random(profile.id.bytes, sizeof(profile.id.bytes));
	crypt_random(profile.log_key, sizeof(profile.log_key));
	r = store_begin(ground->store, &transaction);
	if (r)
		return fault_trace(r);
	r = store_profile_insert(ground->store, &profile);
	if (r == ANSWER_EXISTS)
		return name_taken(why);
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	if (r)
		return ground_stored(r, why);
	*ret = profile;
	return 0;
}

int profile_find(const struct ground *ground, const char *name_or_id, struct profile *ret,
		 struct why *why)
{
	struct id id;
	int r;

	if (id_parse(name_or_id, &id))
		r = store_profile_by_id(ground->store, &id, ret);
	else
		r = store_profile_by_name(ground->store, name_or_id, ret);
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r,
				  "there is no profile \"%.40s\"; \"cubby profile list\" shows "
				  "those there are",
				  name_or_id);
	return fault_trace(r);
}

int profile_rename(const struct ground *ground, const char *name_or_id, const char *name,
		   uint32_t uid, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct profile profile;
	struct access_entry entry = {
		.what = "profile-rename", .uid = uid, .outcome = "done", .profile = &profile,
		.method = "Profiles.Rename",
	};
	int r;

	r = name_check_profile(name, why);
	if (!r)
		r = profile_find(ground, name_or_id, &profile, why);
	if (!r)
		r = name_free(ground, name, why);
	if (!r)
		r = store_begin(ground->store, &transaction);
	if (!r)
		r = store_profile_rename(ground->store, &profile.id, name);
	if (r == ANSWER_EXISTS)
		return name_taken(why);
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	return r < 0 ? ground_stored(r, why) : fault_trace(r);
}
