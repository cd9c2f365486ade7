/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Job: an erasure under way or ended. It is "done" only when the erasure says so,
 * which is after everything was read back (R8). */

#include <stdio.h>
#include <string.h>
#include "dbus-table.h"
#include "service/bus.h"
#include "service/service.h"

static int wait_append(struct message *reply, const struct erasure_job *job)
{
	return message_append(reply, "sss", erasure_state_name(job->state), job->receipt,
			      job->problem);
}

static bool job_ended(const struct erasure_job *job)
{
	return job->state == ERASURE_DONE || job->state == ERASURE_PARTIAL;
}

int service_job_await(struct service *service, int64_t job, struct call *call,
		      int (*reply)(struct message *reply, const struct erasure_job *job))
{
	struct waiting *more = reallocarray(service->waiting, service->n_waiting + 1,
					    sizeof(*more));

	if (!more)
		return fault_origin(-ENOMEM);
	service->waiting = more;
	more[service->n_waiting++] = (struct waiting){job, call, reply};
	return call_defer(call);
}

int service_job_wait(struct call *call, void *service)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	struct keeper *keeper = service;
	int r;

	r = service_job_at(keeper, call_path(call), &job);
	if (r)
		return r < 0 ? fault_trace(r)
			     : answer_why(call_why(call), ANSWER_FAILED,
					  "this job is not known any more");
	if (job_ended(job))
		return fault_trace(wait_append(call_reply(call), job));
	return fault_trace(service_job_await(keeper->service, job->number, call, wait_append));
}

struct finished {
	struct keeper *keeper;
	const struct erasure_job *job;
};

static int finished_append(struct message *arguments, void *context)
{
	const struct erasure_job *job = context;

	return message_append(arguments, "s", erasure_state_name(job->state));
}

/* Has this caller asked for the job? */
static void finished_tell(struct caller *caller, void *context)
{
	struct finished *finished = context;
	struct service *service = finished->keeper->service;
	char path[SERVICE_PATH_TEXT];

	for (size_t i = 0; i < service->n_asked; i++) {
		if (service->asked[i].job != finished->job->number ||
		    strcmp(service->asked[i].caller, caller->name))
			continue;
		bus_server_signal(service->server, caller,
				  service_job_path(finished->job->number, path),
				  SERVICE_INTERFACE "Job", "Finished", finished_append,
				  (void *)(uintptr_t)finished->job);
	}
}

void service_job_ended(struct keeper *keeper, const struct erasure_job *job)
{
	struct service *service = keeper->service;
	struct finished finished = {keeper, job};
	size_t kept = 0;

	/* What start-up finished, nobody has asked for yet. */
	if (!service || !service->server)
		return;
	for (size_t i = 0; i < service->n_waiting; i++) {
		struct waiting waiting = service->waiting[i];
		int r;

		if (waiting.job != job->number) {
			service->waiting[kept++] = waiting;
			continue;
		}
		r = call_gone(waiting.call) ? 0 : waiting.reply(call_reply(waiting.call), job);
		call_finish(waiting.call, r);
	}
	service->n_waiting = kept;
	bus_server_each(service->server, finished_tell, &finished);
	service_voices_tell(keeper);
}

void service_waiting_drop(struct service *service)
{
	size_t kept = 0;

	for (size_t i = 0; i < service->n_waiting; i++) {
		if (call_gone(service->waiting[i].call))
			call_finish(service->waiting[i].call, 0);
		else
			service->waiting[kept++] = service->waiting[i];
	}
	service->n_waiting = kept;
}

static int asked_add(struct service *service, int64_t job, const char *caller)
{
	struct asked *more = reallocarray(service->asked, service->n_asked + 1, sizeof(*more));

	if (!more)
		return fault_origin(-ENOMEM);
	service->asked = more;
	more[service->n_asked] = (struct asked){.job = job};
	if (snprintf(more[service->n_asked].caller, sizeof(more->caller), "%s", caller) >=
	    (int)sizeof(more->caller))
		return fault_origin(-ENAMETOOLONG);
	service->n_asked++;
	return 0;
}

void service_asked_drop(struct service *service, const char *caller)
{
	size_t kept = 0;

	for (size_t i = 0; i < service->n_asked; i++)
		if (strcmp(service->asked[i].caller, caller))
			service->asked[kept++] = service->asked[i];
	service->n_asked = kept;
}

/* The erasure stands, whether or not the caller can be told of its end. */
void service_asked(struct keeper *keeper, struct call *call, int64_t job,
		   char ret_path[static SERVICE_PATH_TEXT])
{
	asked_add(keeper->service, job, call_caller(call)->name);
	service_job_path(job, ret_path);
	bus_server_object_added(keeper->server, ret_path);
}

int service_sweep(struct keeper *keeper, struct call *call,
		  char ret_path[static SERVICE_PATH_TEXT])
{
	int64_t job;
	int r = erasure_sweep(keeper->erasure, &job);

	if (!r && job)
		service_asked(keeper, call, job, ret_path);
	return fault_trace(r);
}

int service_erase(struct keeper *keeper, struct call *call, enum erasure_reason reason,
		  const struct archive_selection *selection, const struct archive_within *within,
		  char ret_path[static SERVICE_PATH_TEXT], uint64_t *ret_items)
{
	int64_t uid = call_caller(call)->uid, job;
	int r;

	r = erasure_ask(keeper->erasure, reason, selection, uid, within, &job, ret_items,
			call_why(call));
	if (r)
		return fault_trace(r);
	service_asked(keeper, call, job, ret_path);
	return 0;
}

int service_erase_copies(struct keeper *keeper, struct call *call,
			 const struct archive_selection *selection,
			 const struct archive_within *within,
			 char ret_path[static SERVICE_PATH_TEXT])
{
	int64_t job;
	int r;

	r = erasure_copies(keeper->erasure, selection, 0, false, call_caller(call)->uid, within,
			   &job, call_why(call));
	if (!r)
		service_asked(keeper, call, job, ret_path);
	return fault_trace(r);
}

static int job_of(void *service, const char *path, struct erasure_job **ret)
{
	return fault_trace(service_job_at(service, path, ret));
}

int service_job_state_get(struct caller *caller, void *service, const char *path,
			  struct message *value)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	int r = job_of(service, path, &job);

	return r ? r : message_append(value, "s", erasure_state_name(job->state));
}

int service_job_done_get(struct caller *caller, void *service, const char *path,
			 struct message *value)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	int r = job_of(service, path, &job);

	return r ? r : message_append(value, "t", job->done);
}

int service_job_total_get(struct caller *caller, void *service, const char *path,
			  struct message *value)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	int r = job_of(service, path, &job);

	return r ? r : message_append(value, "t", job->items);
}

int service_job_receipt_get(struct caller *caller, void *service, const char *path,
			    struct message *value)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	int r = job_of(service, path, &job);

	return r ? r : message_append(value, "s", job->receipt);
}

int service_job_problem_get(struct caller *caller, void *service, const char *path,
			    struct message *value)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	int r = job_of(service, path, &job);

	return r ? r : message_append(value, "s", job->problem);
}
