/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Export, the way in: review and approval by an item's adult owner. Refusals are
 * logged by the domain, with their reasons. */

#include "approval.h"
#include "dbus-table.h"
#include "store/selection.h"
#include "service/service.h"

int service_asker(struct call *call, struct export_asker *ret)
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

	r = service_asker(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "s", &item);
	if (!r)
		r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (!r)
		r = approval_begin(&keeper->ground, &asker, item, &draft, call_why(call));
	if (!r)
		r = draft_append(call_reply(call), draft, reply_key, call_why(call));
	return fault_trace(r);
}

static int approve_read(struct call *call, struct approval *approval, struct delivery *delivery)
{
	struct message *arguments = call_arguments(call);
	int r;

	r = message_read(arguments, "s", &approval->copy);
	if (!r)
		r = args_delivery(arguments, delivery, call_why(call));
	if (r)
		return fault_trace(r);
	approval->delivery = delivery;
	approval->review = "named";
	r = message_read(arguments, "ss", &approval->purpose, &approval->recipient);
	if (!r)
		r = call_option(call, "review", "s", &approval->review);
	if (!r || r == ANSWER_NOT_FOUND)
		r = call_option(call, "voice", "s", &approval->voice);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(call_why(call), r, "the options review and voice are strings");
	return r == ANSWER_NOT_FOUND ? 0 : fault_trace(r);
}

int service_export_approve(struct call *call, void *service)
{
	struct delivery delivery = {.bodies_fd = -1};
	_cleanup_(cleanup_close) int fd = -1;
	struct approval approval = {.copy = NULL};
	struct keeper *keeper = service;
	struct export_asker asker;
	int64_t expires_min;
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = approve_read(call, &approval, &delivery);
	fd = delivery.bodies_fd;
	if (!r)
		r = approval_give(&keeper->ground, &asker, &approval, &expires_min, call_why(call));
	if (!r)
		r = message_append(call_reply(call), "t", age_expiry_s(keeper->age, expires_min));
	return fault_trace(r);
}

int service_export_candidates(struct call *call, void *service)
{
	_cleanup_(cleanup_free) struct archive_item *items = NULL;
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	char next[ARCHIVE_CURSOR_TEXT];
	struct export_asker asker;
	const char *profile, *cursor;
	uint32_t limit;
	size_t n;
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "s", &profile);
	if (!r)
		r = args_page(call, SERVICE_PAGE_MAX, &cursor, &limit);
	if (!r)
		r = approval_candidates(&keeper->ground, &asker, profile, cursor, limit, &items, &n,
					next, call_why(call));
	if (!r)
		r = reply_items(keeper, reply, items, n);
	if (!r)
		r = message_append(reply, "s", next);
	return fault_trace(r);
}

struct refusing {
	const struct ground *ground;
	const struct export_asker *asker;
	size_t n;
};

static int refusing_run(void *context)
{
	const struct refusing *refusing = context;

	return fault_trace(approval_refuse(refusing->ground, refusing->asker, refusing->n));
}

/* Where there is no copy to erase. */
static int refuse_alone(struct keeper *keeper, struct refusing *refusing, struct call *call)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	int r = service_look(keeper, call);

	if (r)
		return fault_trace(r);
	r = store_begin(keeper->store, &transaction);
	if (!r)
		r = refusing_run(refusing);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, call_why(call));
}

int service_export_refuse(struct call *call, void *service)
{
	_cleanup_(selected_clear) struct selected selected = {0};
	struct keeper *keeper = service;
	struct export_asker asker;
	struct refusing refusing = {&keeper->ground, &asker, 0};
	struct archive_within within = {refusing_run, &refusing};
	char job[SERVICE_PATH_TEXT] = "/";
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = args_ids(call_arguments(call), &selected, call_why(call));
	if (!r)
		r = approval_own(&keeper->ground, &asker, "Export.Refuse", selected.ids,
				 selected.selection.n_ids, call_why(call));
	if (r)
		return fault_trace(r);
	refusing.n = selected.selection.n_ids;
	r = service_erase_copies(keeper, call, &selected.selection, &within, job);
	if (r == ANSWER_NOT_FOUND)
		r = refuse_alone(keeper, &refusing, call);
	if (!r)
		r = message_append(call_reply(call), "o", job);
	return fault_trace(r);
}

static int copy_append(struct keeper *keeper, struct message *reply,
		       const struct archive_copy *copy)
{
	char id[ID_TEXT], item[ID_TEXT];

	return fault_trace(message_append_row(reply, "ssttss", id_text(&copy->id, id),
					      id_text(&copy->item, item),
					      (uint64_t)copy->approved_min * 60,
					      age_expiry_s(keeper->age, copy->expires_min),
					      copy->purpose, copy->recipient));
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

	r = service_asker(call, &asker);
	if (!r)
		r = args_page(call, SERVICE_PAGE_MAX, &cursor, &limit);
	if (!r)
		r = approval_list(&keeper->ground, &asker, cursor, limit, &copies, &n, next,
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
