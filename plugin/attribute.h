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

/* `named`: the profile that the host names; NULL or "" for none. Never fails: what cannot be
 * known is unknown, and `why` says why. */
struct attribution attribute_named(const struct decider *decider, const char *named,
				   struct why *why);
