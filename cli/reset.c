/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby reset`: erases everything, for a family that begins anew or lost every passphrase. It must
 * never be done in passing: the name of the parent who made the household has to be given. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "erase.h"
#include "prompt.h"
#include "verb.h"

static const char warning[] =
	N_("This erases everything: all that is kept of every profile, the profiles, consents,\n"
	   "parents and their passphrases, the access log. It cannot be undone.\n");

/* Returns an exit code. */
static int name_ask(struct hand *hand, char *typed, size_t room)
{
	const char *given = hand->command.value[OPTION_PARENT];

	if (!prompt_possible())
		return hand_fail(hand, EXIT_USAGE,
				 "this erases everything, and there is no terminal to ask; give "
				 "--parent NAME, the parent who made the household, and --yes");
	fputs(_(warning), stderr);
	if (!prompt_text(_("Type the name of the parent who made the household: "), typed, room) ||
	    !typed[0] || (given && strcmp(given, typed) != 0))
		return hand_fail(hand, EXIT_GENERAL, "nothing was erased");
	return EXIT_DONE;
}

int verb_reset(struct hand *hand)
{
	const char *name = hand->command.value[OPTION_PARENT];
	_cleanup_(cleanup_free) char *job = NULL;
	char typed[256];
	int r;

	r = hand_household(hand);
	if (r != 0)
		return r;
	if (!name || !command_has(&hand->command, OPTION_YES)) {
		r = name_ask(hand, typed, sizeof(typed));
		if (r != 0)
			return r;
		name = typed;
	}
	r = cubby_reset(hand->cubby, name, &job);
	if (r != 0)
		return hand_refused(hand, r);
	r = erase_finish(hand, job, NULL, 0);
	if (r != EXIT_DONE)
		return r;
	r = cubby_forget_keeper(hand->cubby);
	if (r != 0)
		return hand_refused(hand, r);
	hand_say(hand, "The household is gone and the keeper has a new key. Restart the listeners "
		       "that run; 'cubby setup' begins anew.");
	return EXIT_DONE;
}
