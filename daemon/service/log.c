/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Log: the access log, as it is. */

#include "base/file.h"
#include "dbus-table.h"
#include "log_day.h"
#include "service/service.h"
#include "store/job.h"
#include "store/ratchet.h"

#define LOG_PAGE_MAX 200
/* About 8,000 entries: so long nobody else is answered. */
#define LOG_READ_BYTES (2u << 20)
/* Of less than 2 KiB each. */
#define LOG_RECEIPTS_MAX 15
/* Of less than 400 bytes each. */
#define LOG_CHECKPOINTS_MAX 100

static int entry_append(struct message *reply, const struct log_row *row)
{

	return fault_trace(message_append_row(reply, "ttsayay", row->seq, row->time_min, row->body,
					      row->salt, sizeof(row->salt), row->hash,
					      sizeof(row->hash)));
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

int service_log_read(struct call *call, void *service)
{
	_cleanup_(logpage_clear) struct logpage page = { 0 };
	_cleanup_(cleanup_close) int fd = -1;
	struct keeper *keeper = service;
	uint64_t after;
	bool more;
	int r;

	r = message_read(call_arguments(call), "t", &after);
	if (!r)
		r = store_log_page(keeper->store, after, LOG_READ_BYTES, &page, &more);
	if (!r)
		r = file_memfd("cubby-log", page.bytes, page.n, &fd);
	if (!r)
		r = message_append(call_reply(call), "hb", fd, more);
	return fault_trace(r);
}

static int key_append(void *context, const struct log_key_row *row)
{
	struct message *reply = context;
	return fault_trace(message_append_row(reply, "tay", row->first_seq, row->sealed,
					      row->n_sealed));
}

int service_log_keys(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	int r = message_open(reply, 'a', "(tay)");

	if (!r)
		r = store_log_keys(keeper->store, key_append, reply);
	return fault_trace(r ? r : message_close(reply));
}

int service_log_checkpoint(struct call *call, void *service)
{
	_cleanup_(cleanup_free) char *statement = NULL;
	struct keeper *keeper = service;
	int r = log_day_checkpoint(keeper->store, keeper->age, keeper->device->sign, &statement);

	return fault_trace(r ? r : message_append(call_reply(call), "s", statement));
}

static int statement_append(void *context, const char *text)
{
	return fault_trace(message_append(context, "s", text));
}

int service_log_checkpoints(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	uint64_t after;
	int r;

	r = message_read(call_arguments(call), "t", &after);
	if (!r)
		r = message_open(reply, 'a', "s");
	if (!r)
		r = store_log_checkpoints(keeper->store, after, LOG_CHECKPOINTS_MAX,
					  statement_append, reply);
	return fault_trace(r ? r : message_close(reply));
}

struct receipts {
	struct message *reply;
	int64_t last;
	unsigned n;
};

static int receipt_append(void *context, int64_t job, const char *receipt)
{
	struct receipts *receipts = context;

	receipts->last = job;
	receipts->n++;
	return fault_trace(message_append(receipts->reply, "s", receipt));
}

int service_log_receipts(struct call *call, void *service)
{
	struct receipts receipts = { .reply = call_reply(call) };
	struct keeper *keeper = service;
	uint64_t before;
	int r = message_read(call_arguments(call), "t", &before);

	if (!r)
		r = message_open(receipts.reply, 'a', "s");
	if (!r)
		r = store_receipts(keeper->store, before && before < INT64_MAX ? (int64_t)before :
				   INT64_MAX, LOG_RECEIPTS_MAX, receipt_append, &receipts);
	if (!r)
		r = message_close(receipts.reply);
	if (!r)
		r = message_append(receipts.reply, "t", receipts.n == LOG_RECEIPTS_MAX ?
				   (uint64_t)receipts.last : (uint64_t)0);
	return fault_trace(r);
}
