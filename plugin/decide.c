/* SPDX-License-Identifier: Apache-2.0 */

/* The decision whether anything is kept. It must say no whenever it does not know: no keeper, no
 * household, a signature that does not hold, another policy, another kind. */

#include "decide.h"

#include <stdlib.h>
#include <string.h>
#include "crypt/secret.h"

struct decider {
	bool pinned;
	bool configured;	/* by the administrator, not on first use */
	uint8_t founder[SIGN_PUBLIC_BYTES];
	struct rekey_mark keys;	/* the newest change of keys that was seen; number 0: none */
	bool in_force;
	struct household household;
	struct parent_keys parents;
	uint8_t policy[32];
	struct decide_profile profiles[DECIDE_PROFILES_MAX];
	size_t n_profiles;
	struct consent consents[DECIDE_CONSENTS_MAX];
	size_t n_consents;
	struct voice_consent enrolments[DECIDE_ENROLMENTS_MAX];
	size_t n_enrolments;
	unsigned refused;	/* consents that did not hold */
	unsigned outdated;	/* of those, given for another policy */
};

int decider_new(const uint8_t *founder, struct decider **ret)
{
	struct decider *decider = calloc(1, sizeof(*decider));

	if (!decider)
		return fault_origin(-ENOMEM);
	if (founder) {
		memcpy(decider->founder, founder, SIGN_PUBLIC_BYTES);
		decider->pinned = decider->configured = true;
	}
	*ret = decider;
	return 0;
}

struct decider *decider_free(struct decider *decider)
{
	free(decider);
	return NULL;
}

void decider_clear(struct decider *decider)
{
	decider->in_force = false;
	decider->n_profiles = decider->n_consents = decider->n_enrolments = 0;
	decider->refused = decider->outdated = 0;
	decider->parents.n = 0;
	memset(&decider->household, 0, sizeof(decider->household));
}

/* A policy as handed over, if the numbers are those of the text with this hash. */
static const struct terms *terms_of(const struct snapshot *snapshot, const uint8_t hash[static 32])
{
	uint8_t again[HASH_BYTES];

	for (size_t i = 0; i < snapshot->n_policies; i++) {
		const struct decide_policy *policy = &snapshot->policies[i];

		if (memcmp(policy->hash, hash, HASH_BYTES) == 0 && terms_valid(&policy->terms) &&
		    terms_hash(&policy->terms, again) == 0 &&
		    memcmp(again, hash, HASH_BYTES) == 0)
			return &policy->terms;
	}
	return NULL;
}

/* Was this consent given for the policy in force, or for one that keeps at least as much? */
static bool policy_holds(const struct decider *decider, const struct snapshot *snapshot,
			 const uint8_t policy[static HASH_BYTES])
{
	const struct terms *in_force, *consented;

	if (memcmp(policy, decider->policy, sizeof(decider->policy)) == 0)
		return true;
	in_force = terms_of(snapshot, decider->policy);
	consented = terms_of(snapshot, policy);
	return in_force && consented && terms_within(in_force, consented);
}

/* One enrolment: the same, of an adult. */
static void enrolment_take(struct decider *decider, const struct snapshot *snapshot,
			   const struct voice_consent *consent)
{
	const struct decide_profile *profile = NULL;

	for (size_t i = 0; i < decider->n_profiles; i++)
		if (id_equal(&decider->profiles[i].id, &consent->profile))
			profile = &decider->profiles[i];
	if (profile && profile->type == PROFILE_ADULT &&
	    parent_keys_have(&decider->parents, consent->parent) &&
	    policy_holds(decider, snapshot, consent->policy) &&
	    decider->n_enrolments < DECIDE_ENROLMENTS_MAX)
		decider->enrolments[decider->n_enrolments++] = *consent;
}

/* One consent: signed, by a parent of this household, for what the policy keeps, for a profile that
 * is there. Anything else is as if it had not been given. */
static void consent_take(struct decider *decider, const struct snapshot *snapshot, const char *text)
{
	struct voice_consent enrolment;
	struct consent consent;

	if (voice_consent_verify(text, &enrolment, NULL) == 0) {
		enrolment_take(decider, snapshot, &enrolment);
		return;
	}
	if (consent_verify(text, &consent, NULL) != 0 ||
	    !parent_keys_have(&decider->parents, consent.parent)) {
		decider->refused++;
		return;
	}
	if (!policy_holds(decider, snapshot, consent.policy)) {
		decider->refused++;
		decider->outdated++;
		return;
	}
	if (decider->n_consents < DECIDE_CONSENTS_MAX)
		decider->consents[decider->n_consents++] = consent;
}

int decider_update(struct decider *decider, const struct snapshot *snapshot, struct why *why)
{
	struct household household;
	struct rekeyed rekeyed;
	uint8_t policy[32];
	int r;

	decider_clear(decider);
	r = household_verify(snapshot->household, NULL, &household, why);
	if (r)
		return r;
	/* Whoever has the keeper's name could have made it up: only who starts the ear decides. */
	if (decider->pinned && memcmp(household.founder, decider->founder, SIGN_PUBLIC_BYTES) != 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "this is not the household that the ear knows: nothing is kept. "
				  "If a parent has reset Cubby, %s; if nobody has, somebody may "
				  "have put another keeper in its place",
				  decider->configured ? "set the new household_key= in "
							"/etc/cubby/ear.conf and restart the ear"
						      : "restart the ear (systemctl restart "
							"cubby-listen)");
	/* Nor does anybody bring back keys that a parent who was removed has. */
	r = rekeys_follow(snapshot->household, snapshot->parents, snapshot->n_parents,
			  decider->keys.number ? &decider->keys : NULL, &rekeyed, why);
	if (r)
		return r;
	if (!hex_parse(snapshot->policy_hash, policy, sizeof(policy)) ||
	    strlen(snapshot->policy_hash) != 2 * sizeof(policy))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the keeper's policy hash is not 64 hex digits");
	if (snapshot->n_profiles > DECIDE_PROFILES_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "more than %d profiles",
				  DECIDE_PROFILES_MAX);
	memcpy(decider->founder, household.founder, SIGN_PUBLIC_BYTES);
	decider->pinned = true;
	decider->keys = rekeyed.mark;
	decider->household = rekeyed.household;
	/* With those who were removed: what they consented to as parents stays. */
	parent_keys_find(household.founder, snapshot->parents, snapshot->n_parents, NULL,
			 &decider->parents);
	memcpy(decider->policy, policy, sizeof(policy));
	memcpy(decider->profiles, snapshot->profiles,
	       snapshot->n_profiles * sizeof(*snapshot->profiles));
	decider->n_profiles = snapshot->n_profiles;
	for (size_t i = 0; i < snapshot->n_consents; i++)
		consent_take(decider, snapshot, snapshot->consents[i]);
	decider->in_force = true;
	return 0;
}

bool decider_enrolled(const struct decider *decider, const struct id *profile,
		      const uint8_t voiceprint[static HASH_BYTES])
{
	for (size_t i = 0; decider->in_force && i < decider->n_enrolments; i++)
		if (id_equal(&decider->enrolments[i].profile, profile) &&
		    memcmp(decider->enrolments[i].voiceprint, voiceprint, HASH_BYTES) == 0)
			return true;
	return false;
}

const struct decide_profile *decider_profile(const struct decider *decider, const char *name)
{
	for (size_t i = 0; decider->in_force && i < decider->n_profiles; i++)
		if (strcmp(decider->profiles[i].name, name) == 0)
			return &decider->profiles[i];
	return NULL;
}

const struct decide_profile *decider_profile_by_id(const struct decider *decider,
						   const struct id *id)
{
	for (size_t i = 0; decider->in_force && i < decider->n_profiles; i++)
		if (id_equal(&decider->profiles[i].id, id))
			return &decider->profiles[i];
	return NULL;
}

const struct household *decider_household(const struct decider *decider)
{
	return decider->in_force ? &decider->household : NULL;
}

unsigned decide_kinds(const struct decider *decider, const struct decide_profile *profile,
		      unsigned offered, struct why *why)
{
	unsigned kinds = 0;

	if (!decider->in_force || !profile) {
		answer_why(why, ANSWER_NO_CONSENT, "no consent is known");
		return 0;
	}
	for (size_t i = 0; i < decider->n_consents; i++)
		if (id_equal(&decider->consents[i].profile, &profile->id))
			kinds |= KIND_BIT(decider->consents[i].kind) & offered;
	if (kinds)
		return kinds;
	if (decider->outdated)
		answer_why(why, ANSWER_NO_CONSENT,
			   "the policy has changed since a parent consented; a parent must consent "
			   "again (cubby consent grant)");
	else if (decider->refused)
		answer_why(why, ANSWER_NO_CONSENT, "a consent was found that no parent of this "
			   "household signed; it does not count");
	else
		answer_why(why, ANSWER_NO_CONSENT, "no parent has consented for \"%s\" "
			   "(cubby consent grant)", profile->name);
	return 0;
}
