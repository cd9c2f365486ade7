/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby move`: an item goes to whom it belongs. What follows from that is the keeper's to do. */

#include <string.h>

#include "base/words.h"
#include "erase.h"
#include "prompt.h"
#include "render.h"
#include "verb.h"

int verb_move(struct hand *hand)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	const char *name = hand->command.arguments[1];
	const struct cubby_profile *profile;
	_cleanup_(cleanup_free) char *job = NULL;
	char id[CUBBY_ID_TEXT];
	int r;

	r = cubby_resolve(hand->cubby, hand->command.arguments[0], id);
	if (r == 0)
		r = cubby_profiles(hand->cubby, &profiles);
	if (r != 0)
		return hand_refused(hand, r);
	r = hand_profile(hand, profiles, name, &profile);
	/* To a child nobody needs a passphrase: it only protects. */
	if (r == 0 && !profile->child)
		r = prompt_proof(hand, 0);
	if (r == 0)
		r = erase_confirm(hand, NULL, "This moves %.8s to %s: approvals of it end, what "
				  "was exported is recalled%s.", id, name,
				  profile->child ? _(", and what no parent consented to keep of "
						     "that child is erased") : "");
	if (r != 0)
		return r;
	r = cubby_move(hand->cubby, id, profile->id, &job);
	if (r != 0)
		return hand_refused(hand, r);
	hand_say(hand, "Moved %.8s to %s.", id, name);
	if (job)
		return erase_finish(hand, job, NULL, 0);
	if (hand->json)
		render_json(json_pack("{s:s, s:s}", "id", id, "profile", name));
	return 0;
}
