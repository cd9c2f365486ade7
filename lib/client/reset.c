/* SPDX-License-Identifier: Apache-2.0 */
/* A reset, seen from the client: the keeper that answers afterwards is another one to it. What was
 * pinned is let go only when a receipt under the pinned key said that everything is erased. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client/log_seen.h"
#include "client/reply.h"

static int reset_run(struct cubby *cubby, const char *parent, char **ret_job)
{
	/* The key the receipt will be checked with is the one from before. */
	int r = session_device(cubby);

	if (r == 0)
		r = reply_job(cubby, "Parents", "Reset", "reset", ret_job, "s", parent);
	return fault_trace(r);
}

int cubby_reset(struct cubby *cubby, const char *parent, char **ret_job)
{
	session_begin(cubby);
	return session_end(cubby, reset_run(cubby, parent, ret_job));
}

static int forget_run(struct cubby *cubby)
{
	static const char *const files[] = { PIN_FILE, LOG_SEEN_FILE };

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
