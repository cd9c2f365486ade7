/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby log`: who looked, and whether the log itself was touched. */

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/words.h"
#include "deeds.h"
#include "hand.h"
#include "moment.h"
#include "prompt.h"
#include "render.h"
#include "verb.h"

#define RECEIPT_MAX_BYTES 65536

/* With the passphrase where there is one: it alone shows a log that was written anew. */
static int verify_prove(struct hand *hand)
{
	if (!prompt_given(hand) &&
	    !(prompt_possible() &&
	      prompt_confirm(_("Check with your passphrase, too? It alone shows a log that was "
			       "written anew. [y/N] "), "y")))
		return 0;
	return prompt_proof(hand, CUBBY_SECRET_HOME);
}

static int verify_receipt(struct hand *hand, char **ret_text)
{
	const char *path = hand->command.value[OPTION_RECEIPT];
	int r;

	if (!path)
		return 0;
	r = file_read_path(path, RECEIPT_MAX_BYTES, ret_text, NULL);
	if (r == ANSWER_NOT_FOUND)
		return hand_fail(hand, EXIT_NOT_FOUND, "there is no file %s", path);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot read %s (%s)", path, strerror(-r)) : 0;
}

static int verdict_bad(struct hand *hand, const struct cubby_log_verdict *verdict)
{
	int r = hand_fail(hand, EXIT_GENERAL, "the access log was changed: %s", verdict->what);

	if (verdict->entries > 0)
		hand_say(hand, "Before that, entries 1 to %llu hold.",
			 (unsigned long long)verdict->entries);
	hand_say(hand, "An old backup of the keeper's files that was put back does this. If you "
		       "know of none,");
	hand_say(hand, "somebody had full control of this computer: see who has, and keep what "
		       "'cubby log' shows now.");
	return r;
}

static void verdict_good(struct hand *hand, const struct cubby_log_verdict *verdict)
{
	hand_say(hand, words_n("The access log is whole: %llu entry, not changed, nothing put in.",
			       "The access log is whole: %llu entries, none changed, removed or "
			       "put in.", verdict->entries),
		 (unsigned long long)verdict->entries);
	if (verdict->keys)
		hand_say(hand, "Checked with your key: the chain, the checkpoints, and the mark "
			       "each entry got when it was written.");
	else
		hand_say(hand, "Checked without a passphrase: the chain and the checkpoints alone. "
			       "Only with it a log is found out that was written anew.");
	if (verdict->emptied > 0)
		hand_say(hand, words_n("%llu entry is over 24 months old: what it said is gone, "
				       "as it should be.", "%llu entries are over 24 months old: "
				       "what they said is gone, as it should be.",
				       verdict->emptied), (unsigned long long)verdict->emptied);
}

static json_t *verdict_json(const struct cubby_log_verdict *verdict)
{
	json_t *json = json_pack("{s:b, s:I, s:b, s:I}", "verified", !verdict->first_bad, "entries",
				 (json_int_t)verdict->entries, "tags", verdict->keys, "emptied",
				 (json_int_t)verdict->emptied);

	if (json && verdict->first_bad) {
		json_object_set_new(json, "first_bad",
				    json_integer((json_int_t)verdict->first_bad));
		json_object_set_new(json, "what", json_string(verdict->what));
	}
	return json;
}

static int log_verify(struct hand *hand)
{
	_cleanup_(cubby_log_verdict_freep) struct cubby_log_verdict *verdict = NULL;
	_cleanup_(cleanup_free) char *receipt = NULL;
	int r = verify_receipt(hand, &receipt);

	if (r == 0)
		r = verify_prove(hand);
	if (r != 0)
		return r;
	r = cubby_log_verify(hand->cubby, receipt, &verdict);
	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json && render_json(verdict_json(verdict)) < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot write the output");
	if (verdict->first_bad)
		return verdict_bad(hand, verdict);
	verdict_good(hand, verdict);
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

/* Errors have the names of the bus. */
static const char *outcome_words(const char *outcome)
{
	static const char *const known[] = { N_("done"), N_("asked"), N_("partial") };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i], outcome) == 0)
			return _(known[i]);
	return outcome;
}

static int log_row(struct hand *hand, struct table *table, const struct cubby_log_entry *entry,
		   const json_t *body)
{
	char seq[24], time[MOMENT_TEXT], who[DEED_WHO_TEXT], outcome[128], items[24], about[64];
	const char *what = json_string_value(json_object_get(body, "what"));
	enum deed_kind kind;
	const char *cells[] = { seq, time, deed_who(hand, body, who), deed_words(what, &kind),
				NULL, items, about };
	int r;

	snprintf(seq, sizeof(seq), "%llu", (unsigned long long)entry->seq);
	moment_local(entry->time_s, time);
	member_text(body, "outcome", outcome, sizeof(outcome));
	cells[4] = outcome_words(outcome);
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
		if ((array ? log_json(array, entry, body) : log_row(hand, table, entry, body)) < 0)
			return hand_fail(hand, EXIT_GENERAL, "out of memory");
	}
	return hand_refused(hand, r);
}

int verb_log(struct hand *hand)
{
	static const char *const heads[] = { N_(">SEQ"), N_("TIME"), N_("WHO"), N_("WHAT"),
					     N_("OUTCOME"), N_(">ITEMS"), N_("~ABOUT"), NULL };
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
	r = hand->json ? render_json(take(array)) : table_print(hand, table);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}
