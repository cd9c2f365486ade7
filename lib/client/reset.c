/* SPDX-License-Identifier: Apache-2.0 */
/* A reset, seen from the client: the keeper that answers afterwards is another one to it. What was
 * pinned is let go only when a receipt under the pinned key said that everything is erased. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client/session.h"

static int reset_run(struct cubby *cubby, const char *parent, char **ret_job)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *job;
	int r;

	/* The key the receipt will be checked with is the one from before. */
	r = session_device(cubby);
	if (r == 0)
		r = session_request(cubby, NULL, "Parents", "Reset", &request);
	if (r == 0)
		r = message_append(request, "s", parent);
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "o", &job);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Parents.Reset"));
	return fault_trace(session_job(cubby, job, "reset", -1, ret_job));
}

int cubby_reset(struct cubby *cubby, const char *parent, char **ret_job)
{
	session_begin(cubby);
	return session_end(cubby, reset_run(cubby, parent, ret_job));
}

static int forget_run(struct cubby *cubby)
{
	static const char *const files[] = { PIN_FILE, "log.json" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(cleanup_free) char *path = NULL;
		int r = pin_path(cubby->state_dir, files[i], &path);

		if (r != 0)
			return fault_trace(r);
		if (unlink(path) < 0 && errno != ENOENT)
			return answer_why(&cubby->why, ANSWER_FAILED, "cannot remove %s (%s)", path,
					  strerror(errno));
	}
	session_forget_secrets(cubby);
	cubby->pins = (struct pins){ 0 };
	cubby->pins_read = cubby->device_known = cubby->household_known = false;
	return 0;
}

int cubby_forget_keeper(struct cubby *cubby)
{
	session_begin(cubby);
	return session_end(cubby, forget_run(cubby));
}
