/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby retention`: how long what is kept stays. Only ever shortens; longer is a consent. */

#include <stdio.h>
#include <string.h>

#include "base/kind.h"
#include "base/words.h"
#include "erase.h"
#include "listing.h"
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

json_t *retention_json(const void *one, const char *profile)
{
	const struct cubby_retention *retention = one;

	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "profile", profile, "profile_id",
			 retention->profile_id, "kind", retention->kind, "keep_s",
			 (json_int_t)retention->keep_s, "cap_s", (json_int_t)retention->cap_s);
}

static int retention_row(struct table *table, const void *one, const char *profile)
{
	const struct cubby_retention *retention = one;
	char keep[MOMENT_TEXT], cap[MOMENT_TEXT];
	const char *cells[] = { profile, retention->kind,
				retention->keep_s ? duration_text(retention->keep_s, keep)
						  : _("not kept"),
				duration_text(retention->cap_s, cap) };

	return fault_trace(table_row(table, cells));
}

int verb_retention_show(struct hand *hand)
{
	static const char *const heads[] = { N_("PROFILE"), N_("KIND"), N_("KEPT FOR"),
					     N_("AT MOST"), NULL };
	_cleanup_(cubby_retentions_freep) struct cubby_retentions *retentions = NULL;
	int r = cubby_retentions(hand->cubby, hand->command.n ? hand->command.arguments[0] : NULL,
				 &retentions);

	if (r != 0)
		return hand_refused(hand, r);
	return listing_print(hand, &(struct listing){
		.heads = heads, .nothing = N_("No profiles: nothing is kept."),
		.n = retentions->n, .list = (const void *const *)retentions->list,
		.profile_offset = offsetof(struct cubby_retention, profile_id),
		.json = retention_json, .row = retention_row });
}
