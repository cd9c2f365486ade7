/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The terms of keeping: the few numbers that the policy text is written from, and the text itself.
 * The wording is this build's, so the hash of a text that was consented to can be made again from
 * its numbers, by the keeper as by an ear, and nobody need believe what a number is said to be.
 * A consent holds for the terms it was given for and for any that keep less (R21).
 */

#include <stdbool.h>
#include <stdint.h>
#include "base/kind.h"
#include "crypt/secret.h"

struct terms {
	uint32_t keep_max_s[KIND_MAX + 1];	/* by kind */
	uint32_t inactive_days;			/* without use until the notice */
	uint32_t notice_days;			/* until a child's profile is erased */
};

/* The most that a build may set: about 18 months until somebody is told, and 90 days from then. */
#define TERMS_INACTIVE_DAYS_CAP 548
#define TERMS_NOTICE_DAYS_CAP 90
/* What this build allows, and what there is without a configuration. */
#define TERMS_INACTIVE_DAYS_MAX 90
#define TERMS_NOTICE_DAYS_MAX 30
_Static_assert(TERMS_INACTIVE_DAYS_MAX <= TERMS_INACTIVE_DAYS_CAP &&
	       TERMS_NOTICE_DAYS_MAX <= TERMS_NOTICE_DAYS_CAP, "profiles would be kept too long");

/* The most that this build allows. */
void terms_default(struct terms *ret);
/* Every number in the range that this build knows: only then there is a text. */
bool terms_valid(const struct terms *terms);
/* The policy, in plain language; free(). */
int terms_text(const struct terms *terms, char **ret);
/* BLAKE2b-256 of the text. */
int terms_hash(const struct terms *terms, uint8_t ret_hash[static HASH_BYTES]);
/* Nothing is kept longer under these than under those consented to. */
bool terms_within(const struct terms *terms, const struct terms *consented);
