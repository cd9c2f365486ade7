/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby retention`: how long what is kept stays. Only ever shortens; longer is a consent. */

#include <stdio.h>
#include <string.h>

#include "base/kind.h"
#include "erase.h"
#include "moment.h"
#include "render.h"
#include "verb.h"

int verb_retention_set(struct hand *hand)
{
	const char *const *arguments = hand->command.arguments;
	_cleanup_(cleanup_free) char *job = NULL;
	char keep[MOMENT_TEXT];
	uint32_t keep_s = 0;
	struct why why;
	int r;

	if (!kind_from_name(arguments[1]))
		return hand_fail(hand, EXIT_USAGE,
				 "'%s' is not a kind; there are audio, transcript and location",
				 arguments[1]);
	if (duration_parse(arguments[2], &keep_s, &why) != 0)
		return hand_fail(hand, EXIT_USAGE, "%s", why.text);
	if (keep_s < 60 || keep_s > cubby_keep_max_s(arguments[1]))
		return hand_fail(hand, EXIT_USAGE, "%s can be kept for 1 min to %s, not for %s",
				 arguments[1], duration_text(cubby_keep_max_s(arguments[1]), keep),
				 arguments[2]);
	r = cubby_retention_shorten(hand->cubby, arguments[0], arguments[1], keep_s, &job);
	if (r != 0)
		return hand_refused(hand, r);
	hand_say(hand, "%s of %s is kept for %s from now on, also what is kept already.",
		 arguments[1], arguments[0], duration_text(keep_s, keep));
	if (!job && !hand->json) {
		hand_say(hand, "Nothing that is kept is older than that.");
		return EXIT_DONE;
	}
	return erase_finish(hand, job, NULL, 0);
}

static json_t *retention_json(const struct cubby_retention *retention, const char *profile)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "profile", profile, "profile_id",
			 retention->profile_id, "kind", retention->kind, "keep_s",
			 (json_int_t)retention->keep_s, "cap_s", (json_int_t)retention->cap_s);
}

static int retentions_print(struct hand *hand, const struct cubby_retentions *retentions,
			    const struct cubby_profiles *profiles)
{
	static const char *const heads[] = { "PROFILE", "KIND", "KEPT FOR", "AT MOST", NULL };
	_cleanup_(table_freep) struct table *table = NULL;
	char keep[MOMENT_TEXT], cap[MOMENT_TEXT];
	int r = table_new(heads, hand->color, &table);

	for (size_t i = 0; r == 0 && i < retentions->n; i++) {
		const struct cubby_retention *retention = retentions->list[i];
		const char *cells[] = { hand_profile_name(profiles, retention->profile_id),
					retention->kind,
					retention->keep_s ? duration_text(retention->keep_s, keep)
							  : "not kept",
					duration_text(retention->cap_s, cap) };

		r = table_row(table, cells);
	}
	return r == 0 ? table_print(table) : r;
}

int verb_retention_show(struct hand *hand)
{
	_cleanup_(cubby_retentions_freep) struct cubby_retentions *retentions = NULL;
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	int r;

	r = cubby_retentions(hand->cubby, hand->command.n ? hand->command.arguments[0] : NULL,
			     &retentions);
	if (r == 0)
		r = cubby_profiles(hand->cubby, &profiles);
	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json) {
		json_t *array = json_array();

		for (size_t i = 0; i < retentions->n; i++)
			json_array_append_new(array,
				retention_json(retentions->list[i],
					       hand_profile_name(profiles,
						retentions->list[i]->profile_id)));
		r = render_json(array);
	} else if (retentions->n == 0) {
		hand_say(hand, "No profiles: nothing is kept.");
	} else {
		r = retentions_print(hand, retentions, profiles);
	}
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}
