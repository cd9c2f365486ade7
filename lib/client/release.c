/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what was approved for export. They hold ids and what the adult wrote about purpose and
 * recipient; nothing of what was said. */

#include <string.h>

#include "base/id.h"
#include "client/reply.h"

struct telling {
	struct cubby *cubby;
	int (*each)(void *context, const struct cubby_copy *copy);
	void *context;
	bool stopped, empty;
};

static int copy_read(struct message *message, void *context)
{
	struct telling *telling = context;
	uint64_t approved_s, expires_s;
	struct id id_bytes, item_bytes;
	struct cubby_copy copy;
	const char *id, *item;
	int r;

	r = message_read(message, "ssttss", &id, &item, &approved_s, &expires_s, &copy.purpose,
			 &copy.recipient);
	if (r == 0 && (!id_parse(id, &id_bytes) || !id_parse(item, &item_bytes)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	id_text(&id_bytes, copy.id);
	id_text(&item_bytes, copy.item);
	copy.approved_s = (int64_t)approved_s;
	copy.expires_s = (int64_t)expires_s;
	telling->empty = false;
	telling->stopped = telling->stopped || telling->each(telling->context, &copy) != 0;
	return 0;
}

static int copies_page(struct telling *telling, char **cursor)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	int r = reply_page(telling->cubby, "Export", "List", *cursor, &reply, "");

	if (r != 0)
		return fault_trace(r);
	telling->empty = true;
	r = reply_each(reply, "(ssttss)", copy_read, telling);
	if (r == 0)
		r = reply_page_end(reply, telling->empty, cursor);
	return fault_trace(session_malformed(telling->cubby, r, "Export.List"));
}

int cubby_copies(struct cubby *cubby, int (*each)(void *context, const struct cubby_copy *copy),
		 void *context)
{
	struct telling telling = { .cubby = cubby, .each = each, .context = context };
	_cleanup_(cleanup_free) char *cursor = NULL;
	int r;

	session_begin(cubby);
	do {
		r = copies_page(&telling, &cursor);
		if (r == 0 && telling.stopped)
			r = answer_why(&cubby->why, ANSWER_FAILED, "stopped");
	} while (r == 0 && *cursor);
	return session_end(cubby, r);
}
