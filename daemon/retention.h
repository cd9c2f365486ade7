/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How long a kind of a profile is kept: the consent's time, under the configuration's cap, under
 * what a parent shortened it to. Shortening needs no proof and reaches what is kept already (R3);
 * lengthening is a new consent and is not done here. Nothing here can mean for ever (R2). */

#include "ground.h"
#include "store/profile.h"

/* What limits a consent or an import: the configuration, and a parent's shortening. */
int retention_cap(const struct ground *ground, const struct profile *profile, enum kind kind,
		  uint32_t *ret_keep_s);
/* What counts now. ANSWER_NO_CONSENT: a child's kind that no parent consented to; nothing of it is
 * kept. An adult's own import needs no consent. */
int retention_now(const struct ground *ground, const struct profile *profile, enum kind kind,
		  uint32_t *ret_keep_s, struct why *why);
/*
 * In a transaction of its own; what expires by it goes with the next sweep.
 * ANSWER_INVALID_ARGUMENT: under a minute, or over the cap. ANSWER_NO_CONSENT: longer than what
 * counts now, or nothing was consented to.
 */
int retention_shorten(const struct ground *ground, const struct profile *profile, enum kind kind,
		      uint32_t keep_s, uint32_t uid, struct why *why);
