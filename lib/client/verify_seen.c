/* SPDX-License-Identifier: Apache-2.0 */
/* What a recipient remembers of the lists of recalls it was given: the highest number, and which
 * items it was told to drop. A keeper that was set back to an earlier day signs lists that do not
 * know what it had recalled since; they must not bring anything back. */

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "client/verify.h"

#define SEEN_FILE "recalls.json"
#define SEEN_MAX_BYTES (64u << 20)

static int seen_load(struct cubby *cubby, const char *path, json_t **ret)
{
	_cleanup_(cleanup_free) char *text = NULL;
	_cleanup_(statement_json_freep) json_t *seen = NULL;
	int r = file_read_path(path, SEEN_MAX_BYTES, &text, NULL);

	if (r != 0 && r != ANSWER_NOT_FOUND)
		return answer_why(&cubby->why, ANSWER_FAILED, "cannot read %s", path);
	seen = r == 0 ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : json_object();
	if (!json_is_object(seen))
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "%s is damaged; remove it if you know why", path);
	*ret = take(seen);
	return 0;
}

/* What is known of the items, both ways; *changed: there is more to remember. */
static int seen_meet(struct verify *verify, json_t *recalled, bool *changed)
{
	char token[ID_TEXT];

	for (size_t i = 0; i < verify->n; i++) {
		struct known *known = &verify->known[i];
		const char *reason = json_string_value(
			json_object_get(recalled, id_text(&known->item.token, token)));

		if (reason && !known->reason[0]) {
			snprintf(known->reason, sizeof(known->reason), "%s", reason);
		} else if (!reason && known->reason[0]) {
			if (json_object_set_new(recalled, token, json_string(known->reason)) != 0)
				return fault_origin(-ENOMEM);
			*changed = true;
		}
	}
	return 0;
}

/* Who cannot write here is told so once a list is older, not before. */
static int seen_keep(struct cubby *cubby, const char *path, const json_t *seen)
{
	_cleanup_(cleanup_free) char *text = json_dumps(seen, JSON_SORT_KEYS);

	if (!text)
		return fault_origin(-ENOMEM);
	if (pin_dir_make(cubby->state_dir, NULL) == 0)
		file_replace(path, text, strlen(text), 0600);
	return 0;
}

int verify_seen(struct verify *verify, const char *path,
		const uint8_t key[static SIGN_PUBLIC_BYTES], int64_t number)
{
	_cleanup_(statement_json_freep) json_t *seen = NULL;
	_cleanup_(cleanup_free) char *seen_path = NULL;
	struct cubby *cubby = verify->cubby;
	char key_text[CUBBY_KEY_TEXT];
	json_t *ours, *recalled;
	bool changed = false;
	int64_t before;
	int r;

	if (asprintf(&seen_path, "%s/" SEEN_FILE, cubby->state_dir) < 0)
		return fault_origin(-ENOMEM);
	r = seen_load(cubby, seen_path, &seen);
	if (r != 0)
		return fault_trace(r);
	hex_text(key, SIGN_PUBLIC_BYTES, key_text);
	ours = json_object_get(seen, key_text);
	if (!ours) {
		ours = json_pack("{s:i, s:{}}", "number", 0, "recalled");
		if (json_object_set_new(seen, key_text, ours) != 0)
			return fault_origin(-ENOMEM);
	}
	recalled = json_object_get(ours, "recalled");
	before = json_integer_value(json_object_get(ours, "number"));
	if (!json_is_object(recalled))
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "%s is damaged; remove it if you know why", seen_path);
	if (number < before)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "%s is list %" PRId64 ", and list %" PRId64 " was here already: "
				  "it is an old one; ask for the newest", path, number, before);
	r = seen_meet(verify, recalled, &changed);
	if (r == 0 && json_object_set_new(ours, "number", json_integer(number)) != 0)
		r = fault_origin(-ENOMEM);
	if (r == 0 && (changed || number > before))
		r = seen_keep(cubby, seen_path, seen);
	return fault_trace(r);
}
