/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * device.key: the keeper's own 32 random bytes. Where whoever starts the keeper hands it a
 * credential (systemd, from a TPM or a key of the machine's), the file holds them sealed with it
 * (wrap_seal), 72 bytes, and is worth nothing without.
 */

#include <stdbool.h>
#include "state.h"

/*
 * Made when there is none (*ret_made). A plain one is sealed in its place as soon as there is a
 * credential; a sealed one is never opened up again. ANSWER_FAILED: wrong owner, mode, length, not
 * a plain file; sealed and no credential, or another one.
 */
int device_file_open(struct state *state, struct secret **ret, bool *ret_made, struct why *why);
/* Overwrites it, if it is there, and removes it. */
int device_file_erase(struct state *state);
/* A new key in the place of the old one, which is erased first: for a reset. After a crash in
 * between there is the old one, the new one, or none; call it again. */
int device_file_renew(struct state *state, struct secret **ret);
