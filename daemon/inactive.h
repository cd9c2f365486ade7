/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Children's profiles that nobody uses. After config->inactive_days without use parents are told;
 * config->notice_days later the profile is erased with all that is kept of it. Something kept, a
 * consent, or a parent's "keep" is use, and calls the erasure off (R11). Days are those of the age
 * clock, and the notice always has its days, whatever a clock did before.
 */

#include "ground.h"
#include "store/profile.h"

struct inactive_hooks {
	/* Erase this profile, as a parent's removal would; what is not done is asked for again. */
	void (*erase)(void *context, const struct profile *profile);
	void *context;
};

/* Every minute. */
int inactive_sweep(const struct ground *ground, const struct inactive_hooks *hooks);
/* A parent wants it kept. */
int inactive_keep(const struct ground *ground, const struct profile *profile, uint32_t uid,
		  struct why *why);
/* Days until a profile with a notice is erased; 0: today. */
uint32_t inactive_days_left(const struct ground *ground, int64_t noticed_min);
