/* SPDX-License-Identifier: Apache-2.0 */
/* How long each kind is kept. Shortening needs no proof; lengthening is a consent (consent.c). */

#include "base/id.h"
#include "base/kind.h"
#include "client/list.h"
#include "client/reply.h"

LIST_DEFINE(retentions, cubby_retention, free)

static int retention_read(struct message *message, void *array)
{
	struct cubby_retention *retention;
	const char *profile, *kind;
	uint32_t keep_s, cap_s;
	struct id id;
	int r = message_read(message, "ssuu", &profile, &kind, &keep_s, &cap_s);

	if (r == 0 && (!id_parse(profile, &id) || !kind_from_name(kind)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	retention = calloc(1, sizeof(*retention));
	if (!retention)
		return fault_origin(-ENOMEM);
	id_text(&id, retention->profile_id);
	retention->kind = kind_name(kind_from_name(kind));
	retention->keep_s = keep_s;
	retention->cap_s = cap_s;
	return fault_trace(array_add(array, retention, free));
}

static int retentions_run(struct cubby *cubby, const char *profile, struct cubby_retentions **ret)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cubby_retentions_freep) struct cubby_retentions *retentions = NULL;
	struct retentions_owner *owner;
	int r;

	r = reply_get(cubby, "Retention", "Show", &reply, "s", profile ? profile : "");
	if (r != 0)
		return fault_trace(r);
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return fault_origin(-ENOMEM);
	retentions = &owner->public;
	r = reply_each(reply, "(ssuu)", retention_read, &owner->array);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Retention.Show"));
	retentions_show(owner);
	*ret = take(retentions);
	return 0;
}

int cubby_retentions(struct cubby *cubby, const char *profile, struct cubby_retentions **ret)
{
	session_begin(cubby);
	return session_end(cubby, retentions_run(cubby, profile, ret));
}

int cubby_retention_shorten(struct cubby *cubby, const char *profile, const char *kind,
			    uint32_t keep_s, char **ret_job)
{
	session_begin(cubby);
	return session_end(cubby, reply_job(cubby, "Retention", "Set", "expire", ret_job, "ssu",
					    profile, kind, keep_s));
}
