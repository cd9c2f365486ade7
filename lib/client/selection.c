/* SPDX-License-Identifier: Apache-2.0 */
/* A selection, from a caller's to the bus. */

#include "client/selection.h"

#include <string.h>

/* The keeper's bus connection takes messages of 64 KiB; an id takes 37 bytes of one. */
#define SELECTION_IDS_MAX 1000

void list_selection_clear(struct list_selection *selection)
{
	array_clear(&selection->ids, free);
	free(selection->profile);
	free(selection->kind);
}

int list_selection_copy(struct cubby *cubby, const struct cubby_selection *from,
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

int list_selection_append(struct message *request, const struct list_selection *selection)
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
