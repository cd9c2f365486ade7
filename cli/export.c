/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby export approve`, `refuse` and `list`: an adult releases copies of single items. Whether an
 * item is an adult's own is the keeper's to say; nothing here can say it instead. */

#include "export.h"

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "erase.h"
#include "moment.h"
#include "prompt.h"
#include "render.h"
#include "said.h"
#include "verb.h"
#include "voice_check.h"

/* Who the items belong to; "" of those that are not there. */
static int owners_find(struct hand *hand, char **ids, char (*ret)[CUBBY_ID_TEXT])
{
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	_cleanup_(cubby_list_freep) struct cubby_list *list = NULL;
	const struct cubby_item *item = NULL;
	int r;

	selection.ids = (const char *const *)ids;
	selection.n_ids = hand->command.n;
	r = cubby_list_new(hand->cubby, &selection, &list);
	do {
		if (r == 0)
			r = cubby_list_next(list, &item);
		for (size_t i = 0; r == 0 && item && ids[i]; i++)
			if (strcmp(ids[i], item->id) == 0)
				strcpy(ret[i], item->profile_id);
	} while (r == 0 && item);
	return r ? hand_refused(hand, r) : 0;
}

/* An exit code after telling that it is another voice, and nobody answered for it. */
static int voice_ask(struct hand *hand, struct voice_check *check, const char *owner,
		     const char *id, enum voice_said *ret)
{
	char question[256];
	int r;

	*ret = VOICE_NONE;
	r = owner[0] ? voice_check_id(check, owner, id, ret) : 0;
	if (r != 0 || *ret != VOICE_OTHER)
		return r;
	snprintf(question, sizeof(question), _("%.8s is not the enrolled voice of its owner. If "
		 "it is yours all the same, type mine: "), id);
	if (voice_answered(hand, question))
		return 0;
	return hand_fail(hand, EXIT_GENERAL, "%.8s: %s, so it was not approved; listen to it, and "
			 "answer for it with --mismatch=approve if it is yours", id,
			 voice_said_text(*ret));
}

/* Approves what can be; *ret_refused is the first refusal's exit code. */
static json_t *approve_all(struct hand *hand, struct voice_check *check, char **ids,
			   char (*owners)[CUBBY_ID_TEXT], size_t *ret_done, int *ret_refused)
{
	const char *purpose = hand->command.value[OPTION_PURPOSE];
	const char *recipient = hand->command.value[OPTION_RECIPIENT];
	json_t *array = json_array();

	for (size_t i = 0; ids[i]; i++) {
		char copy[CUBBY_ID_TEXT], until[MOMENT_TEXT], room[SAID_TEXT];
		enum voice_said voice;
		int64_t expires_s = 0;
		int r = voice_ask(hand, check, owners[i], ids[i], &voice);

		if (r != 0) {
			*ret_refused = *ret_refused ? *ret_refused : r;
			continue;
		}
		r = cubby_export_approve(hand->cubby, ids[i], purpose, recipient, NULL,
					 voice_said_word(voice), copy, &expires_s);
		if (r != 0) {
			hand_fail(hand, EXIT_GENERAL, "%.8s: %s", ids[i],
				  said(cubby_why(hand->cubby), room));
			*ret_refused = *ret_refused ? *ret_refused : (int)exit_code_of(r);
			continue;
		}
		(*ret_done)++;
		json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s}", "id", ids[i],
						       "copy", copy, "expires",
						       moment_iso(expires_s, until), "voice",
						       voice_said_word(voice)));
		hand_say(hand, "%.8s released as %.8s until %s, for %s, to %s.", ids[i], copy,
			 moment_local(expires_s, until), purpose, recipient);
	}
	return array;
}

int verb_export_approve(struct hand *hand)
{
	_cleanup_(voice_check_freep) struct voice_check *check = NULL;
	_cleanup_(cleanup_free) char (*owners)[CUBBY_ID_TEXT] = NULL;
	_cleanup_(hand_ids_freep) char **ids = NULL;
	json_t *array;
	size_t done = 0;
	int refused = 0, r;

	r = export_words_check(hand);
	if (r != 0)
		return r;
	if (!voice_option_fits(hand))
		return EXIT_USAGE;
	r = hand_ids(hand, &ids);
	if (r == 0)
		r = prompt_proof(hand, CUBBY_SECRET_HOME);
	if (r == 0)
		r = voice_check_new(hand, &check);
	if (r != 0)
		return r;
	owners = calloc(hand->command.n, sizeof(*owners));
	if (!owners)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	r = owners_find(hand, ids, owners);
	if (r != 0)
		return r;
	array = approve_all(hand, check, ids, owners, &done, &refused);
	if (hand->json)
		render_json(array);
	else
		json_decref(array);
	return refused && done ? EXIT_PARTLY : refused;
}

int verb_export_refuse(struct hand *hand)
{
	_cleanup_(hand_ids_freep) char **ids = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	int r = hand_ids(hand, &ids);

	if (r == 0) {
		r = cubby_export_refuse(hand->cubby, (const char *const *)ids, hand->command.n,
					&job);
		if (r != 0)
			return hand_refused(hand, r);
	}
	if (r != 0)
		return r;
	hand_say(hand, words_n("Refused: %zu item. It is not offered for review again.",
			       "Refused: %zu items. They are not offered for review again.",
			       hand->command.n), hand->command.n);
	if (job)
		return erase_finish(hand, job, NULL, 0);
	if (hand->json)
		render_json(json_pack("{s:i}", "refused", (int)hand->command.n));
	return 0;
}

struct listing_copies {
	struct hand *hand;
	struct table *table;
	json_t *array;
	size_t n;
};

static int copy_list(void *context, const struct cubby_copy *copy)
{
	struct listing_copies *listing = context;
	char id[9], item[9], approved[MOMENT_TEXT], until[MOMENT_TEXT];
	const char *cells[] = { id, item, approved, until, copy->purpose, copy->recipient };

	listing->n++;
	if (listing->array)
		return json_array_append_new(
			listing->array,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "copy", copy->id, "id",
				  copy->item, "approved", moment_iso(copy->approved_s, approved),
				  "expires", moment_iso(copy->expires_s, until), "purpose",
				  copy->purpose, "recipient", copy->recipient));
	snprintf(id, sizeof(id), "%.8s", copy->id);
	snprintf(item, sizeof(item), "%.8s", copy->item);
	moment_local(copy->approved_s, approved);
	moment_until(copy->expires_s, listing->hand->now_s, until);
	return table_row(listing->table, cells);
}

int verb_export_list(struct hand *hand)
{
	static const char *const heads[] = { N_("COPY"), N_("OF"), N_("APPROVED"),
					     N_("EXPIRES"), N_("PURPOSE"), N_("RECIPIENT"), NULL };
	_cleanup_(table_freep) struct table *table = NULL;
	_cleanup_(render_json_freep) json_t *array = hand->json ? json_array() : NULL;
	struct listing_copies listing = { hand, NULL, array, 0 };
	int r = prompt_proof(hand, 0);

	if (r != 0)
		return r;
	r = table_new(heads, hand->color, &table);
	listing.table = table;
	if (r == 0) {
		r = cubby_copies(hand->cubby, copy_list, &listing);
		if (r != 0)
			return hand_refused(hand, r);
		if (array)
			r = render_json(take(array));
		else if (listing.n == 0)
			hand_say(hand, "Nothing is released for export.");
		else
			r = table_print(hand, table);
	}
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}
