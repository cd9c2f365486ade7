/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Frames as they come off a socket, in pieces of any size: a line of JSON, then data_length bytes
 * of JSON merged over its "data", then payload_length bytes, which are never held here. */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"

#define FRAME_LINE_MAX_BYTES (64 * 1024)
#define FRAME_DATA_MAX_BYTES (1024 * 1024)
#define FRAME_PAYLOAD_MAX_BYTES (1024 * 1024)

struct frame_reader;

enum frame_change {
	FRAME_NONE = 0,			/* all bytes are taken: more is needed */
	FRAME_EVENT,			/* an event is complete but for its payload */
	FRAME_PAYLOAD,			/* `piece` is some of the payload */
	FRAME_END,			/* the payload is complete (also when it has no bytes) */
};

struct frame {
	enum frame_change change;
	const char *type;		/* FRAME_EVENT; valid until FRAME_END */
	const json_t *data;		/* an object; likewise */
	const uint8_t *piece;		/* FRAME_PAYLOAD: within the bytes given */
	size_t piece_bytes;
};

int frame_reader_new(struct frame_reader **ret);
struct frame_reader *frame_reader_free(struct frame_reader *reader);
CLEANUP_DEFINE(struct frame_reader *, frame_reader_free)

/* Takes up to *n bytes and says what they came to; *n becomes how many were taken. A piece of a
 * payload has at most max_piece bytes. ANSWER_INVALID_ARGUMENT: this is not the protocol, or over a
 * limit; nothing more can be read. */
int frame_take(struct frame_reader *reader, const uint8_t *bytes, size_t *n, size_t max_piece,
	       struct frame *ret, struct why *why);
