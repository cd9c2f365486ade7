/* SPDX-License-Identifier: Apache-2.0 */

/* Writing events without a JSON library or stdio, whose buffers would keep what a child said. */

#include "hosts/wyoming/reply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "base/fault.h"
#include "base/quote.h"
#include "crypt/secret.h"

/* The longest event, each of its characters escaped, and some room behind it. */
#define REPLY_BYTES (QUOTE_BYTES(REPLY_TEXT_MAX_BYTES) + 4096)

struct reply {
	struct secret *memory;
	char *text;
	size_t begin, end;		/* of what is to be sent */
};

int reply_new(struct reply **ret)
{
	_cleanup_(reply_freep) struct reply *reply = calloc(1, sizeof(*reply));
	int r;

	if (!reply)
		return fault_origin(-ENOMEM);
	r = secret_new(REPLY_BYTES, &reply->memory);
	if (r < 0)
		return fault_trace(r);
	reply->text = (char *)reply->memory->bytes;
	*ret = take(reply);
	return 0;
}

struct reply *reply_free(struct reply *reply)
{
	if (!reply)
		return NULL;
	secret_free(reply->memory);
	free(reply);
	return NULL;
}

/* Adds; or leaves *end beyond the end when it does not fit. */
_printf_(3, 4)
static void add(struct reply *reply, size_t *end, const char *format, ...)
{
	size_t room = *end < REPLY_BYTES ? REPLY_BYTES - *end : 0;
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(room ? reply->text + *end : NULL, room, format, list);
	va_end(list);
	*end += n > 0 ? (size_t)n : 0;
}

static void add_quoted(struct reply *reply, size_t *end, const char *text)
{
	size_t n = strlen(text);

	if (n >= REPLY_TEXT_MAX_BYTES || *end + QUOTE_BYTES(n) > REPLY_BYTES)
		*end = REPLY_BYTES + 1;
	else
		*end += quote_json(text, reply->text + *end);
}

static bool keep(struct reply *reply, size_t end)
{
	if (end >= REPLY_BYTES) {
		secret_wipe(reply->text + reply->end, REPLY_BYTES - reply->end);
		return false;
	}
	reply->end = end;
	return true;
}

bool reply_transcript(struct reply *reply, const char *text)
{
	size_t end = reply->end;

	add(reply, &end, "{\"type\":\"transcript\",\"data\":{\"text\":");
	add_quoted(reply, &end, text);
	add(reply, &end, "}}\n");
	return keep(reply, end);
}

bool reply_detection(struct reply *reply, const char *name, const int64_t *timestamp)
{
	size_t end = reply->end;

	add(reply, &end, "{\"type\":\"detection\",\"data\":{\"name\":");
	add_quoted(reply, &end, name);
	if (timestamp)
		add(reply, &end, ",\"timestamp\":%" PRId64, *timestamp);
	else
		add(reply, &end, ",\"timestamp\":null");
	add(reply, &end, "}}\n");
	return keep(reply, end);
}

bool reply_not_detected(struct reply *reply)
{
	return reply_ready(reply, "{\"type\":\"not-detected\",\"data\":{}}\n");
}

bool reply_pong(struct reply *reply, const char *text)
{
	size_t end = reply->end;

	add(reply, &end, "{\"type\":\"pong\",\"data\":{\"text\":");
	if (text)
		add_quoted(reply, &end, text);
	else
		add(reply, &end, "null");
	add(reply, &end, "}}\n");
	return keep(reply, end);
}

bool reply_error(struct reply *reply, const char *code, const char *text)
{
	size_t end = reply->end;

	add(reply, &end, "{\"type\":\"error\",\"data\":{\"text\":");
	add_quoted(reply, &end, text);
	add(reply, &end, ",\"code\":\"%s\"}}\n", code);
	return keep(reply, end);
}

bool reply_ready(struct reply *reply, const char *event)
{
	size_t end = reply->end;

	add(reply, &end, "%s", event);
	return keep(reply, end);
}

bool reply_waits(const struct reply *reply)
{
	return reply->end > 0;
}

int reply_send(struct reply *reply, int fd)
{
	while (reply->begin < reply->end) {
		ssize_t n = send(fd, reply->text + reply->begin, reply->end - reply->begin,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		reply->begin += (size_t)n;
	}
	secret_wipe(reply->text, REPLY_BYTES);
	reply->begin = reply->end = 0;
	return 0;
}
