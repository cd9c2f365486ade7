/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby drill`: has the keeper erase canaries and look for them. It must never say that a drill
 * went well that the keeper did not say so of. */

#include <stdio.h>

#include "hand.h"
#include "render.h"
#include "verb.h"

static int drill_json(const struct cubby_drill *drill)
{
	json_t *found = json_array();

	for (const char *const *text = drill->found; found && *text; text++)
		json_array_append_new(found, json_string(*text));
	return render_json(json_pack("{s:b, s:o}", "ok", !drill->found[0], "found", found));
}

int verb_drill(struct hand *hand)
{
	_cleanup_(cubby_drill_freep) struct cubby_drill *drill = NULL;
	int r = cubby_drill_run(hand->cubby, hand->timeout_ms, &drill);

	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json && drill_json(drill) < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot write the output");
	if (!drill->found[0]) {
		hand_say(hand, "The drill went well: canaries were kept, erased and are in no "
			       "file; the stores agree.");
		return EXIT_DONE;
	}
	for (const char *const *text = drill->found; *text; text++)
		hand_fail(hand, EXIT_PARTLY, "the drill failed: %s", *text);
	return EXIT_PARTLY;
}
