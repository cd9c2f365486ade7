/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what was approved for export. They hold ids and what the adult wrote about purpose and
 * recipient; nothing of what was said. */

#include <string.h>

#include "base/id.h"
#include "client/reply.h"

struct copies_owner {
	struct cubby_copies public;
	struct array array;
};

static void copy_free(void *element)
{
	struct cubby_copy *copy = element;

	free((void *)(uintptr_t)copy->purpose);
	free((void *)(uintptr_t)copy->recipient);
	free(copy);
}

struct cubby_copies *cubby_copies_free(struct cubby_copies *copies)
{
	struct copies_owner *owner = (struct copies_owner *)copies;

	if (!owner)
		return NULL;
	array_clear(&owner->array, copy_free);
	free(owner);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_copies *, cubby_copies_free)

static int copy_read(struct message *message, void *array)
{
	const char *id, *item, *purpose, *recipient;
	uint64_t approved_s, expires_s;
	struct id id_bytes, item_bytes;
	struct cubby_copy *copy;
	int r;

	r = message_read(message, "ssttss", &id, &item, &approved_s, &expires_s, &purpose,
			 &recipient);
	if (r == 0 && (!id_parse(id, &id_bytes) || !id_parse(item, &item_bytes)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return fault_origin(-ENOMEM);
	id_text(&id_bytes, copy->id);
	id_text(&item_bytes, copy->item);
	copy->approved_s = (int64_t)approved_s;
	copy->expires_s = (int64_t)expires_s;
	copy->purpose = strdup(purpose);
	copy->recipient = strdup(recipient);
	if (!copy->purpose || !copy->recipient) {
		copy_free(copy);
		return fault_origin(-ENOMEM);
	}
	return fault_trace(array_add(array, copy, copy_free));
}

static int copies_page(struct cubby *cubby, struct array *array, char **cursor)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	int r = reply_page(cubby, "Export", "List", *cursor, &reply, "");

	if (r != 0)
		return fault_trace(r);
	r = reply_each(reply, "(ssttss)", copy_read, array);
	if (r == 0)
		r = reply_page_end(reply, cursor);
	return fault_trace(session_malformed(cubby, r, "Export.List"));
}

static int copies_run(struct cubby *cubby, struct cubby_copies **ret)
{
	_cleanup_(cubby_copies_freep) struct cubby_copies *copies = NULL;
	struct copies_owner *owner = calloc(1, sizeof(*owner));
	_cleanup_(cleanup_free) char *cursor = NULL;
	int r;

	if (!owner)
		return fault_origin(-ENOMEM);
	copies = &owner->public;
	do {
		r = copies_page(cubby, &owner->array, &cursor);
		if (r != 0)
			return fault_trace(r);
	} while (*cursor);
	copies->n = owner->array.n;
	copies->list = (struct cubby_copy *const *)owner->array.all;
	*ret = take(copies);
	return 0;
}

int cubby_copies(struct cubby *cubby, struct cubby_copies **ret)
{
	session_begin(cubby);
	return session_end(cubby, copies_run(cubby, ret));
}
