/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby import`: how an adult's own recording comes in without a microphone. A child's voice never
 * comes in this way: only the ear, under consent, brings one. */

#include <stdio.h>
#include <string.h>

#include "prompt.h"
#include "render.h"
#include "sound/sound.h"
#include "verb.h"

static int profile_is_adult(struct hand *hand, const char *name)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	const struct cubby_profile *profile;
	int r = cubby_profiles(hand->cubby, &profiles);

	if (r != 0)
		return hand_refused(hand, r);
	r = hand_profile(hand, profiles, name, &profile);
	if (r == 0 && profile->child)
		return hand_fail(hand, EXIT_NOT_AUTHORIZED,
				 "%s is a child; a child's voice is only kept as it is heard, "
				 "under "
				 "consent, and is never imported", name);
	return r;
}

int verb_import(struct hand *hand)
{
	const char *path = hand->command.arguments[0];
	const char *profile = hand->command.value[OPTION_PROFILE];
	_cleanup_(sound_clear) struct sound sound = { 0 };
	char id[CUBBY_ID_TEXT];
	struct why why = { "" };
	int r;

	if (!profile)
		return hand_fail(hand, EXIT_USAGE, "say whose recording it is: --profile ADULT");
	r = sound_from_file(path, SOUND_SECONDS_MAX, &sound, &why);
	if (r < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot read %s (%s)", path, strerror(-r));
	if (r > 0)
		return hand_fail(hand, exit_code_of(r), "%s", why.text);
	r = profile_is_adult(hand, profile);
	if (r == 0)
		r = prompt_proof(hand, 0);
	if (r != 0)
		return r;
	r = cubby_import(hand->cubby, profile, (const int16_t *)sound.samples->bytes, sound.frames,
			 hand->command.value[OPTION_TRANSCRIPT], id);
	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json)
		r = render_json(json_pack("{s:s, s:s}", "id", id, "profile", profile));
	else if (hand->quiet)
		puts(id);
	else
		hand_say(hand, "Kept as %s for %s, %.1f s, sealed.", id, profile,
			 (double)sound.frames / sound.rate_hz);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}
