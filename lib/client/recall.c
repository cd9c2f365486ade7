/* SPDX-License-Identifier: Apache-2.0 */
/* What became of past exports: their list, and the signed list of recalls. Neither needs a key;
 * who lost the passphrase can still call back what was given away. */

#include <string.h>

#include "base/id.h"
#include "client/list.h"
#include "client/reply.h"
#include "crypt/recalls.h"

static void export_free(void *element)
{
	struct cubby_past_export *export = element;

	free((void *)(uintptr_t)export->purpose);
	free((void *)(uintptr_t)export->recipient);
	free(export);
}

LIST_DEFINE(past_exports, cubby_past_export, export_free)

static int export_read(struct message *message, void *array)
{
	struct cubby_past_export *export = calloc(1, sizeof(*export));
	const char *id, *purpose, *recipient;
	uint64_t begun_s, ended_s;
	struct id bytes;
	int r;

	if (!export)
		return fault_origin(-ENOMEM);
	r = message_read(message, "sttssuu", &id, &begun_s, &ended_s, &purpose, &recipient,
			 &export->items, &export->recalled);
	if (r == 0 && !id_parse(id, &bytes))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0) {
		free(export);
		return fault_trace(r);
	}
	id_text(&bytes, export->id);
	export->begun_s = (int64_t)begun_s;
	export->ended_s = (int64_t)ended_s;
	export->purpose = strdup(purpose);
	export->recipient = strdup(recipient);
	if (!export->purpose || !export->recipient) {
		export_free(export);
		return fault_origin(-ENOMEM);
	}
	return fault_trace(array_add(array, export, export_free));
}

static int exports_run(struct cubby *cubby, struct cubby_past_exports **ret)
{
	_cleanup_(cubby_past_exports_freep) struct cubby_past_exports *exports = NULL;
	_cleanup_(cleanup_free) char *cursor = NULL;
	struct past_exports_owner *owner = calloc(1, sizeof(*owner));

	if (!owner)
		return fault_origin(-ENOMEM);
	exports = &owner->public;
	do {
		_cleanup_(message_freep) struct message *reply = NULL;
		const size_t before = owner->array.n;
		int r = reply_page(cubby, "Export", "History", cursor, &reply, "");

		if (r != 0)
			return fault_trace(r);
		r = reply_each(reply, "(sttssuu)", export_read, &owner->array);
		if (r == 0)
			r = reply_page_end(reply, owner->array.n == before, &cursor);
		if (r != 0)
			return fault_trace(session_malformed(cubby, r, "Export.History"));
	} while (*cursor);
	past_exports_show(owner);
	*ret = take(exports);
	return 0;
}

int cubby_past_exports(struct cubby *cubby, struct cubby_past_exports **ret)
{
	session_begin(cubby);
	return session_end(cubby, exports_run(cubby, ret));
}

static int recalls_run(struct cubby *cubby, char **ret_text, size_t *ret_bytes)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	uint8_t lines[HASH_BYTES];
	struct recalls recalls;
	size_t n, n_head;
	int r;

	r = session_device(cubby);
	if (r == 0)
		r = reply_get(cubby, "Export", "Recalls", &reply, "");
	if (r != 0)
		return fault_trace(r);
	r = session_malformed(cubby, reply_list(reply, &text, &n, &n_head), "Export.Recalls");
	if (r != 0)
		return fault_trace(r);
	text[n_head] = '\0';
	r = recalls_verify(text, cubby->pins.device_sign, NULL, &recalls, &cubby->why);
	text[n_head] = '\n';
	if (r != 0)
		return fault_trace(r);
	crypt_hash(text + n_head + 1, n - n_head - 1, lines);
	if (memcmp(lines, recalls.lines, HASH_BYTES) != 0)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the keeper signed something else than this list");
	*ret_text = take(text);
	*ret_bytes = n;
	return 0;
}

int cubby_export_recalls(struct cubby *cubby, char **ret_text, size_t *ret_bytes)
{
	session_begin(cubby);
	return session_end(cubby, recalls_run(cubby, ret_text, ret_bytes));
}
