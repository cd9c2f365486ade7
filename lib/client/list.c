/* SPDX-License-Identifier: Apache-2.0 */
/* Listing. It needs no key, and may never ask for one: a lost passphrase never keeps a family from
 * seeing what there is, and erasing it. */

#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "base/id.h"
#include "base/kind.h"
#include "base/listing.h"
#include "client/reply.h"
#include "client/selection.h"

/* Of one reply of Archive.ListMany; the keeper's are about 2 MiB. */
#define MANY_MAX_BYTES (64u << 20)

struct cubby_list {
	struct cubby *cubby;
	bool candidates;		/* of a review, of selection.profile or of all adults */
	struct list_selection selection;
	struct message *reply;		/* the page being walked; NULL: fetch one */
	uint8_t *bytes;			/* of a reply of ListMany, with its items */
	size_t n_bytes, at;
	char *cursor;			/* of the next page; NULL before the first */
	bool empty;			/* nothing was on this page so far */
	bool ended;
	struct cubby_item item;
	struct cubby_part parts[KIND_MAX];
};

struct cubby_list *cubby_list_free(struct cubby_list *list)
{
	if (!list)
		return NULL;
	list_selection_clear(&list->selection);
	message_free(list->reply);
	free(list->bytes);
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
	r = list_selection_copy(cubby, selection, &list->selection);
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

/* Who goes on behind the first page wants all of it. */
static bool fetch_many(const struct cubby_list *list)
{
	return list->cursor && !list->candidates && !list->cubby->host;
}

static int page_ask(struct cubby_list *list, bool many)
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
		r = session_request(cubby, NULL, "Archive", many ? "ListMany" : "List", &request);
		if (r == 0)
			r = list_selection_append(request, &list->selection);
	}
	if (r == 0)
		r = reply_page_options(cubby, request, list->cursor);
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, &list->reply);
	return fault_trace(r);
}

static int many_read(struct cubby_list *list)
{
	_cleanup_(cleanup_close) int fd = -1;
	int r = message_read(list->reply, "h", &fd);

	if (r == 0 && (!file_memfd_sealed(fd, &list->n_bytes) || list->n_bytes > MANY_MAX_BYTES))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	list->at = 0;
	list->bytes = malloc(list->n_bytes + 1);
	if (!list->bytes)
		return fault_origin(-ENOMEM);
	return fault_trace(file_pread(fd, list->bytes, list->n_bytes, 0));
}

static int page_fetch(struct cubby_list *list)
{
	const bool many = fetch_many(list);
	int r = page_ask(list, many);

	list->empty = true;
	if (r != 0)
		return fault_trace(r);
	r = many ? many_read(list) : message_enter(list->reply, 'a', "(ssta(stu))");
	return fault_trace(session_malformed(list->cubby, r, "Archive.List"));
}

static bool page_more(struct cubby_list *list)
{
	return list->bytes ? list->at < list->n_bytes : message_more(list->reply);
}

/* After the last item of a page. */
static int page_end(struct cubby_list *list)
{
	int r = list->bytes ? 0 : message_leave(list->reply);

	if (r == 0)
		r = reply_page_end(list->reply, list->empty, &list->cursor);
	if (r != 0)
		return fault_trace(session_malformed(list->cubby, r, "Archive.List"));
	list->ended = !*list->cursor;
	list->reply = message_free(list->reply);
	free(take(list->bytes));
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

/* The same of one in bytes. */
static int many_item_read(struct cubby_list *list)
{
	struct listing_item item;
	int r = listing_next(list->bytes, list->n_bytes, &list->at, &item);

	if (r != 0)
		return fault_trace(r);
	id_text(&item.id, list->item.id);
	id_text(&item.profile, list->item.profile_id);
	list->item.started_s = (int64_t)item.started_s;
	for (uint32_t i = 0; i < item.n_parts; i++)
		list->parts[i] = (struct cubby_part){
			.kind = kind_name((int)item.parts[i].kind),
			.expires_s = (int64_t)item.parts[i].expires_s,
			.sealed_bytes = item.parts[i].bytes,
		};
	list->item.parts = list->parts;
	list->item.n_parts = item.n_parts;
	return 0;
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
		if (page_more(list))
			break;
		r = page_end(list);
		if (r != 0)
			return fault_trace(r);
	}
	r = list->bytes ? many_item_read(list) : item_read(list);
	if (r != 0)
		return fault_trace(session_malformed(list->cubby, r, "Archive.List"));
	list->empty = false;
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
