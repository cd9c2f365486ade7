/* SPDX-License-Identifier: Apache-2.0 */

/* The parser that faces whoever connects. It must hold no more than its limits, whatever comes, and
 * it never holds sound. */

#include "hosts/wyoming/frame.h"

#include <stdbool.h>
#include <string.h>

#define INVALID(why, ...) answer_why(why, ANSWER_INVALID_ARGUMENT, __VA_ARGS__)

enum frame_state {
	STATE_LINE,
	STATE_DATA,
	STATE_PAYLOAD,
};

struct frame_reader {
	enum frame_state state;
	uint8_t *text;			/* of the line, then of the data */
	size_t text_bytes, text_room;
	json_t *header;
	json_t *data;
	size_t data_left, payload_left;
};

int frame_reader_new(struct frame_reader **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : fault_origin(-ENOMEM);
}

static void event_drop(struct frame_reader *reader)
{
	json_decref(reader->header);
	json_decref(reader->data);
	reader->header = reader->data = NULL;
	reader->state = STATE_LINE;
}

struct frame_reader *frame_reader_free(struct frame_reader *reader)
{
	if (!reader)
		return NULL;
	event_drop(reader);
	free(reader->text);
	free(reader);
	return NULL;
}

static int text_add(struct frame_reader *reader, const uint8_t *bytes, size_t n)
{
	/* One more, so that an empty text is one too. */
	if (reader->text_bytes + n + 1 > reader->text_room) {
		size_t room = 2 * (reader->text_bytes + n + 1);
		uint8_t *text = realloc(reader->text, room);

		if (!text)
			return fault_origin(-ENOMEM);
		reader->text = text;
		reader->text_room = room;
	}
	memcpy(reader->text + reader->text_bytes, bytes, n);
	reader->text_bytes += n;
	return 0;
}

/* A large text is not kept for the next one. */
static void text_drop(struct frame_reader *reader)
{
	reader->text_bytes = 0;
	if (reader->text_room > FRAME_LINE_MAX_BYTES) {
		free(reader->text);
		reader->text = NULL;
		reader->text_room = 0;
	}
}

static int object_parse(const struct frame_reader *reader, const char *what, json_t **ret,
			struct why *why)
{
	json_error_t error;
	json_t *value = json_loadb((const char *)reader->text, reader->text_bytes,
				   JSON_DECODE_ANY, &error);

	if (!value)
		return INVALID(why, "the %s is not JSON: %s", what, error.text);
	if (!json_is_object(value)) {
		json_decref(value);
		return INVALID(why, "the %s is not a JSON object", what);
	}
	*ret = value;
	return 0;
}

static int length_read(const json_t *header, const char *name, size_t max, size_t *ret,
		       struct why *why)
{
	const json_t *value = json_object_get(header, name);
	json_int_t length = json_integer_value(value);

	*ret = 0;
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_integer(value) || length < 0 || length > (json_int_t)max)
		return INVALID(why, "%s must be a number from 0 to %zu", name, max);
	*ret = (size_t)length;
	return 0;
}

/* The line is complete: what follows it? */
static int line_end(struct frame_reader *reader, struct why *why)
{
	json_t *data;
	int r;

	r = object_parse(reader, "line", &reader->header, why);
	text_drop(reader);
	if (r)
		return r;
	if (!json_is_string(json_object_get(reader->header, "type")))
		return INVALID(why, "the event has no type");
	data = json_object_get(reader->header, "data");
	if (data && !json_is_object(data) && !json_is_null(data))
		return INVALID(why, "the event's data is not a JSON object");
	reader->data = json_is_object(data) ? json_incref(data) : json_object();
	if (!reader->data)
		return fault_origin(-ENOMEM);
	r = length_read(reader->header, "data_length", FRAME_DATA_MAX_BYTES, &reader->data_left,
			why);
	if (r == 0)
		r = length_read(reader->header, "payload_length", FRAME_PAYLOAD_MAX_BYTES,
				&reader->payload_left, why);
	reader->state = STATE_DATA;
	return r;
}

static int line_take(struct frame_reader *reader, const uint8_t *bytes, size_t *n, struct why *why)
{
	const uint8_t *end = memchr(bytes, '\n', *n);
	size_t part = end ? (size_t)(end - bytes) : *n;
	int r;

	if (reader->text_bytes + part >= FRAME_LINE_MAX_BYTES)
		return INVALID(why, "a line of %d bytes or more", FRAME_LINE_MAX_BYTES);
	r = text_add(reader, bytes, part);
	if (r < 0)
		return fault_trace(r);
	*n = end ? part + 1 : part;
	return end ? line_end(reader, why) : 0;
}

/* More of the data; when it is there the event is complete. */
static int data_take(struct frame_reader *reader, const uint8_t *bytes, size_t *n,
		     struct why *why)
{
	json_t *more;
	int r;

	*n = *n < reader->data_left ? *n : reader->data_left;
	r = text_add(reader, bytes, *n);
	if (r < 0)
		return fault_trace(r);
	reader->data_left -= *n;
	if (reader->data_left > 0)
		return 0;
	r = object_parse(reader, "data", &more, why);
	text_drop(reader);
	if (r)
		return r;
	r = json_object_update(reader->data, more) < 0 ? fault_origin(-ENOMEM) : 0;
	json_decref(more);
	return r;
}

static void event_tell(struct frame_reader *reader, struct frame *ret)
{
	reader->state = STATE_PAYLOAD;
	ret->change = FRAME_EVENT;
	ret->type = json_string_value(json_object_get(reader->header, "type"));
	ret->data = reader->data;
}

static void payload_take(struct frame_reader *reader, const uint8_t *bytes, size_t *n,
			 size_t max_piece, struct frame *ret)
{
	if (reader->payload_left == 0) {
		*n = 0;
		ret->change = FRAME_END;
		event_drop(reader);
		return;
	}
	*n = *n < reader->payload_left ? *n : reader->payload_left;
	*n = *n < max_piece ? *n : max_piece;
	reader->payload_left -= *n;
	if (*n == 0)
		return;
	ret->change = FRAME_PAYLOAD;
	ret->piece = bytes;
	ret->piece_bytes = *n;
}

int frame_take(struct frame_reader *reader, const uint8_t *bytes, size_t *n, size_t max_piece,
	       struct frame *ret, struct why *why)
{
	size_t all = *n, taken = 0, part;
	int r;

	*ret = (struct frame) { .change = FRAME_NONE };
	*n = 0;
	while (ret->change == FRAME_NONE) {
		bool data = reader->state == STATE_DATA;

		part = all - taken;
		if (data && reader->data_left == 0) {
			event_tell(reader, ret);
			break;
		}
		if (reader->state == STATE_PAYLOAD)
			payload_take(reader, bytes + taken, &part, max_piece, ret);
		else if (part == 0)
			break;
		else if ((r = data ? data_take(reader, bytes + taken, &part, why) :
				     line_take(reader, bytes + taken, &part, why)) != 0)
			return r;
		taken += part;
		*n = taken;
		if (part == 0)
			break;
	}
	return 0;
}
