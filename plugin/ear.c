/* SPDX-License-Identifier: Apache-2.0 */

/* The public face of the ear: one for its host, with its sessions. It starts no thread but that of
 * a microphone, calls its host only from dispatch, and has no verb that opens a microphone or
 * plays anything for somebody else. */

#include "ear.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "capture.h"
#include "pipeline.h"
#include "question.h"
#include "settings.h"

#define NEWS_MAX 16

#define EAR_PUBLIC __attribute__((visibility("default")))

struct cubby_ear_session {
	struct cubby_ear *ear;
	struct cubby_ear_session *next;
	struct pipeline *pipeline;
	struct capture *capture;	/* NULL: sound is pushed */
	void *context;
	void (*event)(void *context, struct cubby_ear_session *session,
		      const struct cubby_ear_event *event);
	bool ready;
	struct question question;	/* what is known of the last utterance */
};

struct cubby_ear {
	struct cubby_ear_services services;
	struct pipeline_tools tools;
	struct cubby_ear_session *sessions;
	bool adults_may_leave;
	int wake_fd;
	int poll_fd;			/* the wake_fd and the bus */
};

static void ear_log(struct cubby_ear *ear, int level, const char *message)
{
	if (ear->services.log)
		ear->services.log(ear->services.context, level, message);
}

/* A fault or an answer as the negative errno and the sentence that the host gets. */
static int host_answer(int r, const struct why *why, char *text, size_t n)
{
	static const int errors[] = {
		[ANSWER_NOT_FOUND] = -ENOENT, [ANSWER_INVALID_ARGUMENT] = -EINVAL,
		[ANSWER_NO_DAEMON] = -ENOTCONN, [ANSWER_TIMEOUT] = -ETIMEDOUT,
	};

	if (text && n > 0)
		snprintf(text, n, "%s", r > 0 ? why->text : strerror(-r));
	if (r <= 0)
		return r;
	return r < (int)ARRAY_SIZE(errors) && errors[r] ? errors[r] : -EPERM;
}

/* Whatever a newer host's struct holds beyond ours is not looked at; an older one's is zero. */
static int struct_take(void *to, size_t size, const void *from, size_t from_size)
{
	if (!from || from_size < sizeof(size_t))
		return fault_origin(-EINVAL);
	memset(to, 0, size);
	memcpy(to, from, from_size < size ? from_size : size);
	return 0;
}

/* A descriptor that is closed leaves by itself. */
static int poll_add(struct cubby_ear *ear, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (fd < 0 || epoll_ctl(ear->poll_fd, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST)
		return 0;
	return fault_origin(-errno);
}

static int ear_open(struct cubby_ear *ear, const struct cubby_ear_config *config, struct why *why)
{
	const struct recogniser_config words = {
		.model = config->model, .grammar = config->grammar, .lm = config->lm,
	};
	const struct recogniser_config phrase = { .model = config->model,
						  .keyphrase = config->wake };
	struct settings settings;
	int r;

	r = settings_read(config->settings, &settings, why);
	if (r == 0)
		r = recogniser_new(&words, &ear->tools.recogniser, why);
	if (r == 0 && config->wake)
		r = recogniser_new(&phrase, &ear->tools.spotter, why);
	if (r == 0)
		r = decider_new(settings.pinned ? settings.household_key : NULL,
				&ear->tools.decider);
	if (r == 0)
		r = report_new(config->bus, &ear->tools.report);
	if (r)
		return r;
	ear->adults_may_leave = settings.adults_may_leave;
	ear->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ear->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ear->wake_fd < 0 || ear->poll_fd < 0)
		return fault_origin(-errno);
	return poll_add(ear, ear->wake_fd);
}

EAR_PUBLIC int cubby_ear_new(const struct cubby_ear_config *config, struct cubby_ear **ret_ear,
			     char *why_text, size_t why_bytes)
{
	struct cubby_ear *ear = calloc(1, sizeof(*ear));
	struct cubby_ear_config copy;
	struct why why = { "" };
	int r;

	if (!ear)
		return host_answer(fault_origin(-ENOMEM), &why, why_text, why_bytes);
	ear->wake_fd = ear->poll_fd = -1;
	r = struct_take(&copy, sizeof(copy), config, config ? config->size : 0);
	if (r == 0 && copy.services)
		r = struct_take(&ear->services, sizeof(ear->services), copy.services,
				copy.services->size);
	if (r == 0)
		r = crypt_init();
	if (r == 0)
		r = ear_open(ear, &copy, &why);
	if (r) {
		cubby_ear_free(ear);
		return host_answer(r, &why, why_text, why_bytes);
	}
	*ret_ear = ear;
	return 0;
}

EAR_PUBLIC void cubby_ear_free(struct cubby_ear *ear)
{
	if (!ear)
		return;
	while (ear->sessions)
		cubby_ear_session_close(ear->sessions);
	recogniser_free(ear->tools.recogniser);
	recogniser_free(ear->tools.spotter);
	decider_free(ear->tools.decider);
	report_free(ear->tools.report);
	cleanup_close(&ear->poll_fd);
	cleanup_close(&ear->wake_fd);
	free(ear);
}

EAR_PUBLIC int cubby_ear_fd(const struct cubby_ear *ear)
{
	return ear->poll_fd;
}

/* From any thread. The counter cannot overflow before dispatch reads it. */
static void ear_wake(struct cubby_ear *ear)
{
	eventfd_write(ear->wake_fd, 1);
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
	size_t taken = pipeline_push(session->pipeline, samples, n);

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

#define FLAGS_KNOWN (CUBBY_EAR_MICROPHONE | CUBBY_EAR_AWAKE | CUBBY_EAR_WAKE_ONLY)

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

static int session_open(struct cubby_ear_session *session,
			const struct cubby_ear_session_config *config)
{
	struct pipeline_tools tools = session->ear->tools;
	const struct capture_hooks hooks = {
		.sound = captured, .changed = capture_changed, .context = session,
	};
	int r;

	if (config->flags & CUBBY_EAR_AWAKE)
		tools.spotter = NULL;
	if (config->flags & CUBBY_EAR_WAKE_ONLY)
		tools.recogniser = NULL;
	r = pipeline_new(&tools, config->flags & CUBBY_EAR_WAKE_ONLY ? NULL : config->profile,
			 session_event, session, &session->pipeline);
	if (r == 0 && (config->flags & CUBBY_EAR_MICROPHONE))
		r = capture_new(config->source, &hooks, &session->capture);
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
	free(session);
}

EAR_PUBLIC size_t cubby_ear_session_push(struct cubby_ear_session *session, const int16_t *samples,
					 size_t n)
{
	size_t taken = samples ? pipeline_push(session->pipeline, samples, n) : 0;

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

static void session_dispatch(struct cubby_ear_session *session)
{
	struct capture_news news;
	bool some = session->capture && capture_news_take(session->capture, &news);

	if (!session->capture)
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
}

/* A light must not wait for the next word. What is more than this comes with the next dispatch. */
static void ear_news(struct cubby_ear *ear)
{
	struct cubby_ear_session *next;
	struct report_news news;

	for (int i = 0; i < NEWS_MAX && report_news_take(ear->tools.report, &news); i++) {
		for (struct cubby_ear_session *session = ear->sessions; session; session = next) {
			next = session->next;
			if (news.policy && session->ready)
				pipeline_keeping(session->pipeline);
			if (*news.played && session->ready)
				pipeline_played(session->pipeline, news.played);
		}
	}
	poll_add(ear, report_fd(ear->tools.report));
}

EAR_PUBLIC int cubby_ear_dispatch(struct cubby_ear *ear)
{
	struct cubby_ear_session *next;
	eventfd_t count;

	eventfd_read(ear->wake_fd, &count);
	ear_news(ear);
	for (struct cubby_ear_session *session = ear->sessions; session; session = next) {
		next = session->next;
		session_dispatch(session);
	}
	ear_news(ear);
	return 0;
}
