/* SPDX-License-Identifier: Apache-2.0 */
/* How far an erasure is. Nothing is claimed of it here: that it is done is said by its receipt
 * alone (erasure.c). */

#include <string.h>

#include "client/session.h"

struct progress {
	uint64_t done, total;
	bool ended;
};

static int property_read(struct message *message, struct progress *progress)
{
	const char *name, *state;
	int r = message_read(message, "s", &name);

	if (r != 0)
		return fault_trace(r);
	if (strcmp(name, "State") == 0) {
		r = message_enter(message, 'v', "s");
		if (r == 0)
			r = message_read(message, "s", &state);
		if (r == 0)
			progress->ended = strcmp(state, "done") == 0 ||
					  strcmp(state, "partial") == 0;
	} else if (strcmp(name, "Done") == 0 || strcmp(name, "Total") == 0) {
		r = message_enter(message, 'v', "t");
		if (r == 0)
			r = message_read(message, "t", *name == 'D' ? &progress->done
								    : &progress->total);
	} else {
		return message_skip(message);
	}
	return r == 0 ? message_leave(message) : fault_trace(r);
}

static int progress_run(struct cubby *cubby, const char *job, struct progress *progress)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	int r;

	r = session_request(cubby, job, "org.freedesktop.DBus.Properties", "GetAll", &request);
	if (r == 0)
		r = message_append(request, "s", BUS_NAME ".Job");
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_enter(reply, 'a', "{sv}");
	while (r == 0 && message_more(reply)) {
		r = message_enter(reply, 'e', "sv");
		if (r == 0)
			r = property_read(reply, progress);
		if (r == 0)
			r = message_leave(reply);
	}
	return fault_trace(session_malformed(cubby, r, "Job"));
}

int cubby_job_progress(struct cubby *cubby, const char *job, uint64_t *ret_done,
		       uint64_t *ret_total, bool *ret_ended)
{
	struct progress progress = { 0 };
	int r;

	session_begin(cubby);
	r = progress_run(cubby, job, &progress);
	if (r == 0) {
		*ret_done = progress.done;
		*ret_total = progress.total;
		*ret_ended = progress.ended;
	}
	return session_end(cubby, r);
}
