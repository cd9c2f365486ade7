/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Retention. Shortening needs no proof, so that a lost passphrase never makes a
 * family keep anything longer; there is no way here to lengthen. */

#include "dbus-table.h"
#include "profile.h"
#include "retention.h"
#include "service/service.h"

static int kind_read(const char *name, int *ret, struct why *why)
{
	*ret = kind_from_name(name);
	if (!*ret)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "there is no kind \"%.20s\"; say audio, transcript or location",
				  name);
	return 0;
}

/* What stays as it is, by the minute that everything is counted in, is a look. */
static int retention_look(struct keeper *keeper, struct call *call, const struct profile *profile,
			  int kind, uint32_t keep_s)
{
	uint32_t now_s = 0;
	int r = retention_now(&keeper->ground, profile, kind, &now_s, NULL);

	if (r < 0 || (!r && keep_s / 60 < now_s / 60))
		return fault_trace(r);
	return service_look(keeper, call);
}

int service_retention_set(struct call *call, void *service)
{
	struct keeper *keeper = service;
	char job[SERVICE_PATH_TEXT] = "/";
	const char *name, *kind_text;
	struct profile profile;
	uint32_t keep_s;
	int kind = 0, r;

	r = message_read(call_arguments(call), "ssu", &name, &kind_text, &keep_s);
	if (!r)
		r = kind_read(kind_text, &kind, call_why(call));
	if (!r)
		r = profile_find(&keeper->ground, name, &profile, call_why(call));
	if (!r)
		r = retention_look(keeper, call, &profile, kind, keep_s);
	if (!r)
		r = retention_shorten(&keeper->ground, &profile, kind, keep_s,
				      call_caller(call)->uid, call_why(call));
	if (!r)
		r = service_sweep(keeper, call, job);
	if (!r)
		r = message_append(call_reply(call), "o", job);
	return service_end(keeper, call, r, "Retention.Set");
}

static int retention_append(struct keeper *keeper, struct message *reply,
			    const struct profile *profile, enum kind kind)
{
	char id[ID_TEXT];
	uint32_t keep_s = 0;
	int r = retention_now(&keeper->ground, profile, kind, &keep_s, NULL);

	if (r && r != ANSWER_NO_CONSENT)
		return fault_trace(r);
	return fault_trace(message_append_row(reply, "ssuu", id_text(&profile->id, id),
					      kind_name(kind), keep_s,
					      keeper->config.keep_max_s[kind]));
}

int service_retention_show(struct call *call, void *service)
{
	_cleanup_(cleanup_free) struct profile *profiles = NULL;
	struct message *reply = call_reply(call);
	struct keeper *keeper = service;
	struct profile one;
	const char *name;
	size_t n = 0;
	int r;

	r = message_read(call_arguments(call), "s", &name);
	if (!r && name[0])
		r = profile_find(&keeper->ground, name, &one, call_why(call));
	else if (!r)
		r = store_profiles(keeper->store, &profiles, &n);
	if (!r)
		r = message_open(reply, 'a', "(ssuu)");
	for (size_t i = 0; !r && i < (name[0] ? 1 : n); i++)
		for (int kind = 1; !r && kind <= KIND_MAX; kind++)
			r = retention_append(keeper, reply, name[0] ? &one : &profiles[i], kind);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}
