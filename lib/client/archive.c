/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting and moving. Neither needs a key, and neither may ever ask for one: a lost passphrase
 * never keeps a family from erasing. */

#include <string.h>

#include "base/id.h"
#include "client/reply.h"
#include "client/selection.h"

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
		r = list_selection_append(request, selection);
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
	_cleanup_(list_selection_clear) struct list_selection copy = { 0 };
	int r;

	session_begin(cubby);
	r = list_selection_copy(cubby, selection, &copy);
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
