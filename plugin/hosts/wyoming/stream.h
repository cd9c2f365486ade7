/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One client's sound, from its first chunk to its end: converted, pushed into a seat, and where in
 * it which chunk was. */

#include <jansson.h>
#include <stdbool.h>
#include "hosts/wyoming/hearing.h"
#include "sound/convert.h"

struct stream;

int stream_new(struct hearing *hearing, unsigned listener, struct stream **ret);
struct stream *stream_free(struct stream *stream);
CLEANUP_DEFINE(struct stream *, stream_free)

bool stream_is_open(const struct stream *stream);
/* It is open, and had no seat when it was last looked for one. */
bool stream_waits(const struct stream *stream);
/* Opens it, dropping what was open. */
void stream_open(struct stream *stream);
/* Leaves the seat; what was not heard yet is dropped. */
void stream_close(struct stream *stream);
/* The seat, taken when there is one; NULL while all are taken. */
struct seat *stream_seat(struct stream *stream);

/* The rate, width and channels that an event's data has, if it has any.
 * ANSWER_INVALID_ARGUMENT: they cannot be heard. */
int stream_format(struct stream *stream, const json_t *data, struct why *why);
/* A chunk begins, with this data. ANSWER_INVALID_ARGUMENT: its format was never told. */
int stream_chunk(struct stream *stream, const json_t *data, struct why *why);
/* Some of it, CONVERT_PIECE_BYTES at most. stream_flush() must have said true before. */
void stream_piece(struct stream *stream, const uint8_t *bytes, size_t n);
/* It is complete. ANSWER_INVALID_ARGUMENT: it ended within a frame. */
int stream_chunk_end(struct stream *stream, struct why *why);
/* Pushes what is left. False: there is no room yet, or no seat. */
bool stream_flush(struct stream *stream);

/* Whole seconds since it was opened, as samples. */
unsigned stream_seconds(const struct stream *stream);
/* The timestamp of the chunk with this position of the seat; false when it had none. */
bool stream_timestamp(const struct stream *stream, uint64_t position, int64_t *ret);
