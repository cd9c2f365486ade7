/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The sound server, from the parent's side: it plays, and listens only to an adult who is asked to
 * speak (cubby enroll). */

#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"

/* Plays to the end. ANSWER_NO_DAEMON: no sound server there. */
int playback_run(const int16_t *samples, size_t frames, unsigned rate_hz, struct why *why);

/* Hands what the microphone hears to `heard`, `frames` of 16-bit mono at a time, until that returns
 * other than 0. Nothing is held here when it returns. ANSWER_NO_DAEMON, ANSWER_FAILED. */
int playback_hear(unsigned rate_hz, size_t frames,
		  int (*heard)(void *context, const int16_t *samples), void *context,
		  struct why *why);

/* Which source a listener would hear; nothing is recorded. 0; ANSWER_NO_DAEMON: no sound server;
 * ANSWER_NOT_FOUND: a server without a microphone. */
int playback_microphone(char *ret_name, size_t room, struct why *why);
