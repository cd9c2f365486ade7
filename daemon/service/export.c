/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Export: approved copies, and nothing that is not one. Its refusals are logged by
 * the domain, with their reasons. */

#include "dbus-table.h"
#include "export.h"
#include "service/service.h"

static int asker_of(struct call *call, struct export_asker *ret)
{
	struct session *session;
	int r = service_session(call, &session);

	if (r)
		return fault_trace(r);
	*ret = (struct export_asker){
		.uid = call_caller(call)->uid,
		.proof = &session->proof,
		.drafts = &session->drafts,
	};
	return 0;
}

static int draft_append(struct message *reply, const struct archive_draft *draft,
			const uint8_t *reply_key, struct why *why)
{
	const char *kinds[KIND_MAX];
	char id[ID_TEXT];
	int r;

	for (unsigned i = 0; i < draft->n_parts; i++)
		kinds[i] = kind_name(draft->parts[i].kind);
	r = message_append(reply, "s", id_text(&draft->id, id));
	if (!r)
		r = reply_strings(reply, kinds, draft->n_parts);
	if (!r)
		r = reply_keys(reply, reply_key, draft->keys, why);
	if (!r)
		r = message_append(reply, "u", (uint32_t)DRAFT_LASTS_S);
	return fault_trace(r);
}

int service_export_begin_approval(struct call *call, void *service)
{
	struct keeper *keeper = service;
	const struct archive_draft *draft;
	struct export_asker asker;
	const uint8_t *reply_key;
	const char *item;
	int r;

	r = asker_of(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "s", &item);
	if (!r)
		r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (!r)
		r = export_begin(&keeper->ground, &asker, item, &draft, call_why(call));
	if (!r)
		r = draft_append(call_reply(call), draft, reply_key, call_why(call));
	return fault_trace(r);
}

int service_export_approve(struct call *call, void *service)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct keeper *keeper = service;
	struct delivery delivery;
	struct export_asker asker;
	const char *copy, *purpose, *recipient;
	int64_t expires_min;
	int r;

	r = asker_of(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "s", &copy);
	if (!r)
		r = args_delivery(call_arguments(call), &delivery, call_why(call));
	if (r)
		return fault_trace(r);
	fd = delivery.bodies_fd;
	r = message_read(call_arguments(call), "ss", &purpose, &recipient);
	if (!r)
		r = export_approve(&keeper->ground, &asker, copy, &delivery, purpose, recipient,
				   &expires_min, call_why(call));
	if (!r)
		r = message_append(call_reply(call), "t", age_expiry_s(keeper->age, expires_min));
	return fault_trace(r);
}

static int copy_append(struct keeper *keeper, struct message *reply,
		       const struct archive_copy *copy)
{
	char id[ID_TEXT], item[ID_TEXT];
	int r;

	r = message_open(reply, 'r', "ssttss");
	if (!r)
		r = message_append(reply, "ssttss", id_text(&copy->id, id),
				   id_text(&copy->item, item), (uint64_t)copy->approved_min * 60,
				   age_expiry_s(keeper->age, copy->expires_min), copy->purpose,
				   copy->recipient);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int service_export_list(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	char next[ARCHIVE_CURSOR_TEXT];
	struct export_asker asker;
	struct archive_copy *copies;
	const char *cursor;
	uint32_t limit;
	size_t n;
	int r;

	r = asker_of(call, &asker);
	if (!r)
		r = args_page(call, &cursor, &limit);
	if (!r)
		r = export_list(&keeper->ground, &asker, "", "", cursor, limit, &copies, &n, next,
				call_why(call));
	if (r)
		return fault_trace(r);
	r = message_open(reply, 'a', "(ssttss)");
	for (size_t i = 0; !r && i < n; i++)
		r = copy_append(keeper, reply, &copies[i]);
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_append(reply, "s", next);
	archive_copies_free(copies, n);
	return fault_trace(r);
}

static int excluded_append(struct message *reply, const char *reason, uint64_t n)
{
	int r = message_open(reply, 'r', "su");

	if (!r)
		r = message_append(reply, "su", reason, (uint32_t)n);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int service_export_select(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	struct export_asker asker;
	struct archive_copy *copies;
	const char *purpose, *recipient, *cursor;
	char id[ID_TEXT], next[ARCHIVE_CURSOR_TEXT];
	uint64_t child, not_approved;
	uint32_t limit;
	size_t n;
	int r;

	r = asker_of(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "ss", &purpose, &recipient);
	if (!r)
		r = args_page(call, &cursor, &limit);
	if (!r)
		r = archive_copy_excluded(keeper->archive, &child, &not_approved);
	if (!r)
		r = export_list(&keeper->ground, &asker, purpose, recipient, cursor, limit, &copies,
				&n, next, call_why(call));
	if (r)
		return fault_trace(r);
	r = message_open(reply, 'a', "s");
	for (size_t i = 0; !r && i < n; i++)
		r = message_append(reply, "s", id_text(&copies[i].id, id));
	archive_copies_free(copies, n);
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_open(reply, 'a', "(su)");
	if (!r)
		r = excluded_append(reply, "child", child);
	if (!r)
		r = excluded_append(reply, "not approved", not_approved);
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_append(reply, "s", next);
	return fault_trace(r);
}

int service_export_open(struct call *call, void *service)
{
	_cleanup_(archive_opened_freep) struct archive_opened *opened = NULL;
	struct keeper *keeper = service;
	struct export_asker asker;
	const uint8_t *reply_key;
	const char *copy;
	int r;

	r = asker_of(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "s", &copy);
	if (!r)
		r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (!r)
		r = export_open(&keeper->ground, &asker, copy, &opened, call_why(call));
	if (!r)
		r = reply_opened(call_reply(call), reply_key, opened, call_why(call));
	return fault_trace(r);
}
