/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby show`: one item, opened here. The sound stays shut: `cubby play` is for that. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "item.h"
#include "crypt/secret.h"
#include "moment.h"
#include "prompt.h"
#include "verb.h"

static int show_json(const struct cubby_item *item, const char *profile,
		     const struct cubby_opened *opened)
{
	json_t *json = item_json(item, profile, opened);

	if (json && opened && opened->confidence >= 0)
		json_object_set_new(json, "confidence", json_real(opened->confidence));
	if (json && opened && opened->location)
		json_object_set_new(json, "location", json_string(opened->location));
	if (!json || !render_json_whole() ||
	    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) < 0) {
		json_decref(json);
		return -1;
	}
	json_decref(json);
	putchar('\n');
	return 0;
}

/* Whatever was recognised or sealed: no control character reaches the terminal, no copy stays. */
static void show_line(const char *label, const char *text)
{
	char *clean = strdup(text);

	if (!clean)
		return;
	render_clean(clean);
	printf("%-11s %s\n", label, clean);
	secret_wipe(clean, strlen(clean));
	free(clean);
}

static void show_text(const struct cubby_item *item, const char *profile,
		      const struct cubby_opened *opened, int64_t now_s)
{
	char text[MOMENT_TEXT], until[MOMENT_TEXT];

	printf("%-11s %s\n", _("id"), item->id);
	show_line(_("profile"), profile);
	show_line(_("started"), moment_local(item->started_s, text));
	for (size_t i = 0; i < item->n_parts; i++)
		printf(_("%-11s kept until %s (%s)\n"), item->parts[i].kind,
		       moment_local(item->parts[i].expires_s, text),
		       moment_until(item->parts[i].expires_s, now_s, until));
	if (!opened)
		return;
	if (opened->duration_ms >= 0)
		printf("%-11s %.1f s\n", _("length"), (double)opened->duration_ms / 1000.0);
	if (opened->location)
		show_line(_("location"), opened->location);
	if (opened->text)
		show_line(_("transcript"), opened->text);
	if (opened->confidence >= 0)
		printf("%-11s %.2f\n", _("confidence"), opened->confidence);
}

/* What was kept beside the sound. Returns an exit code; *ret stays NULL when there is none. */
static int show_open(struct hand *hand, const struct cubby_item *item, struct cubby_opened **ret)
{
	const char *kinds[3] = { NULL };
	size_t n = 0;
	int r;

	if (item_has(item, "transcript"))
		kinds[n++] = "transcript";
	if (item_has(item, "location"))
		kinds[n++] = "location";
	if (n == 0)
		return 0;
	r = prompt_proof(hand, CUBBY_SECRET_HOME);
	if (r != 0)
		return r;
	r = item_open(hand, item->id, kinds, ret);
	return r == 0 ? 0 : hand_refused(hand, r);
}

int verb_show(struct hand *hand)
{
	_cleanup_(hand_ids_freep) char **ids = NULL;
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	_cleanup_(cubby_list_freep) struct cubby_list *list = NULL;
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	const struct cubby_item *item = NULL;
	const char *profile;
	int r;

	r = hand_ids(hand, &ids);
	if (r != 0)
		return r;
	selection.ids = (const char *const *)ids;
	selection.n_ids = 1;
	r = cubby_profiles(hand->cubby, &profiles);
	if (r == 0)
		r = cubby_list_new(hand->cubby, &selection, &list);
	if (r == 0)
		r = cubby_list_next(list, &item);
	if (r != 0)
		return hand_refused(hand, r);
	if (!item)
		return hand_fail(hand, EXIT_NOT_FOUND, "no item %s; 'cubby list' shows what is "
						       "kept",
				 ids[0]);
	r = show_open(hand, item, &opened);
	if (r != 0)
		return r;
	profile = hand_profile_name(profiles, item->profile_id);
	if (!hand->json)
		show_text(item, profile, opened, hand->now_s);
	else if (show_json(item, profile, opened) < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot write the output");
	return 0;
}
