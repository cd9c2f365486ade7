/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The edge to PulseAudio. The sound goes straight from its buffer to the hook; nothing is stored
 * here. The microphone must never silently become something else: the stream may not be moved,
 * and a monitor, which is what the default source becomes when the microphone is unplugged, is
 * refused.
 */

#include "capture.h"

#include <errno.h>
#include <pthread.h>
#include <pulse/pulseaudio.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include "base/fault.h"

#define CAPTURE_RATE_HZ 16000
/* 30 ms: measured as the smallest fragment that costs next to nothing. */
#define FRAGMENT_BYTES 960
#define RETRY_MIN_MS 500
#define RETRY_MAX_MS 8000
#define NEWS_MAX 16
#define SERVER_REMEDY                                                                              \
	"start PulseAudio or PipeWire for this user, or name the server in PULSE_SERVER"

struct capture {
	char *source;			/* NULL: the default */
	struct capture_hooks hooks;
	pthread_t thread;
	bool running;
	atomic_bool stop;
	pa_mainloop *loop;
	pa_context *context;
	pa_stream *stream;
	pa_operation *question;		/* one at a time about sources */
	pa_time_event *retry;
	unsigned retry_ms;
	bool open, opened_before, absent_told, overrun;
	pthread_mutex_t lock;		/* of the news */
	struct capture_news news[NEWS_MAX];
	unsigned n_news;
};

static void context_start(struct capture *capture);
static void source_look(struct capture *capture);

static void news_tell(struct capture *capture, enum capture_change change, const char *text)
{
	struct capture_news *news;

	pthread_mutex_lock(&capture->lock);
	/* When nobody takes them the newest matter most. */
	if (capture->n_news == NEWS_MAX) {
		memmove(capture->news, capture->news + 1, sizeof(*news) * (NEWS_MAX - 1));
		capture->n_news--;
	}
	news = &capture->news[capture->n_news++];
	news->change = change;
	snprintf(news->text, sizeof(news->text), "%s", text);
	pthread_mutex_unlock(&capture->lock);
	capture->hooks.changed(capture->hooks.context, change);
}

bool capture_news_take(struct capture *capture, struct capture_news *ret)
{
	bool some;

	pthread_mutex_lock(&capture->lock);
	some = capture->n_news > 0;
	if (some) {
		*ret = capture->news[0];
		capture->n_news--;
		memmove(capture->news, capture->news + 1, sizeof(*ret) * capture->n_news);
	}
	pthread_mutex_unlock(&capture->lock);
	return some;
}

/* Lost, or never there: said once until it changes. */
static void source_gone(struct capture *capture, const char *what, const char *remedy)
{
	char text[sizeof(capture->news[0].text)];

	snprintf(text, sizeof(text), "%s; %s", what, remedy);
	if (capture->open) {
		capture->open = false;
		news_tell(capture, CAPTURE_LOST, text);
	} else if (!capture->opened_before && !capture->absent_told) {
		capture->absent_told = true;
		news_tell(capture, CAPTURE_ABSENT, text);
	}
}

static void stream_close(struct capture *capture)
{
	if (!capture->stream)
		return;
	pa_stream_set_state_callback(capture->stream, NULL, NULL);
	pa_stream_set_read_callback(capture->stream, NULL, NULL);
	pa_stream_disconnect(capture->stream);
	pa_stream_unref(capture->stream);
	capture->stream = NULL;
}

static void question_drop(struct capture *capture)
{
	if (!capture->question)
		return;
	pa_operation_cancel(capture->question);
	pa_operation_unref(capture->question);
	capture->question = NULL;
}

static void context_close(struct capture *capture)
{
	stream_close(capture);
	question_drop(capture);
	if (!capture->context)
		return;
	pa_context_set_state_callback(capture->context, NULL, NULL);
	pa_context_set_subscribe_callback(capture->context, NULL, NULL);
	pa_context_disconnect(capture->context);
	pa_context_unref(capture->context);
	capture->context = NULL;
}

static void retry_now(pa_mainloop_api *api, pa_time_event *event, const struct timeval *when,
		      void *context)
{
	struct capture *capture = context;

	api->time_free(event);
	capture->retry = NULL;
	if (capture->context && pa_context_get_state(capture->context) == PA_CONTEXT_READY)
		source_look(capture);
	else
		context_start(capture);
}

static void retry_later(struct capture *capture)
{
	pa_mainloop_api *api = pa_mainloop_get_api(capture->loop);
	struct timeval when;

	if (capture->retry)
		return;
	pa_gettimeofday(&when);
	pa_timeval_add(&when, (pa_usec_t)capture->retry_ms * PA_USEC_PER_MSEC);
	capture->retry = api->time_new(api, &when, retry_now, capture);
	capture->retry_ms = capture->retry_ms * 2 < RETRY_MAX_MS ? capture->retry_ms * 2 :
								   RETRY_MAX_MS;
}

static void overrun_note(struct capture *capture, bool overrun)
{
	if (overrun && !capture->overrun)
		news_tell(capture, CAPTURE_OVERRUN,
			  "recognition is slower than speech on this machine and sound was "
			  "dropped; use a grammar (--grammar)");
	capture->overrun = overrun;
}

static void stream_read(pa_stream *stream, size_t n_bytes, void *context)
{
	struct capture *capture = context;
	const void *data;

	while (pa_stream_readable_size(stream) > 0) {
		size_t n;

		if (pa_stream_peek(stream, &data, &n_bytes) < 0 || n_bytes == 0)
			return;
		n = n_bytes / sizeof(int16_t);
		/* No data but a size: a hole, as long as it says. */
		overrun_note(capture, capture->hooks.sound(capture->hooks.context, data, n) < n);
		pa_stream_drop(stream);
	}
}

static void stream_changed(pa_stream *stream, void *context)
{
	struct capture *capture = context;

	switch (pa_stream_get_state(stream)) {
	case PA_STREAM_READY:
		capture->open = true;
		capture->retry_ms = RETRY_MIN_MS;
		news_tell(capture, capture->opened_before ? CAPTURE_BACK : CAPTURE_OPEN,
			  pa_stream_get_device_name(stream));
		capture->opened_before = true;
		break;
	case PA_STREAM_FAILED:
	case PA_STREAM_TERMINATED:
		stream_close(capture);
		source_gone(capture, "the microphone was unplugged or cannot be opened",
			    "plug it in again");
		retry_later(capture);
		break;
	case PA_STREAM_UNCONNECTED:
	case PA_STREAM_CREATING:
		break;
	}
}

static void stream_open(struct capture *capture, const char *source)
{
	const pa_sample_spec spec = { .format = PA_SAMPLE_S16NE,
				      .rate = CAPTURE_RATE_HZ,
				      .channels = 1 };
	const pa_buffer_attr buffer = { .maxlength = (uint32_t)-1, .fragsize = FRAGMENT_BYTES };

	capture->stream = pa_stream_new(capture->context, "ear", &spec, NULL);
	if (!capture->stream) {
		retry_later(capture);
		return;
	}
	pa_stream_set_state_callback(capture->stream, stream_changed, capture);
	pa_stream_set_read_callback(capture->stream, stream_read, capture);
	if (pa_stream_connect_record(capture->stream, source, &buffer,
				     PA_STREAM_ADJUST_LATENCY | PA_STREAM_DONT_MOVE) < 0) {
		stream_close(capture);
		retry_later(capture);
	}
}

/* Called with the source, then once more with its end; or once, when there is none. */
static void source_found(pa_context *context, const pa_source_info *info, int end, void *data)
{
	struct capture *capture = data;
	char what[200];

	if (end == 0) {
		if (capture->stream)
			return;
		if (!capture->source && info->monitor_of_sink != PA_INVALID_INDEX) {
			snprintf(what, sizeof(what),
				 "no microphone: the default source %s only hears what the speaker "
				 "plays",
				 info->name);
			source_gone(capture, what, "plug one in, or name a source with --source");
			return;
		}
		stream_open(capture, info->name);
		return;
	}
	question_drop(capture);
	if (end < 0) {
		snprintf(what, sizeof(what), "no microphone: there is no source \"%s\"",
			 capture->source ? capture->source : "");
		source_gone(capture, what, "\"pactl list short sources\" shows what there is");
	}
}

static void server_described(pa_context *context, const pa_server_info *info, void *data)
{
	struct capture *capture = data;

	question_drop(capture);
	if (info && info->default_source_name)
		capture->question = pa_context_get_source_info_by_name(
			context, info->default_source_name, source_found, capture);
	else
		source_gone(capture, "no microphone: the sound server has no source",
			    "plug one in");
}

/* Asked again whenever sources come, go or change: news arrives by subscription, not by polling. */
static void source_look(struct capture *capture)
{
	if (capture->stream)
		return;
	question_drop(capture);
	if (capture->source)
		capture->question = pa_context_get_source_info_by_name(
			capture->context, capture->source, source_found, capture);
	else
		capture->question = pa_context_get_server_info(capture->context, server_described,
							       capture);
}

static void sources_changed(pa_context *context, pa_subscription_event_type_t type, uint32_t index,
			    void *data)
{
	source_look(data);
}

static void operation_forget(pa_operation *operation)
{
	if (operation)
		pa_operation_unref(operation);
}

static void context_changed(pa_context *context, void *data)
{
	struct capture *capture = data;

	switch (pa_context_get_state(context)) {
	case PA_CONTEXT_READY:
		capture->retry_ms = RETRY_MIN_MS;
		operation_forget(pa_context_subscribe(context,
						      PA_SUBSCRIPTION_MASK_SOURCE |
							      PA_SUBSCRIPTION_MASK_SERVER,
						      NULL, NULL));
		source_look(capture);
		break;
	case PA_CONTEXT_FAILED:
	case PA_CONTEXT_TERMINATED:
		/* A context cannot be connected twice. */
		context_close(capture);
		source_gone(capture, "the sound server cannot be reached", SERVER_REMEDY);
		retry_later(capture);
		break;
	default:
		break;
	}
}

static void context_start(struct capture *capture)
{
	context_close(capture);
	capture->context = pa_context_new(pa_mainloop_get_api(capture->loop), "Cubby");
	if (!capture->context) {
		retry_later(capture);
		return;
	}
	pa_context_set_state_callback(capture->context, context_changed, capture);
	pa_context_set_subscribe_callback(capture->context, sources_changed, capture);
	if (pa_context_connect(capture->context, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0 &&
	    capture->context) {
		context_close(capture);
		source_gone(capture, "the sound server cannot be reached", SERVER_REMEDY);
		retry_later(capture);
	}
}

static void *capture_run(void *context)
{
	struct capture *capture = context;

	context_start(capture);
	while (!atomic_load(&capture->stop) && pa_mainloop_iterate(capture->loop, 1, NULL) >= 0)
		;
	context_close(capture);
	return NULL;
}

/* The host's signals are the host's. */
static int thread_start(struct capture *capture)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&capture->thread, NULL, capture_run, capture);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return fault_origin(-error);
	capture->running = true;
	return 0;
}

int capture_new(const char *source, const struct capture_hooks *hooks, struct capture **ret)
{
	_cleanup_(capture_freep) struct capture *capture = calloc(1, sizeof(*capture));
	int r;

	if (!capture)
		return fault_origin(-ENOMEM);
	pthread_mutex_init(&capture->lock, NULL);
	capture->hooks = *hooks;
	capture->retry_ms = RETRY_MIN_MS;
	capture->source = source ? strdup(source) : NULL;
	capture->loop = pa_mainloop_new();
	if (!capture->loop || (source && !capture->source))
		return fault_origin(-ENOMEM);
	r = thread_start(capture);
	if (r < 0)
		return fault_trace(r);
	*ret = take(capture);
	return 0;
}

struct capture *capture_free(struct capture *capture)
{
	if (!capture)
		return NULL;
	if (capture->running) {
		atomic_store(&capture->stop, true);
		pa_mainloop_wakeup(capture->loop);
		pthread_join(capture->thread, NULL);
	}
	if (capture->loop)
		pa_mainloop_free(capture->loop);
	pthread_mutex_destroy(&capture->lock);
	free(capture->source);
	free(capture);
	return NULL;
}
