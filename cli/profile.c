/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby profile`: the people of the household. A profile is a child's or an adult's for ever, so
 * neither is ever assumed. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "erase.h"
#include "moment.h"
#include "prompt.h"
#include "render.h"
#include "verb.h"

int verb_profile_add(struct hand *hand)
{
	const char *name = hand->command.arguments[0];
	bool child = command_has(&hand->command, OPTION_CHILD);
	char id[CUBBY_ID_TEXT];
	int r;

	if (child == command_has(&hand->command, OPTION_ADULT))
		return hand_fail(hand, EXIT_USAGE,
				 "say --child or --adult; it cannot be changed later");
	r = prompt_proof(hand, 0);
	if (r != 0)
		return r;
	r = cubby_profile_add(hand->cubby, name, child, id);
	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json) {
		r = render_json(json_pack("{s:s, s:s, s:s}", "id", id, "name", name, "type",
					  child ? "child" : "adult"));
		return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
	}
	if (child)
		hand_say(hand, "Added %s, a child. Nothing is kept until you consent: "
			 "cubby consent grant %s audio transcript", name, name);
	else
		hand_say(hand, "Added %s, an adult.", name);
	return 0;
}

/* Until when the ear knows this one's voice; 0: it does not. */
static int64_t enrolled_until(const struct cubby_voiceprints *voiceprints, const char *id)
{
	for (size_t i = 0; i < voiceprints->n; i++)
		if (strcmp(voiceprints->list[i]->profile_id, id) == 0 &&
		    strcmp(voiceprints->list[i]->state, "in force") == 0)
			return voiceprints->list[i]->expires_s;
	return 0;
}

static int profiles_json(const struct cubby_profiles *profiles,
			 const struct cubby_voiceprints *voiceprints)
{
	json_t *array = json_array();
	char created[MOMENT_TEXT], until[MOMENT_TEXT];

	for (size_t i = 0; i < profiles->n; i++) {
		const struct cubby_profile *profile = profiles->list[i];
		const int64_t until_s = enrolled_until(voiceprints, profile->id);

		json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "id",
						       profile->id,
						       "name", profile->name, "type",
						       profile->child ? "child" : "adult",
						       "created",
						       moment_iso(profile->created_s, created),
						       "enrolled_until",
						       until_s ? moment_iso(until_s, until) :
						       NULL));
	}
	return render_json(array);
}

static int profiles_table(struct hand *hand, const struct cubby_profiles *profiles,
			  const struct cubby_voiceprints *voiceprints)
{
	static const char *const heads[] = { N_("NAME"), N_("TYPE"), N_("ADDED"),
					     N_("VOICE KNOWN UNTIL"), N_("ID"), NULL };
	_cleanup_(table_freep) struct table *table = NULL;
	char created[MOMENT_TEXT], until[MOMENT_TEXT];
	int r = table_new(heads, hand->color, &table);

	for (size_t i = 0; r == 0 && i < profiles->n; i++) {
		const struct cubby_profile *profile = profiles->list[i];
		const int64_t until_s = enrolled_until(voiceprints, profile->id);
		const char *cells[] = { profile->name, profile->child ? _("child") : _("adult"),
					moment_local(profile->created_s, created),
					until_s ? moment_local(until_s, until) : "-", profile->id };

		r = table_row(table, cells);
	}
	return r == 0 ? table_print(hand, table) : r;
}

int verb_profile_list(struct hand *hand)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	_cleanup_(cubby_voiceprints_freep) struct cubby_voiceprints *voiceprints = NULL;
	int r = cubby_profiles(hand->cubby, &profiles);

	if (r == 0)
		r = cubby_voiceprints(hand->cubby, &voiceprints);
	if (r != 0)
		return hand_refused(hand, r);
	if (profiles->n == 0) {
		r = hand_household(hand);
		if (r != 0)
			return r;
	}
	if (hand->json)
		r = profiles_json(profiles, voiceprints);
	else if (profiles->n == 0)
		hand_say(hand, "No profiles yet; 'cubby profile add NAME --child' adds one.");
	else
		r = profiles_table(hand, profiles, voiceprints);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}

int verb_profile_rename(struct hand *hand)
{
	const char *const *names = hand->command.arguments;
	int r = prompt_proof(hand, 0);

	if (r != 0)
		return r;
	r = cubby_profile_rename(hand->cubby, names[0], names[1]);
	if (r != 0)
		return hand_refused(hand, r);
	hand_say(hand, "%s is %s now. An ear that was told '%s' must be told '%s'.", names[0],
		 names[1], names[0], names[1]);
	return 0;
}

int verb_profile_keep(struct hand *hand)
{
	const char *name = hand->command.arguments[0];
	int r = cubby_profile_keep(hand->cubby, name);

	if (r != 0)
		return hand_refused(hand, r);
	hand_say(hand, "%s is kept; the days without use begin anew.", name);
	return 0;
}

int verb_profile_remove(struct hand *hand)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	_cleanup_(cleanup_free) char *none = NULL;
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	const struct cubby_profile *profile = NULL;
	uint32_t items = 0;
	int r;

	r = cubby_profiles(hand->cubby, &profiles);
	if (r != 0)
		return hand_refused(hand, r);
	r = hand_profile(hand, profiles, hand->command.arguments[0], &profile);
	if (r != 0)
		return r;
	selection.profile = profile->id;
	r = cubby_delete(hand->cubby, &selection, true, &none, &items);
	if (r != 0 && r != CUBBY_NOT_FOUND)
		return hand_refused(hand, r);
	r = erase_confirm(hand, profile->name,
			  words_n("This erases %u item kept of %s, the consents, and the profile "
				  "itself.", "This erases %u items kept of %s, the consents, and "
				  "the profile itself.", items), items, profile->name);
	if (r != 0)
		return r;
	r = cubby_profile_remove(hand->cubby, profile->id, &job);
	if (r != 0)
		return hand_refused(hand, r);
	return erase_finish(hand, job, NULL, 0);
}
