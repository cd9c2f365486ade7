/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby delete`: erases what is named. It must never take more than was named, and never need a
 * passphrase. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "erase.h"
#include "moment.h"
#include "render.h"
#include "verb.h"

/* Is it clear what is meant? Returns an exit code. */
static int selection_check(struct hand *hand, const struct cubby_selection *selection)
{
	bool narrowed = selection->profile || selection->since_s || selection->until_s ||
			selection->kind;

	if (selection->all && (selection->n_ids || narrowed))
		return hand_fail(hand, EXIT_USAGE,
				 "--all means everything and goes with nothing else");
	if (selection->n_ids && (selection->profile || selection->since_s || selection->until_s))
		return hand_fail(hand, EXIT_USAGE,
				 "ids do not go with --profile, --since or --until; with --kind "
				 "they do");
	if (!selection->n_ids && !selection->all && !narrowed)
		return hand_fail(hand, EXIT_USAGE,
				 "say what to erase: ids, --profile P, --since T, --until T, "
				 "--kind K "
				 "or --all");
	/* "cubby delete mia" is what one tries first. */
	for (size_t i = 0; i < selection->n_ids; i++) {
		const char *id = hand->command.arguments[i];

		if (strspn(id, "0123456789abcdefABCDEF") != strlen(id))
			return hand_fail(hand, EXIT_USAGE,
					 "'%s' is not the id of an item; all that is kept of a "
					 "person goes with --profile", id);
	}
	return 0;
}

/* " of emma from 2026-05-31 07:30 to ..., audio only". */
static void selection_words(const struct cubby_selection *selection, char *text, size_t room)
{
	char time[MOMENT_TEXT];
	size_t n = 0;

	text[0] = 0;
	if (selection->profile)
		n += (size_t)snprintf(text + n, room - n, _(" of %.64s"), selection->profile);
	if (selection->since_s)
		n += (size_t)snprintf(text + n, room - n, _(" from %s on"),
				      moment_local(selection->since_s, time));
	if (selection->until_s)
		n += (size_t)snprintf(text + n, room - n, _(" before %s"),
				      moment_local(selection->until_s, time));
	if (selection->kind)
		snprintf(text + n, room - n, _(", only the %s"), selection->kind);
}

static int dry_run(struct hand *hand, uint32_t items, const char *words)
{
	int r = 0;

	if (hand->json)
		r = render_json(json_pack("{s:b, s:i}", "dry_run", 1, "items", (int)items));
	else
		printf(words_n("%u item%s would be erased; nothing was.\n",
			       "%u items%s would be erased; nothing was.\n", items), items,
		       words);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}

/* The keeper found nothing. Ids and a profile that are not there are an error; a range in which
 * nothing was kept is not, so that a deletion can be run every night. Returns an exit code. */
static int nothing_selected(struct hand *hand, const struct cubby_selection *selection)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	const struct cubby_profile *profile;
	int r;

	if (selection->n_ids)
		return hand_fail(hand, EXIT_NOT_FOUND,
				 "there is no such item; 'cubby list' shows what is kept");
	if (!selection->profile)
		return 0;
	r = cubby_profiles(hand->cubby, &profiles);
	if (r != 0)
		return hand_refused(hand, r);
	return hand_profile(hand, profiles, selection->profile, &profile);
}

/* Says what goes and asks. Counting is a look, which fails when it cannot be logged, on a full disk
 * for one, or after too many looks; the deletion, which needs no room, goes on uncounted. */
static int delete_confirm(struct hand *hand, const struct cubby_selection *selection, bool counted,
			  uint32_t items, const char *words)
{
	const char *everything = selection->all ? _(", everything that is kept") : "";
	const char *typed = NULL;

	if (selection->all)
		typed = _("everything");
	else if (selection->profile && !selection->since_s && !selection->until_s &&
		 !selection->kind)
		typed = selection->profile;
	if (!counted)
		return erase_confirm(hand, typed, "This erases what is selected%s%s; how much "
				     "cannot be counted now.", words, everything);
	return erase_confirm(hand, typed, words_n("This erases %u item%s%s.",
						  "This erases %u items%s%s.", items), items,
			     words, everything);
}

int verb_delete(struct hand *hand)
{
	_cleanup_(hand_ids_freep) char **ids = NULL;
	_cleanup_(cleanup_free) char *none = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	uint32_t items = 0;
	char words[256];
	bool counted;
	int r;

	r = hand_select(hand, &selection);
	if (r != 0)
		return r;
	selection.all = command_has(&hand->command, OPTION_ALL);
	selection.n_ids = hand->command.n;
	r = selection_check(hand, &selection);
	if (r == 0)
		r = hand_ids(hand, &ids);
	if (r != 0)
		return r;
	selection.ids = (const char *const *)ids;
	selection_words(&selection, words, sizeof(words));
	render_clean(words);
	r = cubby_delete(hand->cubby, &selection, true, &none, &items);
	counted = (r != CUBBY_FAILED && r != CUBBY_RATE_LIMITED) ||
		  command_has(&hand->command, OPTION_DRY_RUN);
	if (!counted)
		r = 0;
	if (r != 0 && r != CUBBY_NOT_FOUND)
		return hand_refused(hand, r);
	if (r == CUBBY_NOT_FOUND)
		r = nothing_selected(hand, &selection);
	if (r != 0)
		return r;
	if (command_has(&hand->command, OPTION_DRY_RUN))
		return dry_run(hand, items, words);
	if (counted && items == 0)
		return erase_finish(hand, NULL, NULL, 0);
	r = delete_confirm(hand, &selection, counted, items, words);
	if (r != 0)
		return r;
	r = cubby_delete(hand->cubby, &selection, false, &job, &items);
	if (r != 0)
		return hand_refused(hand, r);
	return erase_finish(hand, job, &selection.kind, selection.kind ? 1 : 0);
}
