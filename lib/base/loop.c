/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's one thread, on libev. A callback may free its own watch; it must never block. */

#include "base/loop.h"

#include <ev.h>
#include <signal.h>

#include "base/fault.h"

struct loop_work {
	void (*run)(void *context);
	void *context;
	struct loop_work *next;
};

struct loop {
	struct ev_loop *ev;
	ev_signal terminate, interrupt;
	/* While work is posted, `busy` keeps the loop from sleeping and `turn` runs one piece. */
	ev_idle busy;
	ev_check turn;
	struct loop_work *first, **last;
	bool quit;
	int code;
};

struct loop_io {
	ev_io watch;
	struct loop *loop;
	void (*ready)(void *context, unsigned events);
	void *context;
};

struct loop_timer {
	ev_timer watch;
	struct loop *loop;
	void (*expired)(void *context);
	void *context;
};

static void loop_on_signal(struct ev_loop *ev, ev_signal *watch, int events)
{
	loop_quit(watch->data, 0);
}

static void loop_on_busy(struct ev_loop *ev, ev_idle *watch, int events)
{
}

static void loop_on_turn(struct ev_loop *ev, ev_check *watch, int events)
{
	struct loop *loop = watch->data;
	struct loop_work *work = loop->first;

	if (!work || loop->quit)
		return;
	loop->first = work->next;
	if (!loop->first) {
		loop->last = &loop->first;
		ev_idle_stop(ev, &loop->busy);
	}
	work->run(work->context);
	free(work);
}

/* libev has no way to be refused memory: it ends the process. So that a moment without does not,
 * it is asked for again through a second. */
static void *loop_allocate(void *old, long n)
{
	void *bytes = NULL;

	if (n == 0) {
		free(old);
		return NULL;
	}
	for (int tries = 0; !bytes && tries < 100; tries++) {
		if (tries > 0)
			usleep(10 * 1000);
		bytes = realloc(old, (size_t)n);
	}
	return bytes;
}

int loop_new(struct loop **ret)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return fault_origin(-ENOMEM);
	ev_set_allocator(loop_allocate);
	/* NOENV: an environment variable must not choose how the keeper waits. */
	loop->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	if (!loop->ev) {
		free(loop);
		return fault_origin(-ENOMEM);
	}
	loop->last = &loop->first;
	ev_signal_init(&loop->terminate, loop_on_signal, SIGTERM);
	ev_signal_init(&loop->interrupt, loop_on_signal, SIGINT);
	ev_idle_init(&loop->busy, loop_on_busy);
	ev_check_init(&loop->turn, loop_on_turn);
	ev_set_priority(&loop->turn, EV_MINPRI);
	loop->terminate.data = loop->interrupt.data = loop->turn.data = loop;
	/* Watched from now on: a signal between here and loop_run() counts. */
	ev_signal_start(loop->ev, &loop->terminate);
	ev_signal_start(loop->ev, &loop->interrupt);
	ev_check_start(loop->ev, &loop->turn);
	*ret = loop;
	return 0;
}

struct loop *loop_free(struct loop *loop)
{
	if (!loop)
		return NULL;
	while (loop->first) {
		struct loop_work *work = loop->first;

		loop->first = work->next;
		free(work);
	}
	ev_signal_stop(loop->ev, &loop->terminate);
	ev_signal_stop(loop->ev, &loop->interrupt);
	ev_check_stop(loop->ev, &loop->turn);
	ev_idle_stop(loop->ev, &loop->busy);
	ev_loop_destroy(loop->ev);
	free(loop);
	return NULL;
}

int loop_run(struct loop *loop)
{
	if (!loop->quit)
		ev_run(loop->ev, 0);
	return loop->code;
}

void loop_quit(struct loop *loop, int code)
{
	if (!loop->quit)
		loop->code = code;
	loop->quit = true;
	ev_break(loop->ev, EVBREAK_ALL);
}

static void loop_on_io(struct ev_loop *ev, ev_io *watch, int events)
{
	struct loop_io *io = watch->data;

	io->ready(io->context, (events & EV_READ ? LOOP_READ : 0) |
				       (events & EV_WRITE ? LOOP_WRITE : 0));
}

int loop_io_new(struct loop *loop, int fd, unsigned events,
		void (*ready)(void *context, unsigned events), void *context, struct loop_io **ret)
{
	struct loop_io *io = calloc(1, sizeof(*io));

	if (!io)
		return fault_origin(-ENOMEM);
	io->loop = loop;
	io->ready = ready;
	io->context = context;
	ev_io_init(&io->watch, loop_on_io, fd,
		   (events & LOOP_READ ? EV_READ : 0) | (events & LOOP_WRITE ? EV_WRITE : 0));
	io->watch.data = io;
	ev_io_start(loop->ev, &io->watch);
	*ret = io;
	return 0;
}

void loop_io_enable(struct loop_io *io, bool enabled)
{
	if (enabled)
		ev_io_start(io->loop->ev, &io->watch);
	else
		ev_io_stop(io->loop->ev, &io->watch);
}

struct loop_io *loop_io_free(struct loop_io *io)
{
	if (io)
		ev_io_stop(io->loop->ev, &io->watch);
	free(io);
	return NULL;
}

static void loop_on_timer(struct ev_loop *ev, ev_timer *watch, int events)
{
	struct loop_timer *timer = watch->data;

	timer->expired(timer->context);
}

int loop_timer_new(struct loop *loop, uint64_t interval_ms, void (*expired)(void *context),
		   void *context, struct loop_timer **ret)
{
	struct loop_timer *timer;

	/* libev reads a repeat of 0 as "only once". */
	if (interval_ms == 0)
		return fault_origin(-EINVAL);
	timer = calloc(1, sizeof(*timer));
	if (!timer)
		return fault_origin(-ENOMEM);
	timer->loop = loop;
	timer->expired = expired;
	timer->context = context;
	ev_timer_init(&timer->watch, loop_on_timer, 0., (double)interval_ms / 1000.);
	timer->watch.data = timer;
	loop_timer_enable(timer, true);
	*ret = timer;
	return 0;
}

void loop_timer_enable(struct loop_timer *timer, bool enabled)
{
	if (!enabled) {
		ev_timer_stop(timer->loop->ev, &timer->watch);
		return;
	}
	/* libev counts from when it last woke, which may be long ago in a start-up. */
	ev_now_update(timer->loop->ev);
	ev_timer_again(timer->loop->ev, &timer->watch);
}

struct loop_timer *loop_timer_free(struct loop_timer *timer)
{
	if (timer)
		ev_timer_stop(timer->loop->ev, &timer->watch);
	free(timer);
	return NULL;
}

int loop_post(struct loop *loop, void (*run)(void *context), void *context)
{
	struct loop_work *work = calloc(1, sizeof(*work));

	if (!work)
		return fault_origin(-ENOMEM);
	work->run = run;
	work->context = context;
	*loop->last = work;
	loop->last = &work->next;
	ev_idle_start(loop->ev, &loop->busy);
	return 0;
}
