/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Log: the access log, as it is. */

#include "dbus-table.h"
#include "service/service.h"

#define LOG_PAGE_MAX 200

static int entry_append(struct message *reply, const struct log_row *row)
{
	int r;

	r = message_open(reply, 'r', "ttsayay");
	if (!r)
		r = message_append(reply, "ttsayay", row->seq, row->time_min, row->body, row->salt,
				   sizeof(row->salt), row->hash, sizeof(row->hash));
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int service_log_list(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	struct log_row *rows;
	uint32_t limit = LOG_PAGE_MAX;
	uint64_t after;
	size_t n, shown;
	int r;

	r = message_read(call_arguments(call), "t", &after);
	if (r)
		return fault_trace(r);
	r = call_option(call, "limit", "u", &limit);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(call_why(call), r, "the option limit is a number (uint32)");
	if (!limit || limit > LOG_PAGE_MAX)
		limit = LOG_PAGE_MAX;
	/* One more than is shown tells whether there is more. */
	if (r >= 0)
		r = store_log_list(keeper->store, after, limit + 1, &rows, &n);
	if (r)
		return fault_trace(r);
	shown = n > limit ? limit : n;
	r = message_open(reply, 'a', "(ttsayay)");
	for (size_t i = 0; !r && i < shown; i++)
		r = entry_append(reply, &rows[i]);
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_append(reply, "b", n > limit);
	log_rows_free(rows, n);
	return fault_trace(r);
}
