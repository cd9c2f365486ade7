/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Parents, what has to do with changed keys. What passes here is sealed to
 * parents; the keeper only says what is still sealed to an older key. */

#include <string.h>

#include "dbus-table.h"
#include "service/service.h"

static int former_append(void *context, const struct rekey_row *row)
{
	return fault_trace(message_append_row(context, "ayay", row->former_home,
					      sizeof(row->former_home), row->former_release,
					      sizeof(row->former_release)));
}

int service_parents_former_keys(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	int r = message_open(reply, 'a', "(ayay)");

	if (!r)
		r = store_rekeys(keeper->store, former_append, reply);
	return fault_trace(r ? r : message_close(reply));
}

static int key_read(struct message *arguments, bool *ret_release, struct why *why)
{
	const char *key;
	int r = message_read(arguments, "s", &key);

	if (r)
		return fault_trace(r);
	*ret_release = !strcmp(key, DOOR_SECRET_RELEASE);
	if (!*ret_release && strcmp(key, DOOR_SECRET_HOME))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "there is no key \"%.20s\"; say \"home\" or \"release\"", key);
	return 0;
}

struct listing {
	struct message *reply;
	int64_t last;
	unsigned n;
};

static int header_append(void *context, int64_t row, const struct id *id,
			 const struct envelope_header *header)
{
	struct listing *listing = context;
	char text[ID_TEXT];

	listing->last = row;
	listing->n++;
	return fault_trace(message_append_row(listing->reply, "say", id_text(id, text),
					      header->bytes, sizeof(header->bytes)));
}

/* It is a listing like any other, and says more than most: what opens an item, but for its slot. */
static int listing_log(struct keeper *keeper, struct call *call, unsigned n)
{
	const struct access_entry entry = {
		.what = "list", .uid = call_caller(call)->uid, .outcome = "done",
		.method = "Parents.ListOld", .items = n,
	};

	return ground_stored(access_log_write(keeper->log, &entry), call_why(call));
}

int service_parents_list_old(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	struct listing listing = {.reply = reply};
	uint64_t after, left;
	bool release;
	int r = key_read(call_arguments(call), &release, call_why(call));

	if (!r)
		r = message_read(call_arguments(call), "t", &after);
	if (!r && after > INT64_MAX)
		r = answer_why(call_why(call), ANSWER_INVALID_ARGUMENT, "this is no cursor");
	if (!r)
		r = message_open(reply, 'a', "(say)");
	if (!r)
		r = rekey_old(&keeper->ground, release, (int64_t)after, header_append, &listing,
			      &left);
	if (!r && listing.n)
		r = listing_log(keeper, call, listing.n);
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_append(reply, "tt",
				   listing.n == REKEY_PAGE ? (uint64_t)listing.last : 0, left);
	return fault_trace(r);
}

/* Ends the array. */
static int headers_read(struct message *arguments, struct rekey_header headers[static REKEY_PAGE],
			size_t *ret_n, struct why *why)
{
	const char *id;
	const void *header;
	size_t n = 0, n_header = 0;
	int r = message_enter(arguments, 'a', "(say)");

	while (!r && message_more(arguments)) {
		r = message_enter(arguments, 'r', "say");
		if (!r)
			r = message_read(arguments, "say", &id, &header, &n_header);
		if (!r)
			r = message_leave(arguments);
		if (r)
			break;
		if (n == REKEY_PAGE || !id_parse(id, &headers[n].id) ||
		    n_header != ENVELOPE_HEADER_BYTES)
			return answer_why(why, ANSWER_INVALID_ARGUMENT, "not a list of at most %d "
					  "ids with a header of %d bytes each", REKEY_PAGE,
					  ENVELOPE_HEADER_BYTES);
		memcpy(headers[n++].header.bytes, header, n_header);
	}
	*ret_n = n;
	return fault_trace(r ? r : message_leave(arguments));
}

int service_parents_reseal(struct call *call, void *service)
{
	_cleanup_(cleanup_free) struct rekey_header *headers = calloc(REKEY_PAGE,
								      sizeof(*headers));
	struct asker asker = {call_caller(call)->name, call_caller(call)->uid, NULL};
	struct keeper *keeper = service;
	size_t n = 0;
	bool release;
	int r = headers ? key_read(call_arguments(call), &release, call_why(call)) :
			  fault_origin(-ENOMEM);

	if (!r)
		r = headers_read(call_arguments(call), headers, &n, call_why(call));
	if (!r)
		r = rekey_replace(&keeper->ground, &asker, release, headers, n, call_why(call));
	return fault_trace(r);
}
