/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Archive but for opening. Every listing is in the access log, on the disk, before
 * the first byte of it leaves. */

#include <string.h>
#include "base/file.h"
#include "base/listing.h"
#include "dbus-table.h"
#include "move.h"
#include "profile.h"
#include "service/service.h"

/* As it is shown: in the time that the household knows. */
static struct listing_item item_shown(struct keeper *keeper, const struct archive_item *item)
{
	const int64_t started_min = item->started_min - age_wall_error_min(keeper->age);
	struct listing_item shown = {
		.id = item->id, .profile = item->profile, .started_s = (uint64_t)started_min * 60,
		.n_parts = item->n_parts,
	};

	for (unsigned i = 0; i < item->n_parts; i++) {
		const struct archive_part *part = &item->parts[i];

		shown.parts[i].kind = part->kind;
		shown.parts[i].bytes = (uint32_t)part->bytes;
		shown.parts[i].expires_s = age_expiry_s(keeper->age, part->expires_min);
	}
	return shown;
}

static int item_append(struct message *reply, const struct listing_item *item)
{
	char id[ID_TEXT], profile[ID_TEXT];
	int r;

	r = message_open(reply, 'r', "ssta(stu)");
	if (!r)
		r = message_append(reply, "sst", id_text(&item->id, id),
				   id_text(&item->profile, profile), item->started_s);
	if (!r)
		r = message_open(reply, 'a', "(stu)");
	for (unsigned i = 0; !r && i < item->n_parts; i++)
		r = message_append_row(reply, "stu", kind_name((int)item->parts[i].kind),
				       item->parts[i].expires_s, item->parts[i].bytes);
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

	for (size_t i = 0; !r && i < n; i++) {
		const struct listing_item shown = item_shown(keeper, &items[i]);

		r = item_append(reply, &shown);
	}
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

static int reply_listing(struct keeper *keeper, struct message *reply,
			 const struct archive_item *items, size_t n)
{
	_cleanup_(cleanup_free) uint8_t *bytes = malloc(n * LISTING_ITEM_MAX_BYTES + 1);
	_cleanup_(cleanup_close) int fd = -1;
	size_t end = 0;
	int r;

	if (!bytes)
		return fault_origin(-ENOMEM);
	for (size_t i = 0; i < n; i++) {
		const struct listing_item shown = item_shown(keeper, &items[i]);

		end += listing_put(&shown, bytes + end);
	}
	r = file_memfd("cubby-listing", bytes, end, &fd);
	if (!r)
		r = message_append(reply, "h", fd);
	return fault_trace(r);
}

/* What of the selection is looked at, and by which method. reason: "dry-run" for who asks how many
 * there are, which is a listing by another name. */
static int list_log(struct keeper *keeper, struct call *call, const struct selected *selected,
		    size_t n, const char *method, const char *reason)
{
	struct access_entry entry = {
		.what = "list", .uid = call_caller(call)->uid, .outcome = "done",
		.method = method, .reason = reason, .items = n,
		.profile = selected->selection.profile ? &selected->profile : NULL,
	};

	return ground_stored(access_log_write(keeper->log, &entry), call_why(call));
}

/* most: items in a reply, which `reply` writes. */
static int list_run(struct call *call, struct keeper *keeper, uint32_t most, const char *method,
		    int (*reply)(struct keeper *keeper, struct message *reply,
				 const struct archive_item *items, size_t n))
{
	_cleanup_(cleanup_free) struct archive_item *items = NULL;
	_cleanup_(selected_clear) struct selected selected = {0};
	char next[ARCHIVE_CURSOR_TEXT];
	const char *cursor;
	uint32_t limit;
	size_t n;
	int r;

	r = args_selection(keeper, call_arguments(call), &selected, call_why(call));
	if (!r)
		r = service_look(keeper, call);
	if (!r)
		r = args_page(call, most, &cursor, &limit);
	if (!r)
		r = archive_list(keeper->archive, &selected.selection, cursor, limit, &items, &n,
				 next, call_why(call));
	if (!r)
		r = list_log(keeper, call, &selected, n, method, NULL);
	if (!r)
		r = reply(keeper, call_reply(call), items, n);
	if (!r)
		r = message_append(call_reply(call), "s", next);
	return fault_trace(r);
}

int service_archive_list(struct call *call, void *service)
{
	return fault_trace(list_run(call, service, SERVICE_PAGE_MAX, "Archive.List", reply_items));
}

int service_archive_list_many(struct call *call, void *service)
{
	return fault_trace(list_run(call, service, ARCHIVE_MANY_MAX, "Archive.ListMany",
				    reply_listing));
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
		r = list_log(keeper, call, &selected, items, "Archive.Delete", "dry-run");
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
	/* To and fro, without an end. */
	if (!r)
		r = service_look(keeper, call);
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
