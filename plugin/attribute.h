/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who spoke? A child where the host names one; an adult only by voice; everybody else is unknown,
 * which is a child without consent (R28). */

#include "decide.h"
#include "ear.h"

struct attribution {
	enum cubby_ear_who who;
	const struct decide_profile *profile;	/* NULL for unknown; borrowed from the decider */
};

/* What the voice said: an enrolled adult, or why not. */
struct voice_match {
	bool matched;
	struct id profile;
	struct why why;
};

/* `named`: the profile that the host names; NULL or "" for none. voice NULL: there is none yet.
 * Never fails: what cannot be known is unknown, and `why` says why. */
struct attribution attribute(const struct decider *decider, const char *named,
			     const struct voice_match *voice, struct why *why);
