/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The state directory: one owner, mode 0700; and the key file in it. That only one keeper works in
 * it is seen to by the store, which opens before the key is made or read. */

#include <stdbool.h>
#include "base/cleanup.h"
#include "base/fault.h"
#include "crypt/secret.h"

#define STATE_DIR "/var/lib/cubby"

struct state {
	char *path;
	int fd;			/* of the directory */
};

/*
 * Makes the directory if it is not there (not its parents) and takes away what others may do in it.
 * ANSWER_FAILED: not a directory, a symbolic link, somebody else's.
 */
int state_open(const char *path, struct state **ret, struct why *why);
struct state *state_free(struct state *state);
CLEANUP_DEFINE(struct state *, state_free)

/* The 32 bytes of device.key, made when there is none (*ret_made). ANSWER_FAILED: wrong owner,
 * mode, length, or not a plain file. */
int state_device_key(struct state *state, struct secret **ret, bool *ret_made, struct why *why);
/* Overwrites device.key, if it is there, and removes it. */
int state_device_key_erase(struct state *state);
/* A new key in the place of the old one, which is erased first: for a reset. After a crash in
 * between there is the old one, the new one, or none; call it again. */
int state_device_key_renew(struct state *state, struct secret **ret);
