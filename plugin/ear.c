/* SPDX-License-Identifier: Apache-2.0 */

/* The public face of the ear: one for its host, with its sessions. It starts no thread but that of
 * a microphone, calls its host only from dispatch, and has no verb that opens a microphone or
 * plays anything for somebody else. */

#include "ear.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "session.h"
#include "settings.h"
#include "verdict.h"

#define NEWS_MAX 16

void ear_log(struct cubby_ear *ear, int level, const char *message)
{
	if (ear->services.log)
		ear->services.log(ear->services.context, level, message);
}

/* The counter cannot overflow before dispatch reads it. */
void ear_wake(struct cubby_ear *ear)
{
	eventfd_write(ear->wake_fd, 1);
}

int host_answer(int r, const struct why *why, char *text, size_t n)
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

int struct_take(void *to, size_t size, const void *from, size_t from_size)
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
	struct recogniser_config words = {
		.model = config->model, .grammar = config->grammar, .lm = config->lm,
	};
	struct recogniser_config phrase = { .model = config->model, .keyphrase = config->wake };
	struct settings settings;
	int r;

	r = settings_read(config->settings, &settings, why);
	if (r == 0) {
		ear->forget = settings.forget;
		ear->tools.forget = &ear->forget;
		words.phrases = (const char (*)[RECOGNITION_PHRASE_BYTES])ear->forget.text;
		words.n_phrases = ear->forget.n;
		words.words = phrase.words = *settings.words ? settings.words : NULL;
		phrase.threshold = settings.wake_threshold;
	}
	if (r == 0)
		r = recogniser_new(&words, &ear->tools.recogniser, why);
	if (r == 0 && config->wake)
		r = recogniser_new(&phrase, &ear->tools.spotter, why);
	if (r == 0)
		r = decider_new(settings.pinned ? settings.household_key : NULL,
				&ear->tools.decider);
	if (r == 0)
		r = speaker_new(SPEAKER_MODEL, &ear->tools.speaker);
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
	ear->tools.muted = &ear->mute;
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
	speaker_free(ear->tools.speaker);
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

/* A light must not wait for the next word. What is more than this comes with the next dispatch. */
static void ear_news(struct cubby_ear *ear)
{
	struct cubby_ear_session *next;
	struct report_news news;

	for (int i = 0; i < NEWS_MAX && report_news_take(ear->tools.report, &news); i++) {
		for (struct cubby_ear_session *session = ear->sessions; session; session = next) {
			next = session->next;
			if (news.policy && session->ready)
				pipeline_policy_changed(session->pipeline);
			if (*news.played && session->ready)
				pipeline_played(session->pipeline, news.played);
		}
		/* After the light, which must not miss a change that is taken back soon. */
		if (news.policy)
			voiceprints_need(ear->tools.report, ear->tools.decider, ear->tools.speaker);
	}
	poll_add(ear, report_fd(ear->tools.report));
}

static void sessions_mute(struct cubby_ear *ear, bool muted)
{
	struct cubby_ear_session *next;

	for (struct cubby_ear_session *session = ear->sessions; session; session = next) {
		next = session->next;
		session_mute(session, muted);
	}
}

static void mute_settle(struct cubby_ear *ear)
{
	int ending = MUTE_ENDING;

	if (ear->mute == MUTE_OFF)
		return;
	sessions_mute(ear, true);
	/* Not if it was muted again meanwhile. */
	if (atomic_compare_exchange_strong(&ear->mute, &ending, MUTE_OFF))
		sessions_mute(ear, false);
}

EAR_PUBLIC int cubby_ear_dispatch(struct cubby_ear *ear)
{
	struct cubby_ear_session *next;
	eventfd_t count;

	eventfd_read(ear->wake_fd, &count);
	mute_settle(ear);
	ear_news(ear);
	for (struct cubby_ear_session *session = ear->sessions; session; session = next) {
		next = session->next;
		session_dispatch(session);
	}
	ear_news(ear);
	return 0;
}

EAR_PUBLIC int cubby_ear_timeout_ms(const struct cubby_ear *ear)
{
	int64_t least_ms = -1;

	for (const struct cubby_ear_session *session = ear->sessions; session;
	     session = session->next) {
		int64_t left_ms = session_left_ms(session);

		if (left_ms >= 0 && (least_ms < 0 || left_ms < least_ms))
			least_ms = left_ms;
	}
	return (int)least_ms;
}

EAR_PUBLIC void cubby_ear_mute(struct cubby_ear *ear, int muted)
{
	int on = MUTE_ON;

	if (muted)
		ear->mute = MUTE_ON;
	else
		atomic_compare_exchange_strong(&ear->mute, &on, MUTE_ENDING);
	ear_wake(ear);
}
