/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* May this utterance be kept? Only a consent that a parent of this household signed, for this
 * profile, this kind and the policy in force, is a yes. The keeper hands the statements over; it
 * is not believed, each signature is checked here. */

#include <stdbool.h>
#include "base/fault.h"
#include "base/id.h"
#include "base/kind.h"
#include "crypt/rekey.h"
#include "crypt/terms.h"
#include "crypt/voiceconsent.h"
#include "crypt/vouch.h"

#define DECIDE_PROFILES_MAX 64
#define DECIDE_ENROLMENTS_MAX 16
#define DECIDE_CONSENTS_MAX (DECIDE_PROFILES_MAX * KIND_MAX)
#define DECIDE_POLICIES_MAX 64
#define DECIDE_NAME_BYTES 129

enum profile_type { PROFILE_CHILD = 1, PROFILE_ADULT = 2 };

struct decide_profile {
	struct id id;
	char name[DECIDE_NAME_BYTES];
	enum profile_type type;
};

/* A policy by its numbers. */
struct decide_policy {
	uint8_t hash[32];
	struct terms terms;
};

/* As Intake.Policy gives it: nothing in it is believed yet. */
struct snapshot {
	const char *household;
	const char *const *parents;		/* statements of later parents and of keys */
	size_t n_parents;
	const char *policy_hash;		/* 64 hex digits */
	struct decide_profile *profiles;
	size_t n_profiles;
	const char *const *consents;
	size_t n_consents;
	const struct decide_policy *policies;	/* in force, and those consented to */
	size_t n_policies;
};

struct decider;

/* `founder`: the key that must have signed the household; NULL pins the first one seen, for the
 * life of this decider. */
int decider_new(const uint8_t *founder, struct decider **ret);
struct decider *decider_free(struct decider *decider);
CLEANUP_DEFINE(struct decider *, decider_free)

/* Checks and takes over a snapshot. ANSWER_INVALID_ARGUMENT: the household is not signed by the
 * pinned key, or its keys changed and no parent signed that; nothing is in force then. Consents
 * that do not hold are left out. */
int decider_update(struct decider *decider, const struct snapshot *snapshot, struct why *why);
/* Nothing is in force: the keeper cannot be asked. */
void decider_clear(struct decider *decider);

/* NULL: no such profile. */
const struct decide_profile *decider_profile(const struct decider *decider, const char *name);
const struct decide_profile *decider_profile_by_id(const struct decider *decider,
						   const struct id *id);
/* Whether a parent of this household signed for this voiceprint (by its hash) of this adult, under
 * a policy that still holds. */
bool decider_enrolled(const struct decider *decider, const struct id *profile,
		      const uint8_t voiceprint[static HASH_BYTES]);
/* The household's public keys; NULL when nothing is in force. */
const struct household *decider_household(const struct decider *decider);

/* A set of kinds: bit 1 << kind. */
#define KIND_BIT(kind) (1u << (kind))

/* Which of the `offered` kinds may be kept of this profile now; 0 says why not. */
unsigned decide_kinds(const struct decider *decider, const struct decide_profile *profile,
		      unsigned offered, struct why *why);
