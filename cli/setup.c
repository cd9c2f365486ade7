/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby setup`: makes the household. The recovery code is shown or stored once, nowhere else. */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "prompt.h"
#include "recovery.h"
#include "render.h"
#include "verb.h"

static int setup_tell(struct hand *hand, const char *parent, const struct recovery *recovery)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	const char *code = recovery->path ? NULL : recovery->code;
	char household[CUBBY_KEY_TEXT];
	int r = cubby_status(hand->cubby, &status);

	if (r == 0)
		r = cubby_household_key(hand->cubby, household);
	if (r != 0) {
		/* The household is there all the same, and this is its only code. */
		recovery_print(code);
		return hand_refused(hand, r);
	}
	if (hand->json) {
		r = render_json(json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "parent", parent,
					  "device_key", status->device_key, "household_key",
					  household, "recovery_code", code, "recovery_file",
					  recovery->path));
		return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
	}
	hand_say(hand, "The household is made; its first parent is %s.", parent);
	hand_say(hand, "Device key (checks receipts):        %s", status->device_key);
	hand_say(hand, "Household key (for the ear to pin):  %s", household);
	if (recovery->path)
		hand_say(hand, "Recovery code written to %s; keep it away from this machine.",
			 recovery->path);
	recovery_print(code);
	hand_say(hand,
		 "Next:  cubby profile add NAME --child               a profile for your child");
	hand_say(hand,
		 "       cubby consent grant NAME audio transcript    what may be kept, if any");
	hand_say(hand,
		 "       cubby doctor                                 is everything in place?");
	return 0;
}

static int setup_possible(struct hand *hand, const char *parent)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	int r;

	if (!parent || !*parent)
		return hand_fail(hand, EXIT_USAGE, "say who you are: cubby setup --parent NAME");
	r = cubby_status(hand->cubby, &status);
	if (r != 0)
		return hand_refused(hand, r);
	if (status->household)
		return hand_fail(hand, EXIT_GENERAL,
				 "there is a household already; nothing was changed. 'cubby "
				 "status' shows it");
	return 0;
}

int verb_setup(struct hand *hand)
{
	_cleanup_(secret_freep) struct secret *passphrase = NULL;
	_cleanup_(recovery_clear) struct recovery recovery = RECOVERY_INIT;
	const char *parent = hand->command.value[OPTION_PARENT];
	sigset_t before;
	int r;

	r = setup_possible(hand, parent);
	if (r == 0)
		r = prompt_new_passphrase(hand, true, &passphrase);
	if (r != 0)
		return r;
	/* From here to the keeper's answer Ctrl-C waits: a code without a household, or a household
	 * without its code, would be half done. */
	recovery_signals_hold(&before);
	r = recovery_open(hand, OPTION_RECOVERY_FILE, &recovery);
	if (r == 0) {
		r = cubby_setup(hand->cubby, parent, (const char *)passphrase->bytes, recovery_keep,
				&recovery);
		/* When no answer came, the household may exist: then the code is all there is. */
		if (r == CUBBY_TIMEOUT || r == CUBBY_NO_DAEMON)
			recovery_print(recovery.path || !recovery.code[0] ? NULL : recovery.code);
		else if (r != 0)
			recovery_drop(&recovery);
		r = r == 0 ? setup_tell(hand, parent, &recovery) : hand_refused(hand, r);
	}
	fflush(stdout);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
