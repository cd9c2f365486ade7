/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby list`: what is kept. Without --transcripts nothing is opened and no passphrase needed. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "batch.h"
#include "prompt.h"
#include "search.h"
#include "verb.h"

static const char *const transcript_only[] = { "transcript", NULL };

/* What the keeper gives at once. */
#define FLOW_ROWS 200

/* One listing under way. */
struct listing {
	struct hand *hand;
	struct cubby_profiles *profiles;
	struct table *table;		/* for people */
	const char *grep;		/* only transcripts with this in them; NULL: all */
	bool narrowed;
	bool opens;			/* the transcripts */
	bool enough;			/* nobody reads on */
	size_t n;
};

static int listing_json(struct listing *listing, const struct cubby_item *item,
			const struct cubby_opened *opened)
{
	_cleanup_(render_json_freep) json_t *json =
		item_json(item, hand_profile_name(listing->profiles, item->profile_id), opened);

	fputs(listing->n ? ",\n" : "[\n", stdout);
	if (!json || !render_json_whole() || json_dumpf(json, stdout, JSON_REAL_PRECISION(12)) < 0)
		return hand_fail(listing->hand, EXIT_GENERAL, "cannot write the output");
	return 0;
}

static int listing_row(struct listing *listing, const struct cubby_item *item,
		       const struct cubby_opened *opened)
{
	struct item_cells cells;
	const char *name = hand_profile_name(listing->profiles, item->profile_id);
	const char *row[] = { cells.id, cells.started, name, cells.kinds, cells.expires };
	const char *opened_row[] = { cells.id, cells.started, name, cells.expires, cells.length,
				     opened ? opened->text : NULL };

	item_cells(item, opened, listing->hand->now_s, &cells);
	if (table_row(listing->table, listing->opens ? opened_row : row) < 0)
		return hand_fail(listing->hand, EXIT_GENERAL, "out of memory");
	if (listing->opens || (listing->n + 1) % FLOW_ROWS != 0)
		return 0;
	/* With many the first are to be seen before the last are fetched; a bar for what is opened
	 * would be in between. */
	listing->enough = table_flow(listing->hand, listing->table) != 0;
	return listing->enough ? EXIT_GENERAL : 0;
}

static int listing_item(void *context, const struct cubby_item *item,
			const struct cubby_opened *opened)
{
	struct listing *listing = context;
	int r;

	if (listing->grep && !(opened && opened->text && text_contains(opened->text,
								       listing->grep)))
		return 0;
	r = listing->hand->json ? listing_json(listing, item, opened)
				: listing_row(listing, item, opened);
	listing->n++;
	return r;
}

static int listing_end(struct listing *listing)
{
	struct hand *hand = listing->hand;
	int r = 0;

	if (listing->n == 0) {
		r = hand_household(hand);
		if (r != 0)
			return r;
	}
	if (hand->json)
		fputs(listing->n ? "\n]\n" : "[]\n", stdout);
	else if (listing->n == 0)
		hand_say(hand, listing->narrowed ? _("Nothing is kept that this names.")
						 : _("Nothing is kept."));
	else
		r = table_print(hand, listing->table);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}

int verb_list(struct hand *hand)
{
	/* What was said gets the room there is. */
	static const char *const heads[] = { N_("ID"), N_("STARTED"), N_("~PROFILE"),
					     N_("EXPIRES"), N_(">LENGTH"), N_("=TRANSCRIPT"),
					     NULL };
	static const char *const heads_shut[] = { N_("ID"), N_("STARTED"), N_("~PROFILE"),
						  N_("KINDS"), N_("EXPIRES"), NULL };
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	_cleanup_(table_freep) struct table *table = NULL;
	struct listing listing = { .hand = hand, .grep = hand->command.value[OPTION_GREP] };
	const bool open = listing.grep || command_has(&hand->command, OPTION_TRANSCRIPTS);
	int r;

	if (listing.grep && !*listing.grep)
		return hand_fail(hand, EXIT_USAGE, "--grep wants a word to look for");
	r = hand_select(hand, &selection);
	if (r != 0)
		return r;
	if (hand->command.n && selection.profile)
		return hand_fail(hand, EXIT_USAGE, "the profile is named twice; name it once");
	if (hand->command.n)
		selection.profile = hand->command.arguments[0];
	listing.narrowed = listing.grep || selection.profile || selection.since_s ||
			   selection.until_s || selection.kind;
	if (open) {
		r = prompt_proof(hand, CUBBY_SECRET_HOME);
		if (r != 0)
			return r;
	}
	r = cubby_profiles(hand->cubby, &profiles);
	if (r != 0)
		return hand_refused(hand, r);
	if (table_new(open ? heads : heads_shut, hand->color, &table) < 0)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	listing.profiles = profiles;
	listing.opens = open;
	listing.table = table;
	r = batch_walk(&(struct batch){ .hand = hand, .selection = &selection,
					.kinds = open ? transcript_only : NULL,
					.each = listing_item, .context = &listing });
	return r == 0 || listing.enough ? listing_end(&listing) : r;
}
