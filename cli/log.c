/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby log`: who looked, and whether the log itself was touched. */

#include <stdio.h>
#include <string.h>

#include "hand.h"
#include "moment.h"
#include "render.h"
#include "verb.h"

static int log_verify(struct hand *hand)
{
	uint64_t seq = 0;
	int r = cubby_log_verify(hand->cubby, &seq);

	if (r != 0 && r != CUBBY_FAILED)
		return hand_refused(hand, r);
	if (hand->json)
		render_json(r == 0 ? json_pack("{s:b, s:I}", "verified", 1, "entries",
					       (json_int_t)seq)
				   : json_pack("{s:b, s:I}", "verified", 0, "first_bad",
					       (json_int_t)seq));
	if (r != 0)
		return hand_refused(hand, r);
	hand_say(hand, "The access log holds: %llu entr%s, unbroken from the first on, and "
		       "everything "
		 "seen at the last check is still there.", (unsigned long long)seq,
		 seq == 1 ? "y" : "ies");
	return 0;
}

/* A member of the entry's body as text; "" when absent. */
static const char *member_text(const json_t *body, const char *member, char *room, size_t n)
{
	const json_t *value = json_object_get(body, member);

	room[0] = 0;
	if (json_is_string(value))
		snprintf(room, n, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(room, n, "%lld", (long long)json_integer_value(value));
	return room;
}

static int log_row(struct table *table, const struct cubby_log_entry *entry, const json_t *body)
{
	char seq[24], time[MOMENT_TEXT], what[64], uid[24], outcome[128], items[24], about[64];
	const char *cells[] = { seq, time, what, uid, outcome, items, about };
	int r;

	snprintf(seq, sizeof(seq), "%llu", (unsigned long long)entry->seq);
	moment_local(entry->time_s, time);
	member_text(body, "what", what, sizeof(what));
	member_text(body, "uid", uid, sizeof(uid));
	member_text(body, "outcome", outcome, sizeof(outcome));
	member_text(body, "items", items, sizeof(items));
	if (!*member_text(body, "method", about, sizeof(about)) &&
	    !*member_text(body, "item", about, sizeof(about)))
		member_text(body, "profile", about, sizeof(about));
	r = table_row(table, cells);
	if (r == 0)
		r = table_tint(table, 4, strcmp(outcome, "done") == 0 ? NULL : TINT_WARN);
	return r;
}

static int log_json(json_t *array, const struct cubby_log_entry *entry, json_t *body)
{
	char time[MOMENT_TEXT];
	json_t *json = json_pack("{s:I, s:s}", "seq", (json_int_t)entry->seq, "time",
				 moment_iso(entry->time_s, time));

	if (!json || json_object_update_missing(json, body) < 0) {
		json_decref(json);
		return -1;
	}
	return json_array_append_new(array, json);
}

static int log_walk(struct hand *hand, int64_t since_s, struct table *table, json_t *array)
{
	_cleanup_(cubby_log_freep) struct cubby_log *log = NULL;
	const struct cubby_log_entry *entry;
	int r = cubby_log_new(hand->cubby, &log);

	while (r == 0) {
		_cleanup_(render_json_freep) json_t *body = NULL;

		r = cubby_log_next(log, &entry);
		if (r != 0)
			break;
		if (!entry)
			return 0;
		if (entry->time_s < since_s)
			continue;
		body = json_loads(entry->body, JSON_REJECT_DUPLICATES, NULL);
		if (!json_is_object(body))
			return hand_fail(hand, EXIT_GENERAL,
					 "entry %llu of the log cannot be read; 'cubby log "
					 "--verify' tells "
					 "whether it was changed", (unsigned long long)entry->seq);
		if ((array ? log_json(array, entry, body) : log_row(table, entry, body)) < 0)
			return hand_fail(hand, EXIT_GENERAL, "out of memory");
	}
	return hand_refused(hand, r);
}

int verb_log(struct hand *hand)
{
	static const char *const heads[] = { ">SEQ", "TIME", "WHAT", ">UID", "OUTCOME", ">ITEMS",
					    "~ABOUT",
					     NULL };
	_cleanup_(table_freep) struct table *table = NULL;
	_cleanup_(render_json_freep) json_t *array = NULL;
	struct cubby_selection range = CUBBY_SELECTION_INIT;
	int r = hand_select(hand, &range);

	if (r != 0)
		return r;
	if (command_has(&hand->command, OPTION_VERIFY))
		return log_verify(hand);
	if (hand->json)
		array = json_array();
	if (table_new(heads, hand->color, &table) < 0 || (hand->json && !array))
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	r = log_walk(hand, range.since_s, table, array);
	if (r != 0)
		return r;
	r = hand->json ? render_json(take(array)) : table_print(table);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}
