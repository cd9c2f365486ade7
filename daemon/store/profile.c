/* SPDX-License-Identifier: Apache-2.0 */

/* SQL of profiles. The nickname is the only free text the keeper stores. */

#include <string.h>
#include "store/profile.h"

STATEMENT(profile_insert,
	"INSERT INTO profile (id, name, type, created_min, log_key) "
	"VALUES (:id, :name, :type, :created_min, :log_key)");
STATEMENT(profile_by_id,
	"SELECT id, name, type, created_min, log_key FROM profile "
	"WHERE id = :id AND removing = 0");
STATEMENT(profile_by_name,
	"SELECT id, name, type, created_min, log_key FROM profile "
	"WHERE name = :name AND removing = 0");
STATEMENT(profile_all,
	"SELECT id, name, type, created_min, log_key FROM profile WHERE removing = 0 "
	"ORDER BY profile");
STATEMENT(profile_uses,
	"SELECT id, name, type, created_min, log_key, max(created_min, used_min) AS used_min, "
	"coalesce(noticed_min, 0) AS noticed_min FROM profile WHERE removing = 0 "
	"ORDER BY profile");
STATEMENT(profile_used,
	"UPDATE profile SET used_min = :now, noticed_min = NULL WHERE id = :id "
	"AND (used_min <= :now - 60 OR noticed_min IS NOT NULL)");
STATEMENT(profile_rename, "UPDATE profile SET name = :name WHERE id = :id");
STATEMENT(profile_notice, "UPDATE profile SET noticed_min = :now WHERE id = :id");
STATEMENT(profile_removing,
	"SELECT count(*) AS n FROM profile WHERE name = :name AND removing = 1");

int store_profile_insert(struct store *store, const struct profile *profile)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &profile_insert);

	statement_bind_id(s, ":id", &profile->id);
	statement_bind_text(s, ":name", profile->name);
	statement_bind_text(s, ":type", profile->adult ? "adult" : "child");
	statement_bind_integer(s, ":created_min", profile->created_min);
	statement_bind_blob(s, ":log_key", profile->log_key, sizeof(profile->log_key));
	return fault_trace(statement_run(s));
}

static int profile_read(struct statement *s, void *ret)
{
	struct profile profile = {.created_min = statement_integer(s, "created_min")};
	char type[8];
	int r;

	r = statement_text_copy(s, "name", profile.name, sizeof(profile.name));
	if (!r)
		r = statement_text_copy(s, "type", type, sizeof(type));
	if (!r)
		r = statement_id(s, "id", &profile.id);
	if (!r)
		r = statement_bytes(s, "log_key", profile.log_key, sizeof(profile.log_key));
	if (r)
		return fault_trace(r);
	/* Whatever is not "adult" to the letter is a child. */
	profile.adult = !strcmp(type, "adult");
	*(struct profile *)ret = profile;
	return 0;
}

static int profile_one(struct statement *s, struct profile *ret)
{
	int r = statement_next(s);

	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	return fault_trace(profile_read(s, ret));
}

int store_profile_by_id(struct store *store, const struct id *id, struct profile *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &profile_by_id);

	statement_bind_id(s, ":id", id);
	return profile_one(s, ret);
}

int store_profile_by_name(struct store *store, const char *name, struct profile *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &profile_by_name);

	statement_bind_text(s, ":name", name);
	return profile_one(s, ret);
}

int store_profiles(struct store *store, struct profile **ret_profiles, size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &profile_all);

	return fault_trace(
		statement_rows(s, sizeof(**ret_profiles), profile_read, NULL, ret_profiles, ret_n));
}

int store_profile_removing(struct store *store, const char *name, bool *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &profile_removing);
	int r;

	statement_bind_text(s, ":name", name);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r ? fault_trace(r) : fault_origin(-EBADMSG);
	*ret = statement_integer(s, "n") > 0;
	return 0;
}

static int profile_use_read(struct statement *s, void *ret)
{
	struct profile_use *use = ret;

	use->used_min = statement_integer(s, "used_min");
	use->noticed_min = statement_integer(s, "noticed_min");
	return fault_trace(profile_read(s, &use->profile));
}

int store_profile_uses(struct store *store, struct profile_use **ret_uses, size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &profile_uses);

	return fault_trace(
		statement_rows(s, sizeof(**ret_uses), profile_use_read, NULL, ret_uses, ret_n));
}

static int profile_at(struct store *store, struct statement_source *source,
		      const struct id *profile, int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);

	statement_bind_id(s, ":id", profile);
	statement_bind_integer(s, ":now", now_min);
	return fault_trace(statement_run(s));
}

int store_profile_used(struct store *store, const struct id *profile, int64_t now_min)
{
	return profile_at(store, &profile_used, profile, now_min);
}

int store_profile_notice(struct store *store, const struct id *profile, int64_t now_min)
{
	return profile_at(store, &profile_notice, profile, now_min);
}

int store_profile_rename(struct store *store, const struct id *id, const char *name)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &profile_rename);

	statement_bind_id(s, ":id", id);
	statement_bind_text(s, ":name", name);
	return fault_trace(statement_run(s));
}
