/* SPDX-License-Identifier: Apache-2.0 */

/* Attribution. Nothing here may make anybody less protected than unknown: naming an adult is not
 * enough, because a child can press an adult's button. */

#include "attribute.h"

struct attribution attribute_named(const struct decider *decider, const char *named,
				   struct why *why)
{
	struct attribution unknown = { .who = CUBBY_EAR_UNKNOWN };
	const struct decide_profile *profile;

	if (!named || !*named) {
		answer_why(why, ANSWER_NO_CONSENT, "unknown speaker");
		return unknown;
	}
	profile = decider_profile(decider, named);
	if (!profile) {
		answer_why(why, ANSWER_NOT_FOUND, "there is no profile \"%s\"", named);
		return unknown;
	}
	if (profile->type != PROFILE_CHILD) {
		answer_why(why, ANSWER_NO_CONSENT,
			   "unknown speaker: \"%s\" is an adult, and an adult counts only when "
			   "recognised by voice",
			   named);
		return unknown;
	}
	return (struct attribution) { .who = CUBBY_EAR_CHILD, .profile = profile };
}
