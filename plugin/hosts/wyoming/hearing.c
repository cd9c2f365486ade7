/* SPDX-License-Identifier: Apache-2.0 */

/* The ear's thread and what passes between it and the clients' thread: sound one way without a
 * lock, words and signs the other way under one. Words stay in locked memory, are wiped when their
 * seat is left, and are never logged. */

#include "hosts/wyoming/hearing.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include "base/log.h"
#include "crypt/secret.h"

enum seat_state {
	SEAT_FREE,
	SEAT_TAKEN,
	SEAT_LEFT,			/* the ear's thread empties it, then it is free */
};

struct seat {
	struct hearing *hearing;
	struct seat *next;
	struct cubby_ear_session *session;
	unsigned listener;
	char name[64];
	uint64_t pushed;		/* the clients' thread alone */
	/* Below under hearing->lock. */
	enum seat_state state;
	bool end_wanted;
	bool ending;			/* ... and the ear has begun on what came before it */
	struct seat_news news;
	struct secret *memory;
	char *text;			/* SEAT_TEXT_BYTES of it */
};

struct hearing {
	struct cubby_ear *ear;
	struct seat *seats;
	pthread_mutex_t lock;
	pthread_t thread;
	bool started;
	bool stop;			/* under lock */
	int news_fd;			/* to the clients' thread */
	int wish_fd;			/* to the ear's */
};

static void ear_log(void *context, int level, const char *message)
{
	log_message((enum log_level)level, "%s", message);
}

int hearing_new(const struct cubby_ear_config *config, struct hearing **ret, struct why *why)
{
	const struct cubby_ear_services services = { .size = sizeof(services), .log = ear_log };
	_cleanup_(hearing_freep) struct hearing *hearing = calloc(1, sizeof(*hearing));
	struct cubby_ear_config with = *config;

	if (!hearing)
		return fault_origin(-ENOMEM);
	pthread_mutex_init(&hearing->lock, NULL);
	hearing->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hearing->wish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hearing->news_fd < 0 || hearing->wish_fd < 0)
		return fault_origin(-errno);
	with.services = &services;
	if (cubby_ear_new(&with, &hearing->ear, why->text, sizeof(why->text)) < 0)
		return ANSWER_FAILED;
	*ret = take(hearing);
	return 0;
}

static void thread_stop(struct hearing *hearing)
{
	if (!hearing->started)
		return;
	pthread_mutex_lock(&hearing->lock);
	hearing->stop = true;
	pthread_mutex_unlock(&hearing->lock);
	eventfd_write(hearing->wish_fd, 1);
	pthread_join(hearing->thread, NULL);
}

struct hearing *hearing_free(struct hearing *hearing)
{
	struct seat *next;

	if (!hearing)
		return NULL;
	thread_stop(hearing);
	cubby_ear_free(hearing->ear);
	for (struct seat *seat = hearing->seats; seat; seat = next) {
		next = seat->next;
		secret_free(seat->memory);
		free(seat);
	}
	cleanup_close(&hearing->news_fd);
	cleanup_close(&hearing->wish_fd);
	pthread_mutex_destroy(&hearing->lock);
	free(hearing);
	return NULL;
}

/* Several utterances of one stream are one transcript. */
static void text_add(struct seat *seat, const char *text)
{
	size_t n = strlen(seat->text);

	if (*text)
		snprintf(seat->text + n, SEAT_TEXT_BYTES - n, "%s%s", n ? " " : "", text);
}

static void seat_heard(void *context, struct cubby_ear_session *session,
		       const struct cubby_ear_event *event)
{
	struct seat *seat = context;

	pthread_mutex_lock(&seat->hearing->lock);
	switch (event->type) {
	case CUBBY_EAR_WAKE:
		seat->news.wakes++;
		seat->news.wake_position = (uint64_t)event->at_ms * (CUBBY_EAR_RATE_HZ / 1000);
		eventfd_write(seat->hearing->news_fd, 1);
		break;
	case CUBBY_EAR_FINAL:
		text_add(seat, event->text);
		if (event->failed)
			log_warning("[%s]: an utterance that should have been kept was not; is "
				    "cubbyd running, and is this user in the group cubby-ear?",
				    seat->name);
		break;
	case CUBBY_EAR_ERROR:
		seat->news.failed = true;
		break;
	default:
		break;
	}
	pthread_mutex_unlock(&seat->hearing->lock);
}

int hearing_seat_add(struct hearing *hearing, unsigned listener, const char *name, unsigned flags,
		     const char *profile, struct why *why)
{
	struct seat *seat = calloc(1, sizeof(*seat));
	const struct cubby_ear_session_config config = {
		.size = sizeof(config), .flags = flags, .profile = *profile ? profile : NULL,
		.context = seat, .event = seat_heard,
	};
	int r;

	if (!seat)
		return fault_origin(-ENOMEM);
	seat->hearing = hearing;
	seat->listener = listener;
	seat->next = hearing->seats;
	hearing->seats = seat;
	snprintf(seat->name, sizeof(seat->name), "%s", name);
	r = secret_new(SEAT_TEXT_BYTES, &seat->memory);
	if (r < 0)
		return fault_trace(r);
	seat->text = (char *)seat->memory->bytes;
	if (cubby_ear_session_new(hearing->ear, &config, &seat->session, why->text,
				  sizeof(why->text)) < 0)
		return ANSWER_FAILED;
	return 0;
}

/* Before the ear works: what was left is emptied, and what is to end will have been heard whole. */
static bool wishes_take(struct hearing *hearing)
{
	bool stop;

	pthread_mutex_lock(&hearing->lock);
	for (struct seat *seat = hearing->seats; seat; seat = seat->next) {
		seat->ending = seat->state == SEAT_TAKEN && seat->end_wanted;
		if (seat->state != SEAT_LEFT)
			continue;
		cubby_ear_session_cancel(seat->session);
		secret_wipe(seat->text, SEAT_TEXT_BYTES);
		seat->news = (struct seat_news) { 0 };
		seat->end_wanted = false;
		seat->state = SEAT_FREE;
	}
	stop = hearing->stop;
	pthread_mutex_unlock(&hearing->lock);
	return !stop;
}

static void ends_tell(struct hearing *hearing)
{
	pthread_mutex_lock(&hearing->lock);
	for (struct seat *seat = hearing->seats; seat; seat = seat->next) {
		if (!seat->ending || seat->state != SEAT_TAKEN)
			continue;
		seat->end_wanted = false;
		seat->news.ended = true;
	}
	pthread_mutex_unlock(&hearing->lock);
	/* Also for whoever waits for room: the ear has taken what there was. */
	eventfd_write(hearing->news_fd, 1);
}

static void *listen_on(void *context)
{
	struct hearing *hearing = context;
	struct pollfd fds[] = { { .fd = cubby_ear_fd(hearing->ear), .events = POLLIN },
				{ .fd = hearing->wish_fd, .events = POLLIN } };
	eventfd_t count;

	while (wishes_take(hearing)) {
		cubby_ear_dispatch(hearing->ear);
		ends_tell(hearing);
		poll(fds, ARRAY_SIZE(fds), cubby_ear_timeout_ms(hearing->ear));
		eventfd_read(hearing->wish_fd, &count);
	}
	return NULL;
}

int hearing_start(struct hearing *hearing)
{
	sigset_t all, before;
	int error;

	/* Signals are for the thread that has the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&hearing->thread, NULL, listen_on, hearing);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return fault_origin(-error);
	hearing->started = true;
	return 0;
}

int hearing_fd(const struct hearing *hearing)
{
	return hearing->news_fd;
}

void hearing_news_clear(struct hearing *hearing)
{
	eventfd_t count;

	eventfd_read(hearing->news_fd, &count);
}

struct seat *hearing_seat_take(struct hearing *hearing, unsigned listener)
{
	struct seat *found = NULL;

	pthread_mutex_lock(&hearing->lock);
	for (struct seat *seat = hearing->seats; seat && !found; seat = seat->next)
		if (seat->listener == listener && seat->state == SEAT_FREE)
			found = seat;
	if (found)
		found->state = SEAT_TAKEN;
	pthread_mutex_unlock(&hearing->lock);
	return found;
}

void seat_release(struct seat *seat)
{
	pthread_mutex_lock(&seat->hearing->lock);
	seat->state = SEAT_LEFT;
	pthread_mutex_unlock(&seat->hearing->lock);
	eventfd_write(seat->hearing->wish_fd, 1);
}

size_t seat_push(struct seat *seat, const int16_t *samples, size_t n)
{
	size_t taken = cubby_ear_session_push(seat->session, samples, n);

	seat->pushed += taken;
	return taken;
}

uint64_t seat_position(const struct seat *seat)
{
	return seat->pushed;
}

void seat_end(struct seat *seat)
{
	/* First the mark, then the wish: who sees the wish hears up to the mark. */
	cubby_ear_session_end_of_utterance(seat->session);
	pthread_mutex_lock(&seat->hearing->lock);
	seat->end_wanted = true;
	pthread_mutex_unlock(&seat->hearing->lock);
	eventfd_write(seat->hearing->wish_fd, 1);
}

void seat_news_take(struct seat *seat, struct seat_news *ret)
{
	pthread_mutex_lock(&seat->hearing->lock);
	*ret = seat->news;
	seat->news.wakes = 0;
	pthread_mutex_unlock(&seat->hearing->lock);
}

const char *seat_text(const struct seat *seat)
{
	return seat->text;
}
