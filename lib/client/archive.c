/* SPDX-License-Identifier: Apache-2.0 */
/* Listing and deleting. Neither needs a key, and neither may ever ask for one: a lost passphrase
 * never keeps a family from erasing. */

#include <ctype.h>
#include <string.h>

#include "base/id.h"
#include "base/kind.h"
#include "client/reply.h"

/* The keeper's bus connection takes messages of 64 KiB; an id takes 37 bytes of one. */
#define SELECTION_IDS_MAX 1000

/* A selection as it was given, kept for the following pages. */
struct list_selection {
	struct array ids;
	char *profile;
	char *kind;
	int64_t since_s, until_s;
	bool all;
};

struct cubby_list {
	struct cubby *cubby;
	bool candidates;		/* of a review, of selection.profile or of all adults */
	struct list_selection selection;
	struct message *reply;		/* the page being walked; NULL: fetch one */
	char *cursor;			/* of the next page; NULL before the first */
	bool ended;
	struct cubby_item item;
	struct cubby_part parts[KIND_MAX];
};

static void selection_clear(struct list_selection *selection)
{
	array_clear(&selection->ids, free);
	free(selection->profile);
	free(selection->kind);
}

static int selection_copy(struct cubby *cubby, const struct cubby_selection *from,
			  struct list_selection *to)
{
	int r;

	if (!from)
		return 0;
	r = session_size(cubby, from->size, sizeof(*from), "CUBBY_SELECTION_INIT");
	if (r == 0 && from->n_ids > SELECTION_IDS_MAX)
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "%zu ids at once are too many; name at most %d, or a range or "
				  "profile",
				  from->n_ids, SELECTION_IDS_MAX);
	for (size_t i = 0; r == 0 && i < from->n_ids; i++)
		r = array_add_text(&to->ids, from->ids[i]);
	if (r == 0 && from->profile && !(to->profile = strdup(from->profile)))
		r = fault_origin(-ENOMEM);
	if (r == 0 && from->kind && !(to->kind = strdup(from->kind)))
		r = fault_origin(-ENOMEM);
	if (r != 0)
		return fault_trace(r);
	to->since_s = from->since_s;
	to->until_s = from->until_s;
	to->all = from->all;
	return 0;
}

static int ids_append(struct message *request, const struct list_selection *selection)
{
	int r = message_open(request, 'e', "sv");

	if (r == 0)
		r = message_append(request, "s", "ids");
	if (r == 0)
		r = message_open(request, 'v', "as");
	if (r == 0)
		r = message_open(request, 'a', "s");
	for (size_t i = 0; r == 0 && i < selection->ids.n; i++)
		r = message_append(request, "s", (const char *)selection->ids.all[i]);
	for (int i = 0; r == 0 && i < 3; i++)
		r = message_close(request);
	return fault_trace(r);
}

static int selection_append(struct message *request, const struct list_selection *selection)
{
	int r = message_open(request, 'a', "{sv}");

	if (r == 0 && selection->ids.n)
		r = ids_append(request, selection);
	if (r == 0 && selection->profile)
		r = message_append_entry(request, "profile", "s", selection->profile);
	if (r == 0 && selection->since_s > 0)
		r = message_append_entry(request, "since", "t", (uint64_t)selection->since_s);
	if (r == 0 && selection->until_s > 0)
		r = message_append_entry(request, "until", "t", (uint64_t)selection->until_s);
	if (r == 0 && selection->kind)
		r = message_append_entry(request, "kind", "s", selection->kind);
	if (r == 0 && selection->all)
		r = message_append_entry(request, "all", "b", true);
	return r == 0 ? message_close(request) : fault_trace(r);
}

struct cubby_list *cubby_list_free(struct cubby_list *list)
{
	if (!list)
		return NULL;
	selection_clear(&list->selection);
	message_free(list->reply);
	free(list->cursor);
	free(list);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_list *, cubby_list_free)

int cubby_list_new(struct cubby *cubby, const struct cubby_selection *selection,
		   struct cubby_list **ret)
{
	_cleanup_(cubby_list_freep) struct cubby_list *list = calloc(1, sizeof(*list));
	int r;

	session_begin(cubby);
	if (!list)
		return session_end(cubby, fault_origin(-ENOMEM));
	list->cubby = cubby;
	r = selection_copy(cubby, selection, &list->selection);
	if (r != 0)
		return session_end(cubby, fault_trace(r));
	*ret = take(list);
	return 0;
}

int cubby_export_candidates(struct cubby *cubby, const char *profile, struct cubby_list **ret)
{
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	int r;

	selection.profile = profile;
	r = cubby_list_new(cubby, &selection, ret);
	if (r == 0)
		(*ret)->candidates = true;
	return r;
}

static int page_fetch(struct cubby_list *list)
{
	_cleanup_(message_freep) struct message *request = NULL;
	struct cubby *cubby = list->cubby;
	int r;

	if (list->candidates) {
		r = session_request(cubby, NULL, "Export", "Candidates", &request);
		if (r == 0)
			r = message_append(request, "s", list->selection.profile
					   ? list->selection.profile : "");
	} else {
		r = session_request(cubby, NULL, "Archive", "List", &request);
		if (r == 0)
			r = selection_append(request, &list->selection);
	}
	if (r == 0)
		r = reply_page_options(cubby, request, list->cursor);
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, &list->reply);
	if (r != 0)
		return fault_trace(r);
	r = message_enter(list->reply, 'a', "(ssta(stu))");
	return fault_trace(session_malformed(cubby, r, "Archive.List"));
}

/* After the last item of a page. */
static int page_end(struct cubby_list *list)
{
	int r = message_leave(list->reply);

	if (r == 0)
		r = reply_page_end(list->reply, &list->cursor);
	if (r != 0)
		return fault_trace(session_malformed(list->cubby, r, "Archive.List"));
	list->ended = !*list->cursor;
	list->reply = message_free(list->reply);
	return 0;
}

static int parts_read(struct cubby_list *list)
{
	const char *kind;
	uint64_t expires_s;
	uint32_t bytes;
	size_t n = 0;
	int r;

	r = message_enter(list->reply, 'a', "(stu)");
	while (r == 0 && message_more(list->reply)) {
		r = message_enter(list->reply, 'r', "stu");
		if (r == 0)
			r = message_read(list->reply, "stu", &kind, &expires_s, &bytes);
		if (r == 0 && (n >= KIND_MAX || !kind_from_name(kind)))
			r = ANSWER_INVALID_ARGUMENT;
		if (r != 0)
			break;
		list->parts[n++] = (struct cubby_part){
			.kind = kind_name(kind_from_name(kind)),
			.expires_s = (int64_t)expires_s,
			.sealed_bytes = bytes,
		};
		r = message_leave(list->reply);
	}
	list->item.parts = list->parts;
	list->item.n_parts = n;
	return r == 0 ? message_leave(list->reply) : fault_trace(r);
}

static int item_read(struct cubby_list *list)
{
	const char *id, *profile;
	struct id id_bytes, profile_bytes;
	uint64_t started_s;
	int r;

	r = message_enter(list->reply, 'r', "ssta(stu)");
	if (r == 0)
		r = message_read(list->reply, "sst", &id, &profile, &started_s);
	if (r == 0 && (!id_parse(id, &id_bytes) || !id_parse(profile, &profile_bytes)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	id_text(&id_bytes, list->item.id);
	id_text(&profile_bytes, list->item.profile_id);
	list->item.started_s = (int64_t)started_s;
	r = parts_read(list);
	return r == 0 ? message_leave(list->reply) : fault_trace(r);
}

static int list_next(struct cubby_list *list, const struct cubby_item **ret_item)
{
	int r;

	for (;;) {
		if (!list->reply) {
			if (list->ended) {
				*ret_item = NULL;
				return 0;
			}
			r = page_fetch(list);
			if (r != 0)
				return fault_trace(r);
		}
		if (message_more(list->reply))
			break;
		r = page_end(list);
		if (r != 0)
			return fault_trace(r);
	}
	r = item_read(list);
	if (r != 0)
		return fault_trace(session_malformed(list->cubby, r, "Archive.List"));
	*ret_item = &list->item;
	return 0;
}

int cubby_list_next(struct cubby_list *list, const struct cubby_item **ret_item)
{
	session_begin(list->cubby);
	return session_end(list->cubby, list_next(list, ret_item));
}

static int resolve_run(struct cubby *cubby, const char *prefix, char ret_id[CUBBY_ID_TEXT])
{
	_cleanup_(cubby_list_freep) struct cubby_list *list = NULL;
	char found[CUBBY_ID_TEXT] = "";
	const struct cubby_item *item;
	size_t n = strlen(prefix);
	struct id id;
	int r;

	if (n < 4 || n > 32 || strspn(prefix, "0123456789abcdef") != n)
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "'%.40s' is not the id of an item; give its first 4 to 32 hex "
				  "digits "
				  "as 'cubby list' shows them", prefix);
	if (id_parse(prefix, &id)) {
		id_text(&id, ret_id);
		return 0;
	}
	r = cubby_list_new(cubby, NULL, &list);
	while (r == 0) {
		r = list_next(list, &item);
		if (r != 0 || !item)
			break;
		if (strncmp(item->id, prefix, n) != 0)
			continue;
		if (*found)
			return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
					  "'%s' could be %.12s or %.12s or more; give more digits",
					  prefix, found, item->id);
		memcpy(found, item->id, sizeof(found));
	}
	if (r != 0)
		return fault_trace(r);
	if (!*found)
		return answer_why(&cubby->why, ANSWER_NOT_FOUND,
				  "no item begins with '%s'; 'cubby list' shows what is kept",
				  prefix);
	memcpy(ret_id, found, sizeof(found));
	return 0;
}

int cubby_resolve(struct cubby *cubby, const char *prefix, char ret_id[CUBBY_ID_TEXT])
{
	session_begin(cubby);
	return session_end(cubby, resolve_run(cubby, prefix, ret_id));
}

/* Each id once, as the keeper counts them. */
static int asked_ids(struct cubby *cubby, const struct list_selection *selection)
{
	struct id *ids = calloc(selection->ids.n, sizeof(*ids));
	size_t n = 0;

	if (!ids)
		return fault_origin(-ENOMEM);
	for (size_t i = 0; i < selection->ids.n; i++) {
		bool known = !id_parse(selection->ids.all[i], &ids[n]);

		for (size_t j = 0; !known && j < n; j++)
			known = id_equal(&ids[j], &ids[n]);
		n += !known;
	}
	cubby->asked.ids = ids;
	cubby->asked.n_ids = n;
	return 0;
}

static int delete_run(struct cubby *cubby, const struct list_selection *selection, bool dry_run,
		      char **ret_job, uint32_t *ret_items)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *path;
	uint32_t items;
	int r;

	r = session_request(cubby, NULL, "Archive", "Delete", &request);
	if (r == 0)
		r = selection_append(request, selection);
	if (r == 0)
		r = message_open(request, 'a', "{sv}");
	if (r == 0 && dry_run)
		r = message_append_entry(request, "dry-run", "b", true);
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "ou", &path, &items);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Archive.Delete"));
	r = session_job(cubby, path, "delete", items, ret_job);
	if (r == 0 && selection->ids.n > 0)
		r = asked_ids(cubby, selection);
	if (r != 0)
		return fault_trace(r);
	*ret_items = items;
	return 0;
}

int cubby_delete(struct cubby *cubby, const struct cubby_selection *selection, bool dry_run,
		 char **ret_job, uint32_t *ret_items)
{
	_cleanup_(selection_clear) struct list_selection copy = { 0 };
	int r;

	session_begin(cubby);
	r = selection_copy(cubby, selection, &copy);
	if (r == 0)
		r = delete_run(cubby, &copy, dry_run, ret_job, ret_items);
	return session_end(cubby, fault_trace(r));
}

int cubby_move(struct cubby *cubby, const char *id, const char *profile, char **ret_job)
{
	session_begin(cubby);
	return session_end(cubby, reply_job(cubby, "Archive", "Move", "withdraw", ret_job, "ss", id,
					    profile));
}
