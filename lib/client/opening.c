/* SPDX-License-Identifier: Apache-2.0 */
/* Opens many items, a page of ciphertext at a time and one of them in clear: however many there
 * are, no more than one of them is in this process's memory at once. */

#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "client/array.h"
#include "client/open.h"
#include "client/remote.h"
#include "client/reply.h"

/* What a call may name, and what a reply may hold (docs/BUS.md). */
#define IDS_MAX 500
#define PAGE_ITEMS_MAX 500
#define PAGE_MAX_BYTES (8u * ENVELOPE_CONTENT_MAX_BYTES)

struct cubby_opening {
	struct cubby *cubby;
	struct array ids, kinds;
	size_t done;			/* of ids */
	struct {
		struct id id;
		struct sealed sealed;
	} items[PAGE_ITEMS_MAX];
	size_t n_items, at;
	struct sealed_bodies bodies;
};

struct cubby_opening *cubby_opening_free(struct cubby_opening *opening)
{
	if (!opening)
		return NULL;
	sealed_bodies_clear(&opening->bodies);
	array_clear(&opening->ids, free);
	array_clear(&opening->kinds, free);
	free(opening);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_opening *, cubby_opening_free)

int cubby_opening_new(struct cubby *cubby, const char *const *ids, size_t n,
		      const char *const *kinds, struct cubby_opening **ret)
{
	_cleanup_(cubby_opening_freep) struct cubby_opening *opening = calloc(1, sizeof(*opening));
	int r = 0;

	session_begin(cubby);
	if (!opening)
		return session_end(cubby, fault_origin(-ENOMEM));
	if (!cubby->home)
		return session_end(cubby, answer_why(&cubby->why, ANSWER_NOT_AUTHORIZED,
						     "opening items takes a parent's passphrase: "
						     "prove first"));
	opening->cubby = cubby;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = array_add_text(&opening->ids, ids[i]);
	for (size_t i = 0; r == 0 && kinds && kinds[i]; i++)
		r = array_add_text(&opening->kinds, kinds[i]);
	if (r == 0)
		*ret = take(opening);
	return session_end(cubby, r);
}

static int texts_append(struct message *request, const struct array *array, size_t from, size_t n)
{
	int r = message_open(request, 'a', "s");

	for (size_t i = from; r == 0 && i < from + n; i++)
		r = message_append(request, "s", (const char *)array->all[i]);
	return r == 0 ? message_close(request) : fault_trace(r);
}

static int item_read(struct message *message, void *context)
{
	struct cubby_opening *opening = context;
	struct sealed *sealed = &opening->items[opening->n_items].sealed;
	const char *id;
	int r;

	if (opening->n_items == PAGE_ITEMS_MAX)
		return ANSWER_INVALID_ARGUMENT;
	*sealed = (struct sealed){ .n_parts = 0 };
	if (opening->n_items > 0) {
		const struct sealed *before = &opening->items[opening->n_items - 1].sealed;

		sealed->first_key = before->first_key + before->n_parts;
	}
	r = message_read(message, "s", &id);
	if (r == 0 && !id_parse(id, &opening->items[opening->n_items].id))
		r = ANSWER_INVALID_ARGUMENT;
	if (r == 0)
		r = sealed_header(message, sealed);
	if (r == 0)
		r = sealed_parts(message, sealed);
	if (r == 0)
		opening->n_items++;
	return fault_trace(r);
}

static int page_read(struct cubby_opening *opening, struct message *reply, size_t asked,
		     const struct box_keypair *pair)
{
	uint32_t next = 0;
	int r = reply_each(reply, "(saya(stt))", item_read, opening);

	if (r == 0)
		r = message_read(reply, "u", &next);
	if (r == 0 && (next == 0 || next > asked))
		r = ANSWER_INVALID_ARGUMENT;
	if (r == 0)
		r = bodies_read(reply, pair, PAGE_MAX_BYTES, &opening->bodies);
	for (size_t i = 0; r == 0 && i < opening->n_items; i++)
		r = sealed_check(&opening->items[i].sealed, &opening->bodies);
	if (r != 0)
		opening->n_items = 0;
	opening->done += next;
	return fault_trace(r);
}

static int page_fetch(struct cubby_opening *opening)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	struct cubby *cubby = opening->cubby;
	size_t n = opening->ids.n - opening->done;
	int r;

	if (n > IDS_MAX)
		n = IDS_MAX;
	sealed_bodies_clear(&opening->bodies);
	opening->n_items = opening->at = 0;
	r = box_keypair_new(&pair);
	if (r == 0)
		r = session_request(cubby, NULL, "Archive", "OpenMany", &request);
	if (r == 0)
		r = texts_append(request, &opening->ids, opening->done, n);
	if (r == 0)
		r = texts_append(request, &opening->kinds, 0, opening->kinds.n);
	if (r == 0)
		r = message_append(request, "ay", (const void *)pair->public, sizeof(pair->public));
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return fault_trace(r);
	return fault_trace(session_malformed(cubby, page_read(opening, reply, n, pair),
					     "Archive.OpenMany"));
}

/* Where no page can come, item by item. */
static int remote_next(struct cubby_opening *opening, char ret_id[CUBBY_ID_TEXT],
		       struct cubby_opened **ret)
{
	const char *const *kinds = (const char *const *)opening->kinds.all;

	*ret = NULL;
	while (opening->done < opening->ids.n) {
		const char *id = opening->ids.all[opening->done++];
		int r = remote_open(opening->cubby, id, kinds, ret);

		if (r == ANSWER_NOT_FOUND)
			continue;
		if (r == 0)
			snprintf(ret_id, CUBBY_ID_TEXT, "%s", id);
		return fault_trace(r);
	}
	return 0;
}

static int opening_next(struct cubby_opening *opening, char ret_id[CUBBY_ID_TEXT],
			struct cubby_opened **ret)
{
	struct cubby *cubby = opening->cubby;
	int r = 0;

	if (cubby->host)
		return fault_trace(remote_next(opening, ret_id, ret));
	while (r == 0 && opening->at == opening->n_items && opening->done < opening->ids.n)
		r = page_fetch(opening);
	if (r != 0)
		return fault_trace(r);
	if (opening->at == opening->n_items) {
		*ret = NULL;
		return 0;
	}
	r = opened_make(cubby, &opening->items[opening->at].sealed, &opening->bodies,
			&opening->items[opening->at].id, false, ret);
	if (r == 0)
		id_text(&opening->items[opening->at++].id, ret_id);
	return fault_trace(r);
}

int cubby_opening_next(struct cubby_opening *opening, char ret_id[CUBBY_ID_TEXT],
		       struct cubby_opened **ret)
{
	session_begin(opening->cubby);
	return session_end(opening->cubby, opening_next(opening, ret_id, ret));
}
