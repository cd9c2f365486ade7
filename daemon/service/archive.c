/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Archive. Every listing and opening is in the access log, on the disk, before
 * the first byte of it leaves. */

#include <string.h>
#include "dbus-table.h"
#include "move.h"
#include "profile.h"
#include "service/service.h"

static int item_append(struct keeper *keeper, struct message *reply,
		       const struct archive_item *item)
{
	const int64_t started_min = item->started_min - age_wall_error_min(keeper->age);
	char id[ID_TEXT], profile[ID_TEXT];
	int r;

	r = message_open(reply, 'r', "ssta(stu)");
	if (!r)
		r = message_append(reply, "sst", id_text(&item->id, id),
				   id_text(&item->profile, profile),
				   (uint64_t)started_min * 60);
	if (!r)
		r = message_open(reply, 'a', "(stu)");
	for (unsigned i = 0; !r && i < item->n_parts; i++) {
		r = message_open(reply, 'r', "stu");
		if (!r)
			r = message_append(reply, "stu", kind_name(item->parts[i].kind),
					   age_expiry_s(keeper->age, item->parts[i].expires_min),
					   (uint32_t)item->parts[i].bytes);
		if (!r)
			r = message_close(reply);
	}
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int reply_items(struct keeper *keeper, struct message *reply, const struct archive_item *items,
		size_t n)
{
	int r = message_open(reply, 'a', "(ssta(stu))");

	for (size_t i = 0; !r && i < n; i++)
		r = item_append(keeper, reply, &items[i]);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

/* reason: "dry-run" for who asks how many there are, which is a listing by another name. */
static int list_log(struct keeper *keeper, struct call *call, const struct selected *selected,
		    size_t n, const char *reason)
{
	struct access_entry entry = {
		.what = "list", .uid = call_caller(call)->uid, .outcome = "done",
		.method = reason ? "Archive.Delete" : "Archive.List", .reason = reason,
		.items = n,
		.profile = selected->selection.profile ? &selected->profile : NULL,
	};

	return ground_stored(access_log_write(keeper->log, &entry), call_why(call));
}

int service_archive_list(struct call *call, void *service)
{
	_cleanup_(cleanup_free) struct archive_item *items = NULL;
	_cleanup_(selected_clear) struct selected selected = {0};
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	char next[ARCHIVE_CURSOR_TEXT];
	const char *cursor;
	uint32_t limit;
	size_t n;
	int r;

	r = args_selection(keeper, call_arguments(call), &selected, call_why(call));
	if (!r)
		r = service_look(keeper, call);
	if (!r)
		r = args_page(call, &cursor, &limit);
	if (!r)
		r = archive_list(keeper->archive, &selected.selection, cursor, limit, &items, &n,
				 next, call_why(call));
	if (!r)
		r = list_log(keeper, call, &selected, n, NULL);
	if (!r)
		r = reply_items(keeper, reply, items, n);
	if (!r)
		r = message_append(reply, "s", next);
	return fault_trace(r);
}

static int kinds_mask(struct call *call, unsigned *ret)
{
	_cleanup_(strings_clear) struct strings names = {0};
	unsigned kinds = 0;
	int r;

	r = args_strings(call_arguments(call), KIND_MAX, &names, call_why(call));
	for (size_t i = 0; !r && i < names.n; i++) {
		int kind = kind_from_name(names.items[i]);

		if (!kind)
			return answer_why(call_why(call), ANSWER_INVALID_ARGUMENT,
					  "there is no kind \"%.20s\"; say audio, transcript or "
					  "location",
					  names.items[i]);
		kinds |= 1u << kind;
	}
	*ret = kinds;
	return fault_trace(r);
}

static int open_log(struct keeper *keeper, struct call *call, const struct archive_opened *opened,
		    const struct id *id)
{
	struct profile profile;
	struct access_entry entry = {
		.what = "open", .uid = call_caller(call)->uid, .outcome = "done",
		.method = "Archive.Open", .profile = &profile, .item = id,
	};
	int r = store_profile_by_id(keeper->store, &opened->profile, &profile);

	/* Not even the profile's removal may make an opening go unseen. */
	if (r)
		return r < 0 ? fault_trace(r) : fault_origin(-EBADMSG);
	return ground_stored(access_log_write(keeper->log, &entry), call_why(call));
}

/* The child may know (R31). Whether it is listened to is the client's; here it was handed out. */
static void played_tell(struct keeper *keeper, const struct archive_opened *opened)
{
	struct profile profile;

	for (unsigned i = 0; i < opened->n_parts; i++)
		if (opened->parts[i].kind == KIND_AUDIO &&
		    !store_profile_by_id(keeper->store, &opened->profile, &profile))
			service_played(keeper, profile.name);
}

int service_archive_open(struct call *call, void *service)
{
	_cleanup_(archive_opened_freep) struct archive_opened *opened = NULL;
	struct keeper *keeper = service;
	const uint8_t *reply_key;
	const char *text;
	unsigned kinds = 0;
	struct id id;
	int r;

	r = message_read(call_arguments(call), "s", &text);
	if (!r)
		r = kinds_mask(call, &kinds);
	if (!r)
		r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (r)
		return fault_trace(r);
	if (!id_parse(text, &id))
		return answer_why(call_why(call), ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not the id of an item (32 hex digits)",
				  text);
	r = archive_open(keeper->archive, &id, kinds, &opened, call_why(call));
	if (!r)
		r = open_log(keeper, call, opened, &id);
	if (!r)
		r = reply_opened(call_reply(call), reply_key, opened, call_why(call));
	if (!r)
		played_tell(keeper, opened);
	return fault_trace(r);
}

static int delete_run(struct keeper *keeper, struct call *call, const struct selected *selected,
		      const struct archive_count *count, char job[static SERVICE_PATH_TEXT],
		      uint64_t *ret_items)
{
	struct archive_item item;
	struct profile profile;
	struct access_within entry = {
		.log = keeper->log,
		.entry = {
			.what = "delete", .uid = call_caller(call)->uid, .outcome = "asked",
			.method = "Archive.Delete", .items = count->items,
			.profile = selected->selection.profile ? &selected->profile : NULL,
		},
	};
	struct archive_within within = {access_log_within, &entry};

	/* One item is named by its pseudonym. */
	if (selected->selection.n_ids == 1 && count->items == 1 &&
	    !archive_find(keeper->archive, &selected->ids[0], &item, NULL) &&
	    !store_profile_by_id(keeper->store, &item.profile, &profile)) {
		entry.entry.profile = &profile;
		entry.entry.item = &selected->ids[0];
	}
	return fault_trace(service_erase(keeper, call, ERASURE_DELETE, &selected->selection,
					 &within, job, ret_items));
}

int service_archive_delete(struct call *call, void *service)
{
	_cleanup_(selected_clear) struct selected selected = {0};
	struct keeper *keeper = service;
	struct archive_count count;
	char job[SERVICE_PATH_TEXT] = "/";
	uint64_t items;
	bool dry_run = false;
	int r;

	r = args_selection(keeper, call_arguments(call), &selected, call_why(call));
	if (r)
		return fault_trace(r);
	r = call_option(call, "dry-run", "b", &dry_run);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(call_why(call), r, "the option dry-run is true or false");
	if (r < 0)
		return fault_trace(r);
	r = archive_count(keeper->archive, &selected.selection, &count, call_why(call));
	if (r)
		return fault_trace(r);
	items = count.items;
	/* What erases nothing is a look. What erases something is never refused. */
	if (dry_run || !items)
		r = service_look(keeper, call);
	if (r)
		return fault_trace(r);
	if (dry_run)
		r = list_log(keeper, call, &selected, items, "dry-run");
	else
		r = delete_run(keeper, call, &selected, &count, job, &items);
	if (!r)
		r = message_append(call_reply(call), "ou", job, (uint32_t)items);
	return fault_trace(r);
}

int service_archive_move(struct call *call, void *service)
{
	struct keeper *keeper = service;
	char path[SERVICE_PATH_TEXT] = "/";
	const char *item, *profile;
	struct export_asker asker;
	int64_t job = 0;
	int r;

	r = service_asker(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "ss", &item, &profile);
	if (!r)
		r = move_item(&keeper->ground, keeper->erasure, &asker, item, profile, &job,
			      call_why(call));
	if (!r && job)
		service_asked(keeper, call, job, path);
	if (!r)
		r = message_append(call_reply(call), "o", path);
	return fault_trace(r);
}
