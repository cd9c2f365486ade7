/* SPDX-License-Identifier: Apache-2.0 */

/* Attribution. Nothing here may make anybody less protected than unknown: naming an adult is not
 * enough, because a child can press an adult's button; a voice makes nobody an adult whom the
 * household does not have as one. */

#include "attribute.h"

static const struct attribution unknown = { .who = CUBBY_EAR_UNKNOWN };

/* The adult whose voice it was. */
static struct attribution attribute_voice(const struct decider *decider,
					  const struct voice_match *voice, struct why *why)
{
	const struct decide_profile *profile = decider_profile_by_id(decider, &voice->profile);

	if (profile && profile->type == PROFILE_ADULT)
		return (struct attribution) { .who = CUBBY_EAR_ADULT, .profile = profile };
	answer_why(why, ANSWER_NOT_FOUND, "unknown speaker: the voice is of somebody who is no "
		   "adult of this household any more");
	return unknown;
}

static struct attribution attribute_adult(const struct decide_profile *named,
					  const struct voice_match *voice, struct why *why)
{
	if (voice && voice->matched && id_equal(&voice->profile, &named->id))
		return (struct attribution) { .who = CUBBY_EAR_ADULT, .profile = named };
	answer_why(why, ANSWER_NO_CONSENT,
		   "%s; \"%s\" is an adult, and an adult counts only when recognised by voice",
		   voice && !voice->matched ? voice->why.text : "unknown speaker", named->name);
	return unknown;
}

struct attribution attribute(const struct decider *decider, const char *named,
			     const struct voice_match *voice, struct why *why)
{
	const struct decide_profile *profile;

	if (!named || !*named) {
		if (voice && voice->matched)
			return attribute_voice(decider, voice, why);
		answer_why(why, ANSWER_NO_CONSENT, "%s",
			   voice ? voice->why.text : "unknown speaker");
		return unknown;
	}
	profile = decider_profile(decider, named);
	if (!profile) {
		answer_why(why, ANSWER_NOT_FOUND, "there is no profile \"%s\"", named);
		return unknown;
	}
	if (profile->type != PROFILE_CHILD)
		return attribute_adult(profile, voice, why);
	return (struct attribution) { .who = CUBBY_EAR_CHILD, .profile = profile };
}
