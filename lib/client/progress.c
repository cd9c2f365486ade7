/* SPDX-License-Identifier: Apache-2.0 */
/* How far an erasure is. Nothing is claimed of it here: that it is done is said by its receipt
 * alone (erasure.c). */

#include <string.h>

#include "client/reply.h"

struct progress {
	uint64_t done, total;
	bool ended;
};

static int property_read(struct message *message, void *context)
{
	struct progress *progress = context;
	const char *name, *state;
	int r = message_read(message, "s", &name);

	if (r != 0)
		return fault_trace(r);
	if (strcmp(name, "State") == 0) {
		r = reply_variant(message, "s", &state);
		if (r == 0)
			progress->ended = strcmp(state, "done") == 0 ||
					  strcmp(state, "partial") == 0;
		return fault_trace(r);
	}
	if (strcmp(name, "Done") == 0)
		return fault_trace(reply_variant(message, "t", &progress->done));
	if (strcmp(name, "Total") == 0)
		return fault_trace(reply_variant(message, "t", &progress->total));
	return message_skip(message);
}

static int progress_run(struct cubby *cubby, const char *job, struct progress *progress)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	int r = reply_properties(cubby, job, "Job", &reply);

	if (r == 0)
		r = session_malformed(cubby, reply_each(reply, "{sv}", property_read, progress),
				      "Job");
	return fault_trace(r);
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
