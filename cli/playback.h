/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The sound server, from the parent's side: it plays, and never records. */

#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"

/* Plays to the end. ANSWER_NO_DAEMON: no sound server there. */
int playback_run(const int16_t *samples, size_t frames, unsigned rate_hz, struct why *why);

/* Which source a listener would hear; nothing is recorded. 0; ANSWER_NO_DAEMON: no sound server;
 * ANSWER_NOT_FOUND: a server without a microphone. */
int playback_microphone(char *ret_name, size_t room, struct why *why);
