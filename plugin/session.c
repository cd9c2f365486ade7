/* SPDX-License-Identifier: Apache-2.0 */

/* One session: sound in at its door, events out to its host. While the host has muted, nothing
 * passes the door, and nothing that had passed it before comes out. */

#include "session.h"

#include <string.h>
#include "base/clock.h"

static int64_t ear_now_ms(const struct cubby_ear *ear)
{
	return ear->services.now_ms ? ear->services.now_ms(ear->services.context) :
	       clock_boot_ms(&clock_system);
}

static void session_event(void *context, const struct cubby_ear_event *event)
{
	struct cubby_ear_session *session = context;

	if (event->type == CUBBY_EAR_SPEECH_START)
		session->question = (struct question) { 0 };
	if (event->type == CUBBY_EAR_FINAL)
		session->question = (struct question) { .heard = true, .who = event->who };
	session->event(session->context, session, event);
}

static void session_tell(struct cubby_ear_session *session, enum cubby_ear_event_type type,
			 const char *text, const char *reason)
{
	session_event(session, &(struct cubby_ear_event){ .size = sizeof(struct cubby_ear_event),
							  .type = type,
							  .text = text,
							  .reason = reason });
}

static size_t captured(void *context, const int16_t *samples, size_t n)
{
	struct cubby_ear_session *session = context;
	size_t taken = session->ear->mute ? n : pipeline_push(session->pipeline, samples, n);

	ear_wake(session->ear);
	return taken;
}

static void capture_changed(void *context, enum capture_change change)
{
	struct cubby_ear_session *session = context;

	/* Half an utterance is one: what comes later is another. */
	if (change == CAPTURE_LOST)
		pipeline_mark_end(session->pipeline);
	ear_wake(session->ear);
}

#define FLAGS_KNOWN (CUBBY_EAR_MICROPHONE | CUBBY_EAR_AWAKE | CUBBY_EAR_WAKE_ONLY | \
		     CUBBY_EAR_PARTIALS)

/* What a host asks for and does not get, it must learn. */
static int flags_check(const struct cubby_ear *ear, unsigned flags, struct why *why)
{
	if (flags & ~(unsigned)FLAGS_KNOWN)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "unknown session flags 0x%x; is "
				  "this library older than its host?",
				  flags & ~(unsigned)FLAGS_KNOWN);
	if ((flags & CUBBY_EAR_AWAKE) && (flags & CUBBY_EAR_WAKE_ONLY))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "a session cannot be both awake "
				  "and for the wake phrase only");
	if ((flags & CUBBY_EAR_WAKE_ONLY) && !ear->tools.spotter)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "a session for the wake phrase "
				  "only needs an ear with a wake phrase");
	return 0;
}

static int microphone_open(struct cubby_ear_session *session)
{
	const struct capture_hooks hooks = {
		.sound = captured, .changed = capture_changed, .context = session,
	};

	return capture_new(session->source, &hooks, &session->capture);
}

static int session_open(struct cubby_ear_session *session,
			const struct cubby_ear_session_config *config)
{
	struct pipeline_tools tools = session->ear->tools;
	int r;

	if (config->flags & CUBBY_EAR_AWAKE)
		tools.spotter = NULL;
	if (config->flags & CUBBY_EAR_WAKE_ONLY)
		tools.recogniser = NULL;
	tools.partial = config->flags & CUBBY_EAR_PARTIALS;
	r = pipeline_new(&tools, config->flags & CUBBY_EAR_WAKE_ONLY ? NULL : config->profile,
			 session_event, session, &session->pipeline);
	session->microphone = config->flags & CUBBY_EAR_MICROPHONE;
	if (r == 0 && config->source && !(session->source = strdup(config->source)))
		r = fault_origin(-ENOMEM);
	if (r == 0 && session->microphone && !session->ear->mute)
		r = microphone_open(session);
	return r < 0 ? fault_trace(r) : 0;
}

EAR_PUBLIC int cubby_ear_session_new(struct cubby_ear *ear,
				     const struct cubby_ear_session_config *config,
				     struct cubby_ear_session **ret_session,
				     char *why_text, size_t why_bytes)
{
	struct cubby_ear_session *session = calloc(1, sizeof(*session));
	struct cubby_ear_session_config copy;
	struct why why = { "" };
	int r;

	if (!session)
		return host_answer(fault_origin(-ENOMEM), &why, why_text, why_bytes);
	session->ear = ear;
	r = struct_take(&copy, sizeof(copy), config, config ? config->size : 0);
	if (r == 0 && !copy.event)
		r = fault_origin(-EINVAL);
	if (r == 0)
		r = flags_check(ear, copy.flags, &why);
	if (r) {
		free(session);
		return host_answer(r, &why, why_text, why_bytes);
	}
	session->context = copy.context;
	session->event = copy.event;
	session->next = ear->sessions;
	ear->sessions = session;
	r = session_open(session, &copy);
	if (r < 0) {
		cubby_ear_session_close(session);
		return host_answer(r, &why, why_text, why_bytes);
	}
	ear_wake(ear);
	*ret_session = session;
	return 0;
}

EAR_PUBLIC void cubby_ear_session_close(struct cubby_ear_session *session)
{
	struct cubby_ear_session **link;

	if (!session)
		return;
	for (link = &session->ear->sessions; *link != session; link = &(*link)->next)
		;
	*link = session->next;
	capture_free(session->capture);
	pipeline_free(session->pipeline);
	free(session->source);
	free(session);
}

EAR_PUBLIC size_t cubby_ear_session_push(struct cubby_ear_session *session, const int16_t *samples,
					 size_t n)
{
	size_t taken = 0;

	if (session->ear->mute)
		return n;
	if (samples)
		taken = pipeline_push(session->pipeline, samples, n);
	session->pushed_ms = ear_now_ms(session->ear);
	ear_wake(session->ear);
	return taken;
}

EAR_PUBLIC void cubby_ear_session_end_of_utterance(struct cubby_ear_session *session)
{
	pipeline_mark_end(session->pipeline);
	ear_wake(session->ear);
}

EAR_PUBLIC void cubby_ear_session_cancel(struct cubby_ear_session *session)
{
	session->question = (struct question) { 0 };
	pipeline_cancel(session->pipeline);
}

/* 1 or 0 for a host, which gets the reason for a 0. */
static int host_yes(int r, const struct why *why, char *text, size_t n)
{
	if (text && n > 0)
		snprintf(text, n, "%s", r ? why->text : "");
	return r == 0;
}

EAR_PUBLIC int cubby_ear_audio_may_leave_device(const struct cubby_ear_session *session,
						char *why_text, size_t why_bytes)
{
	struct why why = { "" };

	return host_yes(question_leave(&session->question, session->ear->adults_may_leave, &why),
			&why, why_text, why_bytes);
}

EAR_PUBLIC int cubby_ear_may_be_exported(const struct cubby_ear_session *session, char *why_text,
					 size_t why_bytes)
{
	struct why why = { "" };

	return host_yes(question_export(&session->question, &why), &why, why_text, why_bytes);
}

static void session_ready(struct cubby_ear_session *session, const char *source)
{
	if (session->ready)
		return;
	session->ready = true;
	session_tell(session, CUBBY_EAR_READY, source, NULL);
	pipeline_keeping(session->pipeline);
}

static void session_news(struct cubby_ear_session *session, const struct capture_news *news)
{
	switch (news->change) {
	case CAPTURE_OPEN:
		session_ready(session, news->text);
		break;
	case CAPTURE_BACK:
		session_tell(session, CUBBY_EAR_SOURCE_BACK, news->text, NULL);
		break;
	case CAPTURE_LOST:
		session_tell(session, CUBBY_EAR_SOURCE_LOST, NULL, news->text);
		break;
	case CAPTURE_ABSENT:
	case CAPTURE_OVERRUN:
		session_tell(session, CUBBY_EAR_ERROR, NULL, news->text);
		break;
	}
}

void session_mute(struct cubby_ear_session *session, bool muted)
{
	if (muted == session->muted_told)
		return;
	if (muted)
		session->capture = capture_free(session->capture);
	/* Also when hearing again: what was on its way in meanwhile. */
	cubby_ear_session_cancel(session);
	session->muted_told = muted;
	if (session->ready)
		pipeline_keeping(session->pipeline);
	session_event(session, &(struct cubby_ear_event){ .size = sizeof(struct cubby_ear_event),
							  .type = CUBBY_EAR_MUTED,
							  .muted = muted });
	if (!muted && session->microphone && !session->capture && microphone_open(session) < 0)
		session_tell(session, CUBBY_EAR_ERROR, NULL,
			     "the microphone could not be opened again; mute and unmute to try");
}

int64_t session_left_ms(const struct cubby_ear_session *session)
{
	int64_t left_ms = session->pushed_ms + CUBBY_EAR_ABANDONED_MS - ear_now_ms(session->ear);

	if (session->microphone || !pipeline_speaking(session->pipeline))
		return -1;
	return left_ms > 0 ? left_ms : 0;
}

static void session_abandon(struct cubby_ear_session *session)
{
	if (session_left_ms(session) != 0)
		return;
	cubby_ear_session_cancel(session);
	ear_log(session->ear, 4, "an utterance that was not ended was dropped");
	session_tell(session, CUBBY_EAR_FORGOTTEN, NULL, NULL);
}

void session_dispatch(struct cubby_ear_session *session)
{
	struct capture_news news;
	bool some = session->capture && capture_news_take(session->capture, &news);

	if (!session->microphone)
		session_ready(session, NULL);
	/* The sound before the news comes before the news. */
	do {
		if (pipeline_run(session->pipeline) < 0) {
			pipeline_cancel(session->pipeline);
			ear_log(session->ear, 3, "recognition failed; the utterance was dropped");
			session_tell(session, CUBBY_EAR_ERROR, NULL,
				     "recognition failed; the utterance was dropped");
		}
		if (some)
			session_news(session, &news);
		some = session->capture && capture_news_take(session->capture, &news);
	} while (some);
	session_abandon(session);
}
