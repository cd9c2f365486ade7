/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Drill: who asks for a drill waits for its end, several for the same one. */

#include <string.h>
#include "dbus-table.h"
#include "service/bus.h"
#include "service/service.h"

/* Sentences, a line each, as an "as". */
static int found_append(struct message *reply, const char *found)
{
	_cleanup_(cleanup_free) char *text = strdup(found);
	char *rest = text, *line;
	int r;

	if (!text)
		return fault_origin(-ENOMEM);
	r = message_open(reply, 'a', "s");
	while (!r && (line = strsep(&rest, "\n")))
		if (line[0])
			r = message_append(reply, "s", line);
	return r ? fault_trace(r) : message_close(reply);
}

int service_drill_run(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct access_entry entry = {.what = "drill", .uid = call_caller(call)->uid,
				     .outcome = "asked", .method = "Drill.Run"};
	struct call **more;
	int r;

	r = service_look(keeper, call);
	if (!r)
		r = ground_stored(access_log_write(keeper->log, &entry), call_why(call));
	if (!r && !drill_under_way(keeper->drill))
		r = drill_begin(keeper->drill, call_why(call));
	if (r)
		return fault_trace(r);
	more = reallocarray(keeper->service->drilling, keeper->service->n_drilling + 1,
			    sizeof(*more));
	if (!more)
		return fault_origin(-ENOMEM);
	keeper->service->drilling = more;
	more[keeper->service->n_drilling++] = call;
	return call_defer(call);
}

void service_drill_ended(struct keeper *keeper, const char *found)
{
	struct service *service = keeper->service;

	if (!service)
		return;
	for (size_t i = 0; i < service->n_drilling; i++) {
		struct call *call = service->drilling[i];

		call_finish(call, call_gone(call) ? 0 : found_append(call_reply(call), found));
	}
	service->n_drilling = 0;
}

void service_drill_stop(struct service *service)
{
	for (size_t i = 0; i < service->n_drilling; i++) {
		answer_why(call_why(service->drilling[i]), ANSWER_FAILED,
			   "the keeper is stopping; ask for the drill again");
		call_finish(service->drilling[i], ANSWER_FAILED);
	}
	service->n_drilling = 0;
	free(service->drilling);
}

void service_drill_drop(struct service *service)
{
	size_t kept = 0;

	for (size_t i = 0; i < service->n_drilling; i++) {
		if (call_gone(service->drilling[i]))
			call_finish(service->drilling[i], 0);
		else
			service->drilling[kept++] = service->drilling[i];
	}
	service->n_drilling = kept;
}

int service_drill_last(struct call *call, void *service)
{
	_cleanup_(cleanup_free) char *found = NULL;
	struct keeper *keeper = service;
	int64_t ended_min = 0;
	int r = drill_last(keeper->drill, &ended_min, &found);

	if (r < 0)
		return fault_trace(r);
	r = message_append(call_reply(call), "t", (uint64_t)ended_min * 60);
	return r ? fault_trace(r) : fault_trace(found_append(call_reply(call), found ? found : ""));
}
