/* SPDX-License-Identifier: Apache-2.0 */

/* Sound on its way from a socket to the ear. It is in locked memory all the way and wiped behind
 * itself. */

#include "hosts/wyoming/stream.h"

#include "crypt/secret.h"

/* Chunks whose timestamps are remembered: the spotter answers within a second of the phrase. */
#define CHUNKS 256

struct chunk {
	uint64_t end;			/* position of the seat behind it */
	bool stamped;
	int64_t timestamp;
};

struct stream {
	struct hearing *hearing;
	unsigned listener;
	bool open;
	struct seat *seat;
	struct convert_format format;	/* rate_hz 0: not told */
	struct convert *convert;
	uint64_t frames;		/* since it was opened */
	struct chunk chunks[CHUNKS];
	uint64_t n_chunks;		/* so far; the last CHUNKS of them are kept */
	struct secret *memory;
	int16_t *samples;		/* CONVERT_PIECE_FRAMES; of them [begin, end) are left */
	size_t begin, end;
};

int stream_new(struct hearing *hearing, unsigned listener, struct stream **ret)
{
	_cleanup_(stream_freep) struct stream *stream = calloc(1, sizeof(*stream));
	int r;

	if (!stream)
		return fault_origin(-ENOMEM);
	stream->hearing = hearing;
	stream->listener = listener;
	r = secret_new(CONVERT_PIECE_FRAMES * sizeof(*stream->samples), &stream->memory);
	if (r < 0)
		return fault_trace(r);
	stream->samples = (int16_t *)(void *)stream->memory->bytes;
	*ret = take(stream);
	return 0;
}

struct stream *stream_free(struct stream *stream)
{
	if (!stream)
		return NULL;
	stream_close(stream);
	secret_free(stream->memory);
	free(stream);
	return NULL;
}

bool stream_is_open(const struct stream *stream)
{
	return stream->open;
}

bool stream_waits(const struct stream *stream)
{
	return stream->open && !stream->seat;
}

void stream_open(struct stream *stream)
{
	stream_close(stream);
	stream->open = true;
	stream_seat(stream);
}

void stream_close(struct stream *stream)
{
	if (stream->seat)
		seat_release(stream->seat);
	stream->seat = NULL;
	stream->open = false;
	stream->format = (struct convert_format) { 0 };
	stream->convert = convert_free(stream->convert);
	stream->frames = stream->n_chunks = 0;
	stream->begin = stream->end = 0;
	secret_wipe(stream->memory->bytes, stream->memory->n);
}

struct seat *stream_seat(struct stream *stream)
{
	if (stream->open && !stream->seat)
		stream->seat = hearing_seat_take(stream->hearing, stream->listener);
	return stream->seat;
}

static unsigned number_of(const json_t *data, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(data, name));

	return value > 0 && value < UINT32_MAX ? (unsigned)value : 0;
}

int stream_format(struct stream *stream, const json_t *data, struct why *why)
{
	const struct convert_format format = {
		.rate_hz = number_of(data, "rate"), .width = number_of(data, "width"),
		.channels = number_of(data, "channels"),
	};
	bool same = format.rate_hz == stream->format.rate_hz &&
		    format.width == stream->format.width &&
		    format.channels == stream->format.channels;
	int r;

	if (same && stream->convert)
		return 0;
	if (!json_object_get(data, "rate") && !json_object_get(data, "width") &&
	    !json_object_get(data, "channels"))
		return 0;
	stream->convert = convert_free(stream->convert);
	r = convert_new(&format, &stream->convert, why);
	if (r)
		return r;
	stream->format = format;
	return 0;
}

int stream_chunk(struct stream *stream, const json_t *data, struct why *why)
{
	const json_t *timestamp = json_object_get(data, "timestamp");
	int r;

	r = stream_format(stream, data, why);
	if (r)
		return r;
	if (!stream->convert)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "a chunk without rate, width and "
				  "channels, which no audio-start gave either");
	stream->chunks[stream->n_chunks++ % CHUNKS] = (struct chunk) {
		.stamped = json_is_integer(timestamp),
		.timestamp = json_integer_value(timestamp),
		.end = UINT64_MAX,
	};
	return 0;
}

void stream_piece(struct stream *stream, const uint8_t *bytes, size_t n)
{
	stream->begin = 0;
	stream->end = convert_run(stream->convert, bytes, n, stream->samples);
	stream->frames += stream->end;
}

int stream_chunk_end(struct stream *stream, struct why *why)
{
	struct chunk *chunk = &stream->chunks[(stream->n_chunks - 1) % CHUNKS];

	/* What is left to push belongs to it. */
	if (stream->seat)
		chunk->end = seat_position(stream->seat) + stream->end - stream->begin;
	if (convert_left(stream->convert) == 0)
		return 0;
	return answer_why(why, ANSWER_INVALID_ARGUMENT, "a chunk ended within a frame of %u bytes",
			  stream->format.width * stream->format.channels);
}

bool stream_flush(struct stream *stream)
{
	size_t n = stream->end - stream->begin;

	if (!stream->open)
		return true;
	if (!stream_seat(stream))
		return false;
	if (n == 0)
		return true;
	stream->begin += seat_push(stream->seat, stream->samples + stream->begin, n);
	if (stream->begin < stream->end)
		return false;
	secret_wipe(stream->samples, stream->end * sizeof(*stream->samples));
	stream->begin = stream->end = 0;
	return true;
}

unsigned stream_seconds(const struct stream *stream)
{
	return (unsigned)(stream->frames / CUBBY_EAR_RATE_HZ);
}

bool stream_timestamp(const struct stream *stream, uint64_t position, int64_t *ret)
{
	uint64_t first = stream->n_chunks > CHUNKS ? stream->n_chunks - CHUNKS : 0;

	for (uint64_t i = first; i < stream->n_chunks; i++) {
		const struct chunk *chunk = &stream->chunks[i % CHUNKS];

		if (position > chunk->end && i + 1 < stream->n_chunks)
			continue;
		*ret = chunk->timestamp;
		return chunk->stamped;
	}
	return false;
}
