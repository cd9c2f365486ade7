/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Export, the way out: exports, their manifests and recalls. Its refusals are
 * logged by the domain, with their reasons. */

#include <string.h>
#include "dbus-table.h"
#include "export.h"
#include "service/service.h"

/* Of Wrote: as many as Fetch gives in a page. */
#define WROTE_MAX EXPORT_PAGE_ITEMS

static int begun_append(struct message *reply, const struct export_row *row)
{
	char id[ID_TEXT];
	int r;

	r = message_append(reply, "sayu", id_text(&row->id, id), (const void *)row->salt,
			   sizeof(row->salt), (uint32_t)row->items);
	if (!r)
		r = message_open(reply, 'a', "(su)");
	if (!r)
		r = message_append_row(reply, "su", "child", (uint32_t)row->child);
	if (!r)
		r = message_append_row(reply, "su", "not approved", (uint32_t)row->unapproved);
	if (!r)
		r = message_append_row(reply, "su", "approved for something else",
				       (uint32_t)row->elsewhere);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

/* What does not fit is as wrong as what is too long. */
static void text_take(char *to, size_t room, const char *from)
{
	if (strlen(from) < room)
		strcpy(to, from);
}

int service_export_begin(struct call *call, void *service)
{
	const char *purpose, *recipient, *format, *encoding;
	struct keeper *keeper = service;
	struct export_row row = {.export = 0};
	struct export_asker asker;
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "ssss", &purpose, &recipient, &format,
				 &encoding);
	if (r)
		return fault_trace(r);
	text_take(row.purpose, sizeof(row.purpose), purpose);
	text_take(row.recipient, sizeof(row.recipient), recipient);
	text_take(row.format, sizeof(row.format), format);
	text_take(row.encoding, sizeof(row.encoding), encoding);
	r = export_begin(&keeper->ground, &asker, &row, call_why(call));
	return fault_trace(r ? r : begun_append(call_reply(call), &row));
}

int service_export_resume(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct export_row row;
	const char *export;
	int r;

	r = message_read(call_arguments(call), "s", &export);
	if (!r)
		r = export_find(&keeper->ground, export, &row, call_why(call));
	if (!r)
		r = message_append(call_reply(call), "ssssayuuu", row.purpose, row.recipient,
				   row.format, row.encoding, (const void *)row.salt,
				   sizeof(row.salt), (uint32_t)row.items, (uint32_t)row.written,
				   (uint32_t)row.recalled);
	return fault_trace(r);
}

/* ---- Fetch ---- */

static int fetched_append(struct message *reply, const struct export_page *page, unsigned i,
			  uint64_t offset)
{
	const struct archive_opened *opened = page->items[i].opened;
	char token[ID_TEXT], copy[ID_TEXT];
	int r;

	r = message_open(reply, 'r', "ssaya(stt)");
	if (!r)
		r = message_append(reply, "ssay", id_text(&page->items[i].token, token),
				   id_text(&page->items[i].copy, copy),
				   (const void *)opened->header.bytes,
				   sizeof(opened->header.bytes));
	if (!r)
		r = reply_parts(reply, opened, offset);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int service_export_fetch(struct call *call, void *service)
{
	_cleanup_(export_page_clear) struct export_page page = {.n = 0};
	struct keeper *keeper = service;
	const struct archive_opened *opened[EXPORT_PAGE_ITEMS];
	struct message *reply = call_reply(call);
	struct export_asker asker;
	const uint8_t *reply_key;
	const char *export;
	uint32_t limit = 0;
	uint64_t offset = 0;
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "s", &export);
	if (!r)
		r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (r)
		return fault_trace(r);
	r = call_option(call, "limit", "u", &limit);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(call_why(call), r, "the option limit is a number (uint32)");
	if (!r || r == ANSWER_NOT_FOUND)
		r = export_fetch(&keeper->ground, &asker, export, limit, &page, call_why(call));
	if (!r)
		r = message_open(reply, 'a', "(ssaya(stt))");
	for (unsigned i = 0; !r && i < page.n; i++) {
		r = fetched_append(reply, &page, i, offset);
		opened[i] = page.items[i].opened;
		offset += opened[i]->n_bodies;
	}
	if (!r)
		r = message_close(reply);
	if (!r)
		r = reply_bodies(reply, opened, page.n, reply_key, call_why(call));
	return fault_trace(r);
}

/* ---- Wrote ---- */

static int hash_read(struct message *message, uint8_t ret[static HASH_BYTES], struct why *why)
{
	const void *bytes;
	size_t n;
	int r = message_read(message, "ay", &bytes, &n);

	if (r)
		return fault_trace(r);
	if (n != HASH_BYTES)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "a hash has %d bytes, not %zu",
				  HASH_BYTES, n);
	memcpy(ret, bytes, n);
	return 0;
}

static int wrote_read(struct message *message, struct manifest_item *item, struct why *why)
{
	const char *token;
	const void *lines;
	uint64_t bytes;
	size_t n;
	int r;

	r = message_read(message, "st", &token, &bytes);
	if (r)
		return fault_trace(r);
	if (!id_parse(token, &item->token) || bytes > INT64_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not a token (32 hex digits) with a size", token);
	item->bytes = (int64_t)bytes;
	r = hash_read(message, item->hash, why);
	if (!r)
		r = hash_read(message, item->start, why);
	if (!r)
		r = hash_read(message, item->sound, why);
	if (!r)
		r = message_read(message, "ay", &lines, &n);
	if (r)
		return fault_trace(r);
	if (!n || n > sizeof(item->lines) || n % HASH_BYTES)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the lines of an item are 1 to %d hashes", MANIFEST_LINES_MAX);
	memcpy(item->lines, lines, n);
	item->n_lines = (unsigned)(n / HASH_BYTES);
	return 0;
}

int service_export_wrote(struct call *call, void *service)
{
	_cleanup_(cleanup_free) struct manifest_item *items = calloc(WROTE_MAX, sizeof(*items));
	struct message *arguments = call_arguments(call);
	struct keeper *keeper = service;
	const char *export;
	size_t n = 0;
	int r;

	if (!items)
		return fault_origin(-ENOMEM);
	r = message_read(arguments, "s", &export);
	if (!r)
		r = message_enter(arguments, 'a', "(stayayayay)");
	while (!r && message_more(arguments)) {
		if (n == WROTE_MAX)
			return answer_why(call_why(call), ANSWER_INVALID_ARGUMENT,
					  "more than %d items at once; tell them in parts",
					  WROTE_MAX);
		r = message_enter(arguments, 'r', "stayayayay");
		if (!r)
			r = wrote_read(arguments, &items[n++], call_why(call));
		if (!r)
			r = message_leave(arguments);
	}
	if (!r)
		r = message_leave(arguments);
	if (!r)
		r = export_wrote(&keeper->ground, export, items, n, call_why(call));
	return fault_trace(r);
}

/* ---- Ending, and afterwards ---- */

int service_export_finish(struct call *call, void *service)
{
	_cleanup_(export_list_clear) struct export_list list = EXPORT_LIST_INIT;
	struct keeper *keeper = service;
	struct export_asker asker;
	const char *export;
	uint32_t generation;
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "su", &export, &generation);
	if (!r)
		r = export_finish(&keeper->ground, &asker, keeper->device->sign,
				  "cubby " KEEPER_VERSION, export, generation, &list,
				  call_why(call));
	if (!r)
		r = message_append(call_reply(call), "sh", list.head, list.lines);
	if (!r)
		r = message_append(call_reply(call), "u", (uint32_t)list.generation);
	return fault_trace(r);
}

int service_export_cancel(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct export_asker asker;
	const char *export;
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "s", &export);
	if (!r)
		r = export_cancel(&keeper->ground, &asker, export, call_why(call));
	return fault_trace(r);
}

static int history_append(struct message *reply, const struct export_row *row)
{
	char id[ID_TEXT];

	return fault_trace(message_append_row(reply, "sttssuu", id_text(&row->id, id),
					      (uint64_t)row->begun_min * 60,
					      (uint64_t)row->ended_min * 60, row->purpose,
					      row->recipient, (uint32_t)row->items,
					      (uint32_t)row->recalled));
}

int service_export_history(struct call *call, void *service)
{
	_cleanup_(cleanup_free) struct export_row *rows = NULL;
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	char next[ARCHIVE_CURSOR_TEXT];
	struct export_asker asker;
	const char *cursor;
	uint32_t limit;
	size_t n;
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = args_page(call, SERVICE_PAGE_MAX, &cursor, &limit);
	if (!r)
		r = service_look(keeper, call);
	if (!r)
		r = export_history(&keeper->ground, &asker, cursor, limit, &rows, &n, next,
				   call_why(call));
	if (!r)
		r = message_open(reply, 'a', "(sttssuu)");
	for (size_t i = 0; !r && i < n; i++)
		r = history_append(reply, &rows[i]);
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_append(reply, "s", next);
	return fault_trace(r);
}

int service_export_recalls(struct call *call, void *service)
{
	_cleanup_(export_list_clear) struct export_list list = EXPORT_LIST_INIT;
	struct keeper *keeper = service;
	struct export_asker asker;
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = service_look(keeper, call);
	if (!r)
		r = export_recalls(&keeper->ground, &asker, keeper->device->sign, &list,
				   call_why(call));
	if (!r)
		r = message_append(call_reply(call), "sh", list.head, list.lines);
	return fault_trace(r);
}
