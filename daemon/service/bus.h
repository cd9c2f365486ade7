/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the service itself keeps: calls that wait for the end of an erasure, and who asked for one.
 */

#include "bus/server.h"
#include "erasure.h"

#define CALLER_NAME_TEXT 32

struct waiting {
	int64_t job;
	struct call *call;
	int (*reply)(struct message *reply, const struct erasure_job *job);
};

struct asked {
	int64_t job;
	char caller[CALLER_NAME_TEXT];	/* unique bus names are never given twice */
};

struct service {
	struct bus_server *server;
	struct waiting *waiting;
	size_t n_waiting;
	struct call **drilling;		/* wait for the end of the drill */
	size_t n_drilling;
	struct asked *asked;
	size_t n_asked;
	size_t n_voices;		/* as ears were told last when an erasure ended */
};

/* Answers the call when the job has ended, and not before. */
int service_job_await(struct service *service, int64_t job, struct call *call,
		      int (*reply)(struct message *reply, const struct erasure_job *job));
/* Ends the calls that wait for a drill. */
void service_drill_stop(struct service *service);
/* Ends the waiting calls of who has left the bus: their share of what may wait is others' again. */
void service_waiting_drop(struct service *service);
void service_drill_drop(struct service *service);
void service_asked_drop(struct service *service, const char *caller);
