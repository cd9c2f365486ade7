/* SPDX-License-Identifier: Apache-2.0 */
/* The deletion drill: run now, or as it went last. */

#include "client/reply.h"

#define DRILL_TIMEOUT_MS (10 * 60 * 1000)

struct drill_owner {
	struct cubby_drill public;
	struct array found;
};

static const char *const none[] = { NULL };

struct cubby_drill *cubby_drill_free(struct cubby_drill *drill)
{
	struct drill_owner *owner = (struct drill_owner *)drill;

	if (!owner)
		return NULL;
	array_clear(&owner->found, free);
	free(owner);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_drill *, cubby_drill_free)

static int drill_read(struct message *reply, int64_t ended_s, struct cubby_drill **ret)
{
	_cleanup_(cubby_drill_freep) struct cubby_drill *drill = NULL;
	struct drill_owner *owner = calloc(1, sizeof(*owner));
	int r;

	if (!owner)
		return fault_origin(-ENOMEM);
	drill = &owner->public;
	r = reply_texts(reply, &owner->found);
	if (r != 0)
		return fault_trace(r);
	drill->ended_s = ended_s;
	drill->found = owner->found.n ? (const char *const *)owner->found.all : none;
	*ret = take(drill);
	return 0;
}

static int drill_run(struct cubby *cubby, int timeout_ms, struct cubby_drill **ret)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	int r;

	r = session_request(cubby, NULL, "Drill", "Run", &request);
	if (r == 0)
		r = message_open(request, 'a', "{sv}");
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = session_call_complete(cubby, request,
					  timeout_ms > 0 ? timeout_ms : DRILL_TIMEOUT_MS, &reply);
	if (r != 0)
		return fault_trace(r);
	return fault_trace(session_malformed(cubby, drill_read(reply, session_now_s(), ret),
					     "Drill.Run"));
}

int cubby_drill_run(struct cubby *cubby, int timeout_ms, struct cubby_drill **ret)
{
	session_begin(cubby);
	return session_end(cubby, drill_run(cubby, timeout_ms, ret));
}

static int drill_last(struct cubby *cubby, struct cubby_drill **ret)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	uint64_t ended_s;
	int r;

	r = reply_get(cubby, "Drill", "Last", &reply, "");
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "t", &ended_s);
	if (r == 0)
		r = drill_read(reply, (int64_t)ended_s, ret);
	return fault_trace(session_malformed(cubby, r, "Drill.Last"));
}

int cubby_drill_last(struct cubby *cubby, struct cubby_drill **ret)
{
	session_begin(cubby);
	return session_end(cubby, drill_last(cubby, ret));
}
