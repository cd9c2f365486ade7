/* SPDX-License-Identifier: Apache-2.0 */
/* Plays through PulseAudio, and hears an adult who was asked to speak. Nothing here opens a
 * recording stream for anybody else (R25). This file alone of cli/ includes <pulse/...>. */

#include "playback.h"

#include <pulse/pulseaudio.h>
#include <pulse/simple.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypt/secret.h"

#define CHUNK_FRAMES 4096
#define SERVER_TRIES 500
#define SERVER_WAIT_US 10000

static void simple_freep(pa_simple **simple)
{
	if (*simple)
		pa_simple_free(*simple);
}

int playback_run(const int16_t *samples, size_t frames, unsigned rate_hz, struct why *why)
{
	_cleanup_(simple_freep) pa_simple *simple = NULL;
	const pa_sample_spec spec = { .format = PA_SAMPLE_S16NE, .rate = rate_hz, .channels = 1 };
	int error = 0;

	simple = pa_simple_new(NULL, "cubby", PA_STREAM_PLAYBACK, NULL, "cubby play", &spec,
			       NULL, NULL,
			       &error);
	if (!simple)
		return answer_why(why, ANSWER_NO_DAEMON,
				  "no sound server to play to (%s); -o FILE writes the sound "
				  "instead",
				  pa_strerror(error));
	for (size_t at = 0; at < frames; at += CHUNK_FRAMES) {
		size_t n = frames - at < CHUNK_FRAMES ? frames - at : CHUNK_FRAMES;

		if (pa_simple_write(simple, samples + at, n * sizeof(*samples), &error) < 0)
			return answer_why(why, ANSWER_FAILED, "playing stopped (%s)",
					  pa_strerror(error));
	}
	if (pa_simple_drain(simple, &error) < 0)
		return answer_why(why, ANSWER_FAILED, "playing stopped (%s)", pa_strerror(error));
	return 0;
}

int playback_hear(unsigned rate_hz, size_t frames,
		  int (*heard)(void *context, const int16_t *samples), void *context,
		  struct why *why)
{
	_cleanup_(simple_freep) pa_simple *simple = NULL;
	_cleanup_(secret_freep) struct secret *memory = NULL;
	const pa_sample_spec spec = { .format = PA_SAMPLE_S16NE, .rate = rate_hz, .channels = 1 };
	const pa_buffer_attr sizes = {
		.maxlength = (uint32_t)-1, .tlength = (uint32_t)-1, .prebuf = (uint32_t)-1,
		.minreq = (uint32_t)-1, .fragsize = (uint32_t)(frames * sizeof(int16_t)),
	};
	int error = 0, r = secret_new(frames * sizeof(int16_t), &memory);

	if (r != 0)
		return fault_trace(r);
	simple = pa_simple_new(NULL, "cubby", PA_STREAM_RECORD, NULL, "cubby enroll", &spec, NULL,
			       &sizes, &error);
	if (!simple)
		return answer_why(why, ANSWER_NO_DAEMON, "the microphone cannot be opened (%s)",
				  pa_strerror(error));
	do {
		if (pa_simple_read(simple, memory->bytes, memory->n, &error) < 0)
			return answer_why(why, ANSWER_FAILED, "listening stopped (%s)",
					  pa_strerror(error));
	} while (heard(context, (const int16_t *)(void *)memory->bytes) == 0);
	return 0;
}

/* What was asked of the server. */
struct asked {
	char source[256];
	bool monitor;
	bool server_done;
	bool source_done;
};

static void server_told(pa_context *context, const pa_server_info *info, void *data)
{
	struct asked *asked = data;

	if (info && info->default_source_name)
		snprintf(asked->source, sizeof(asked->source), "%s", info->default_source_name);
	asked->server_done = true;
}

static void source_told(pa_context *context, const pa_source_info *info, int end, void *data)
{
	struct asked *asked = data;

	if (end == 0 && info)
		asked->monitor = info->monitor_of_sink != PA_INVALID_INDEX;
	else
		asked->source_done = true;
}

/* Turns the loop until *done, the context fails, or 5 s have passed. */
static bool loop_until(pa_mainloop *loop, pa_context *context, const bool *done)
{
	for (int i = 0; i < SERVER_TRIES; i++) {
		if (done ? *done : pa_context_get_state(context) == PA_CONTEXT_READY)
			return true;
		if (!PA_CONTEXT_IS_GOOD(pa_context_get_state(context)))
			return false;
		if (pa_mainloop_prepare(loop, SERVER_WAIT_US) < 0 || pa_mainloop_poll(loop) < 0 ||
		    pa_mainloop_dispatch(loop) < 0)
			return false;
	}
	return false;
}

static bool source_ask(pa_mainloop *loop, pa_context *context, struct asked *asked)
{
	pa_operation *operation;

	if (pa_context_connect(context, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0 ||
	    !loop_until(loop, context, NULL))
		return false;
	operation = pa_context_get_server_info(context, server_told, asked);
	if (!operation)
		return false;
	pa_operation_unref(operation);
	if (!loop_until(loop, context, &asked->server_done))
		return false;
	if (!asked->source[0])
		return true;
	operation = pa_context_get_source_info_by_name(context, asked->source, source_told, asked);
	if (!operation)
		return false;
	pa_operation_unref(operation);
	return loop_until(loop, context, &asked->source_done);
}

int playback_microphone(char *ret_name, size_t room, struct why *why)
{
	pa_mainloop *loop = pa_mainloop_new();
	pa_context *context = loop ? pa_context_new(pa_mainloop_get_api(loop), "cubby doctor") :
	NULL;
	struct asked asked = { 0 };
	bool answered = context && source_ask(loop, context, &asked);

	if (context) {
		pa_context_disconnect(context);
		pa_context_unref(context);
	}
	if (loop)
		pa_mainloop_free(loop);
	if (!answered)
		return answer_why(why, ANSWER_NO_DAEMON, "no sound server answers you");
	/* When the microphone goes, the default becomes a monitor of what the speaker plays. */
	if (!asked.source[0] || asked.monitor)
		return answer_why(why, ANSWER_NOT_FOUND, "the sound server has no microphone");
	snprintf(ret_name, room, "%s", asked.source);
	return 0;
}
