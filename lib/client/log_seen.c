/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the last checkpoint. It only ever moves to a log that was compared with it. */

#include "client/log_seen.h"

#include <string.h>

#include "base/file.h"

#define SEEN_MAX_BYTES 4096

int log_seen_read(struct cubby *cubby, struct checkpoint *ret)
{
	_cleanup_(cleanup_free) char *path = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	struct why why = { "" };
	size_t n;
	int r;

	r = pin_path(cubby->state_dir, LOG_SEEN_FILE, &path);
	if (r == 0)
		r = file_read_path(path, SEEN_MAX_BYTES, &text, &n);
	if (r == 0)
		r = checkpoint_verify(text, cubby->pins.device_sign, ret, &why);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "%s does not hold a checkpoint that this keeper signed (%.200s); "
				  "if you know why, move the file away", path, why.text);
	return r < 0 ? fault_trace(r) : r;
}

int log_seen_write(struct cubby *cubby, const char *statement)
{
	_cleanup_(cleanup_free) char *path = NULL;
	int r;

	r = pin_path(cubby->state_dir, LOG_SEEN_FILE, &path);
	if (r == 0)
		r = pin_dir_make(cubby->state_dir, &cubby->why);
	if (r == 0)
		r = file_replace(path, statement, strlen(statement), 0600);
	return fault_trace(r);
}
