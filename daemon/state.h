/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The state directory: one owner, mode 0700. That only one keeper works in it is seen to by the
 * store, which opens before anything else there is made or read. */

#include "base/cleanup.h"
#include "base/fault.h"
#include "crypt/secret.h"

#define STATE_DIR "/var/lib/cubby"

struct state {
	char *path;
	int fd;				/* of the directory */
	struct secret *credential;	/* what device.key is sealed with; NULL: nothing */
};

/*
 * Makes the directory if it is not there (not its parents) and takes away what others may do in it.
 * ANSWER_FAILED: not a directory, a symbolic link, somebody else's.
 */
int state_open(const char *path, struct state **ret, struct why *why);
struct state *state_free(struct state *state);
CLEANUP_DEFINE(struct state *, state_free)
