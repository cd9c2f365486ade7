/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Events on their way to a client: in locked memory, wiped once they are sent, for a transcript is
 * what somebody said. "data" is always inline (rule 1). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"

#define REPLY_TEXT_MAX_BYTES 4096	/* of one event */

struct reply;

int reply_new(struct reply **ret);
struct reply *reply_free(struct reply *reply);
CLEANUP_DEFINE(struct reply *, reply_free)

/* Each adds one event. False: it does not fit behind what was not sent yet. */
bool reply_transcript(struct reply *reply, const char *text);
/* timestamp NULL: the client gave none. */
bool reply_detection(struct reply *reply, const char *name, const int64_t *timestamp);
bool reply_not_detected(struct reply *reply);
/* text NULL: the ping had none. */
bool reply_pong(struct reply *reply, const char *text);
bool reply_error(struct reply *reply, const char *code, const char *text);
/* A whole event as it is to be sent, with its line feed. */
bool reply_ready(struct reply *reply, const char *event);

bool reply_waits(const struct reply *reply);
/* Sends what the socket takes now: 0, or -errno when the client is gone. */
int reply_send(struct reply *reply, int fd);
