/* SPDX-License-Identifier: Apache-2.0 */

/* The conversation with one client. A client that is slow, silent, malformed or gone costs its own
 * connection and nobody else's; sound that it did not end by audio-stop is dropped. */

#include "hosts/wyoming/connection.h"

#include <string.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "crypt/secret.h"
#include "hosts/wyoming/frame.h"
#include "hosts/wyoming/reply.h"
#include "hosts/wyoming/stream.h"

#define IN_BYTES 16384
/* So long a client may take to read the last words said to it. */
#define FAREWELL_MS 2000

struct connection {
	struct desk desk;
	int fd;
	struct loop_io *in, *out;
	struct frame_reader *reader;
	struct reply *reply;
	struct stream *stream;
	struct secret *memory;		/* IN_BYTES, of which [begin, end) are to be taken */
	size_t begin, end;
	void (*payload)(struct connection *connection, const struct frame *frame);
	bool detected;			/* in this stream */
	bool ending;			/* audio-stop came */
	bool told_end;			/* ... and the ear knows, and is not done yet */
	bool eof;
	bool farewell;			/* no more is taken; it ends when all is sent and read */
	bool over;
	int64_t active_ms;		/* when the client last did something */
	int64_t opened_ms;		/* when the stream was */
};


static int64_t now(void)
{
	return clock_boot_ms(&clock_system);
}

struct connection *connection_free(struct connection *connection)
{
	if (!connection)
		return NULL;
	loop_io_free(connection->in);
	loop_io_free(connection->out);
	frame_reader_free(connection->reader);
	reply_free(connection->reply);
	stream_free(connection->stream);
	secret_free(connection->memory);
	cleanup_close(&connection->fd);
	free(connection);
	return NULL;
}

/* Says why, then closes: a client that waits for a transcript must not wait for ever (rule 4). */
static void refuse(struct connection *connection, const char *code, const char *text)
{
	reply_error(connection->reply, code, text);
	stream_close(connection->stream);
	connection->ending = connection->told_end = false;
	connection->farewell = true;
	connection->active_ms = now();
}

/* What cannot be said is as if it had not been heard. */
static void must_fit(struct connection *connection, bool fits)
{
	if (!fits)
		connection->over = true;
}

static const char *string_of(const json_t *data, const char *name)
{
	return json_string_value(json_object_get(data, name));
}

static void on_describe(struct connection *connection, const json_t *data)
{
	must_fit(connection, reply_ready(connection->reply, connection->desk.info));
}

static void on_ping(struct connection *connection, const json_t *data)
{
	if (!reply_pong(connection->reply, string_of(data, "text")))
		refuse(connection, "invalid", "the text of a ping is too long");
}

/* The name that is asked for, if it is of our model; all models are one. */
static bool name_wanted(struct connection *connection, const json_t *names)
{
	const char *model = connection->desk.wake_model;
	const json_t *name;
	size_t i;

	if (json_array_size(names) == 0)
		return true;
	json_array_foreach(names, i, name)
		if (json_is_string(name) && strcmp(json_string_value(name), model) == 0)
			return true;
	return false;
}

static void on_detect(struct connection *connection, const json_t *data)
{
	if (!name_wanted(connection, json_object_get(data, "names")))
		refuse(connection, "unknown-model", "none of these wake models is here; describe "
		       "tells which are");
}

static void open_stream(struct connection *connection)
{
	stream_open(connection->stream);
	connection->detected = false;
	connection->opened_ms = now();
}

static void on_start(struct connection *connection, const json_t *data)
{
	struct why why;

	open_stream(connection);
	if (stream_format(connection->stream, data, &why) != 0)
		refuse(connection, "invalid", why.text);
}

static void on_stop(struct connection *connection, const json_t *data)
{
	/* A stream without a chunk is one, too. */
	if (!stream_is_open(connection->stream))
		open_stream(connection);
	connection->ending = true;
}

static void on_chunk(struct connection *connection, const struct frame *frame)
{
	struct why why = { "the sound cannot be converted" };
	int r = 0;

	if (frame->change == FRAME_EVENT && !stream_is_open(connection->stream))
		open_stream(connection);
	if (frame->change == FRAME_EVENT)
		r = stream_chunk(connection->stream, frame->data, &why);
	else if (frame->change == FRAME_PAYLOAD)
		stream_piece(connection->stream, frame->piece, frame->piece_bytes);
	else
		r = stream_chunk_end(connection->stream, &why);
	if (r)
		refuse(connection, "invalid", why.text);
}

static void event_take(struct connection *connection, const struct frame *frame)
{
	static const struct {
		const char *type;
		int service;		/* -1: any */
		void (*act)(struct connection *connection, const json_t *data);
	} events[] = {
		{ "describe", -1, on_describe },
		{ "ping", -1, on_ping },
		{ "detect", SERVICE_WAKE, on_detect },
		{ "audio-start", -1, on_start },
		{ "audio-stop", -1, on_stop },
	};
	int service = connection->desk.listener->service;

	connection->payload = strcmp(frame->type, "audio-chunk") == 0 ? on_chunk : NULL;
	if (connection->payload)
		connection->payload(connection, frame);
	/* "transcribe" tells nothing that would be done otherwise; what is unknown is ignored. */
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (strcmp(frame->type, events[i].type) == 0 &&
		    (events[i].service < 0 || events[i].service == service))
			events[i].act(connection, frame->data);
}

/* One step through what was read. False: no further now. */
static bool step(struct connection *connection)
{
	size_t n = connection->end - connection->begin;
	uint8_t *bytes = connection->memory->bytes + connection->begin;
	struct frame frame;
	struct why why = { "out of memory" };

	if (frame_take(connection->reader, bytes, &n, CONVERT_PIECE_BYTES, &frame, &why) != 0) {
		refuse(connection, "malformed", why.text);
		return false;
	}
	connection->begin += n;
	if (frame.change == FRAME_EVENT)
		event_take(connection, &frame);
	else if (frame.change != FRAME_NONE && connection->payload)
		connection->payload(connection, &frame);
	return frame.change != FRAME_NONE;
}

/* Whether the client may go on: it has read what it was told, and the ear has taken its sound. */
static bool may_go_on(struct connection *connection)
{
	return !connection->over && !connection->farewell && !connection->ending &&
	       !reply_waits(connection->reply) && stream_flush(connection->stream);
}

static void length_check(struct connection *connection)
{
	unsigned max_s = connection->desk.config->utterance_max_s;
	struct why why;

	if (connection->desk.listener->service != SERVICE_ASR || connection->farewell ||
	    stream_seconds(connection->stream) < max_s)
		return;
	answer_why(&why, 0, "an utterance of more than %u seconds (utterance_max_s)", max_s);
	refuse(connection, "too-long", why.text);
}

/* The sound is in the seat up to its end: the ear may finish it. */
static void stop_reach(struct connection *connection)
{
	if (!connection->ending || connection->told_end || !stream_flush(connection->stream))
		return;
	seat_end(stream_seat(connection->stream));
	connection->told_end = true;
}

static void send_some(struct connection *connection)
{
	if (!reply_waits(connection->reply))
		return;
	if (reply_send(connection->reply, connection->fd) < 0)
		connection->over = true;
	else if (!reply_waits(connection->reply))
		connection->active_ms = now();
}

/* Closing with something unread would take the last words away from the client: our half is closed
 * first, and the rest of his is read and dropped. */
static void farewell_go_on(struct connection *connection)
{
	if (!connection->farewell || reply_waits(connection->reply))
		return;
	shutdown(connection->fd, SHUT_WR);
	connection->over |= connection->eof;
}

static void in_wipe(struct connection *connection)
{
	if (connection->begin < connection->end && !connection->farewell)
		return;
	secret_wipe(connection->memory->bytes, connection->end);
	connection->begin = connection->end = 0;
}

/* As far as it goes. May end in desk->gone: nothing may come after it. */
static void go_on(struct connection *connection)
{
	do {
		length_check(connection);
		stop_reach(connection);
		send_some(connection);
	} while (may_go_on(connection) && step(connection));
	send_some(connection);
	farewell_go_on(connection);
	in_wipe(connection);
	/* What a client wanted to know, it may still read when it has nothing more to say. */
	if (connection->eof && may_go_on(connection))
		connection->over = true;
	if (connection->over) {
		connection->desk.gone(connection->desk.context, connection);
		return;
	}
	loop_io_enable(connection->in, !connection->eof &&
		       (connection->farewell || may_go_on(connection)));
	loop_io_enable(connection->out, reply_waits(connection->reply));
}

static void on_ready(void *context, unsigned events)
{
	struct connection *connection = context;
	ssize_t n;

	if (events & LOOP_READ) {
		/* Read only when all of the last is taken, so there is room. */
		n = recv(connection->fd, connection->memory->bytes, IN_BYTES, MSG_DONTWAIT);
		connection->eof |= n == 0;
		connection->over |= n < 0 && errno != EAGAIN && errno != EINTR;
		connection->begin = 0;
		connection->end = n > 0 ? (size_t)n : 0;
		if (n > 0 && !connection->farewell)
			connection->active_ms = now();
	}
	go_on(connection);
}

static void ended(struct connection *connection, const struct seat_news *news)
{
	bool fits = true;

	if (news->failed) {
		refuse(connection, "failed", "this could not be recognised; try again");
		return;
	}
	if (connection->desk.listener->service == SERVICE_ASR)
		fits = reply_transcript(connection->reply,
					seat_text(stream_seat(connection->stream)));
	else if (!connection->detected)
		fits = reply_not_detected(connection->reply);
	must_fit(connection, fits);
	stream_close(connection->stream);
	connection->ending = connection->told_end = false;
}

static void detected(struct connection *connection, const struct seat_news *news)
{
	int64_t timestamp;
	bool stamped = stream_timestamp(connection->stream, news->wake_position, &timestamp);

	connection->detected = true;
	must_fit(connection, reply_detection(connection->reply, connection->desk.wake_model,
					     stamped ? &timestamp : NULL));
}

/* Takes the seat that a stream waits for. Waiting for it was not the client's doing. */
static bool seat_wait(struct connection *connection)
{
	if (!stream_waits(connection->stream))
		return false;
	if (!stream_seat(connection->stream))
		return true;
	connection->active_ms = now();
	return false;
}

void connection_news(struct connection *connection)
{
	struct seat *seat = seat_wait(connection) ? NULL : stream_seat(connection->stream);
	struct seat_news news = { 0 };

	if (seat)
		seat_news_take(seat, &news);
	if (news.wakes && connection->desk.listener->service == SERVICE_WAKE)
		detected(connection, &news);
	if (news.ended)
		ended(connection, &news);
	go_on(connection);
}

void connection_tick(struct connection *connection, int64_t now_ms)
{
	const struct config *config = connection->desk.config;
	bool open = stream_is_open(connection->stream);
	bool no_seat = seat_wait(connection);
	int64_t idle_ms = now_ms - connection->active_ms;
	int64_t idle_max_ms = (int64_t)config->idle_max_s * 1000;
	/* The ear is behind: that is not the client's fault. */
	bool ours = open && !no_seat &&
		    (connection->told_end || !stream_flush(connection->stream));

	if (connection->farewell)
		connection->over |= idle_ms > FAREWELL_MS;
	else if (reply_waits(connection->reply))
		connection->over |= idle_ms > idle_max_ms;
	else if (no_seat && idle_ms > idle_max_ms)
		refuse(connection, "busy", "this listener is busy with others (streams)");
	else if (!ours && idle_ms > idle_max_ms)
		refuse(connection, "idle", "nothing was said for too long (idle_max_s)");
	else if (open && !ours && connection->desk.listener->service == SERVICE_ASR &&
		 now_ms - connection->opened_ms >
		 idle_max_ms + (int64_t)config->utterance_max_s * 1000)
		refuse(connection, "too-long", "an utterance took too long (utterance_max_s)");
	go_on(connection);
}

int connection_new(const struct desk *desk, int fd, struct connection **ret)
{
	_cleanup_(connection_freep) struct connection *connection = calloc(1, sizeof(*connection));
	int r;

	if (!connection) {
		close(fd);
		return fault_origin(-ENOMEM);
	}
	connection->desk = *desk;
	connection->fd = fd;
	connection->active_ms = now();
	r = frame_reader_new(&connection->reader);
	if (r == 0)
		r = reply_new(&connection->reply);
	if (r == 0)
		r = stream_new(desk->hearing, desk->number, &connection->stream);
	if (r == 0)
		r = secret_new(IN_BYTES, &connection->memory);
	if (r == 0)
		r = loop_io_new(desk->loop, fd, LOOP_READ, on_ready, connection, &connection->in);
	if (r == 0)
		r = loop_io_new(desk->loop, fd, LOOP_WRITE, on_ready, connection,
				&connection->out);
	if (r < 0)
		return fault_trace(r);
	*ret = take(connection);
	return 0;
}
