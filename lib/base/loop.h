/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The event loop of the keeper: one thread, libev below. This room alone includes <ev.h>. */

#include <stdbool.h>
#include <stdint.h>
#include "cleanup.h"

struct loop;
struct loop_io;
struct loop_timer;

int loop_new(struct loop **ret);
struct loop *loop_free(struct loop *loop);
CLEANUP_DEFINE(struct loop *, loop_free)

/* Runs until loop_quit(); returns the code given there. SIGTERM and SIGINT quit with 0. */
int loop_run(struct loop *loop);
void loop_quit(struct loop *loop, int code);

enum loop_events { LOOP_READ = 1, LOOP_WRITE = 2 };

/* Several watches on one descriptor are allowed (libdbus makes two). */
int loop_io_new(struct loop *loop, int fd, unsigned events,
		void (*ready)(void *context, unsigned events), void *context, struct loop_io **ret);
void loop_io_enable(struct loop_io *io, bool enabled);
struct loop_io *loop_io_free(struct loop_io *io);

/* interval_ms (at least 1) after which `expired` is called, again and again, until freed or
 * disabled. */
int loop_timer_new(struct loop *loop, uint64_t interval_ms, void (*expired)(void *context),
		   void *context, struct loop_timer **ret);
void loop_timer_enable(struct loop_timer *timer, bool enabled);
struct loop_timer *loop_timer_free(struct loop_timer *timer);
/* Calls `run` once, in a coming turn of the loop and after that turn's I/O: one post a turn, in
 * order, so that neither side starves the other. Work in slices re-posts itself. What is still
 * posted when the loop is freed is not run. */
int loop_post(struct loop *loop, void (*run)(void *context), void *context);
