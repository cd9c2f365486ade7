/* SPDX-License-Identifier: Apache-2.0 */

/* Takes consents and tells whether one is in force. Where anything is missing or in doubt the
 * answer is that there is no consent. */

#include <string.h>
#include "consent.h"
#include "profile.h"
#include "retention.h"
#include "store/item.h"
#include "store/retention.h"

#define GRANTS_MAX (KIND_MAX * PROFILES_MAX)

static int grant_check(const struct ground *ground, const struct proof *proof,
		       const char *statement, struct consent *ret, struct why *why)
{
	struct consent consent;
	struct profile profile;
	uint32_t cap_s;
	char id[ID_TEXT];
	int r;

	r = consent_verify(statement, &consent, why);
	if (r)
		return fault_trace(r);
	if (!crypt_equal(consent.parent, proof->sign_key, sizeof(consent.parent)))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the consent is signed by another key than that of the parent "
				  "who gave the passphrase; sign it with that parent's key");
	r = profile_find(ground, id_text(&consent.profile, id), &profile, why);
	if (r)
		return fault_trace(r);
	if (!crypt_equal(consent.policy, ground->policy->hash, sizeof(consent.policy)))
		return answer_why(why, ANSWER_NO_CONSENT,
				  "the consent is for another policy than the one in force "
				  "(%.16s); read it with \"cubby policy\" and consent again",
				  ground->policy->hash_text);
	cap_s = ground->config->keep_max_s[consent.kind];
	if (consent.keep_s > cap_s)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "%s may be kept for %u minutes at the most here, not %u; ask for "
				  "less",
				  kind_name(consent.kind), cap_s / 60, consent.keep_s / 60);
	*ret = consent;
	return 0;
}

static int grant_store(const struct ground *ground, const struct consent *consent,
		       const char *statement, uint32_t uid)
{
	_cleanup_(cleanup_free) char *text = strdup(statement);
	struct profile profile;
	struct access_entry entry = {
		.what = "consent-grant", .uid = uid, .outcome = "done",
		.reason = kind_name(consent->kind), .profile = &profile,
	};
	struct consent_row row = {
		.profile = consent->profile, .kind = consent->kind, .keep_s = consent->keep_s,
		.granted_min = age_now_min(ground->age), .statement = text,
	};
	int r;

	if (!text)
		return fault_origin(-ENOMEM);
	memcpy(row.policy, consent->policy, sizeof(row.policy));
	r = store_profile_by_id(ground->store, &consent->profile, &profile);
	if (r)
		return fault_trace(r);
	r = store_consent_withdraw(ground->store, &row.profile, row.kind, row.granted_min);
	if (r)
		return fault_trace(r);
	r = store_consent_insert(ground->store, &row);
	/* The newest word counts: what was shortened under the older consent is said anew. */
	if (!r)
		r = store_retention_drop(ground->store, &row.profile, row.kind);
	if (!r)
		r = store_profile_used(ground->store, &row.profile, row.granted_min);
	if (r)
		return fault_trace(r);
	/* What is kept already must not outlive the newer, shorter word (R3). */
	r = archive_shorten(ground->archive, &row.profile, row.kind, row.keep_s);
	if (r)
		return fault_trace(r);
	return fault_trace(access_log_append(ground->log, &entry));
}

int consent_grant(const struct ground *ground, const struct proof *proof,
		  const char *const *statements, size_t n, uint32_t uid, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	_cleanup_(cleanup_free) struct consent *consents = calloc(n + 1, sizeof(*consents));
	int r;

	if (!consents)
		return fault_origin(-ENOMEM);
	if (!proof_holds(proof, ground->clock))
		return answer_why(why, ANSWER_NOT_AUTHORIZED, "only a parent can consent; give the "
				  "passphrase first");
	if (!n || n > GRANTS_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "name 1 to %d consents at once, not %zu", GRANTS_MAX, n);
	for (size_t i = 0; i < n; i++) {
		r = grant_check(ground, proof, statements[i], &consents[i], why);
		if (r)
			return fault_trace(r);
		for (size_t k = 0; k < i; k++)
			if (consents[k].kind == consents[i].kind &&
			    id_equal(&consents[k].profile, &consents[i].profile))
				return answer_why(why, ANSWER_INVALID_ARGUMENT,
						  "%s is consented to twice for one profile; name "
						  "each kind once",
						  kind_name(consents[i].kind));
	}
	r = store_begin(ground->store, &transaction);
	for (size_t i = 0; !r && i < n; i++)
		r = grant_store(ground, &consents[i], statements[i], uid);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}

int consent_withdraw(const struct ground *ground, const struct profile *profile, enum kind kind)
{
	int r = store_consent_withdraw(ground->store, &profile->id, kind, age_now_min(ground->age));

	return fault_trace(r ? r : store_retention_drop(ground->store, &profile->id, kind));
}

int consent_in_force(const struct ground *ground, const struct profile *profile, enum kind kind,
		     uint32_t *ret_keep_s, struct why *why)
{
	struct consent_row row;
	uint32_t cap_s;
	int r;

	r = store_consent_find(ground->store, &profile->id, kind, &row);
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, ANSWER_NO_CONSENT,
				  "no parent has consented to keep %s of this profile; \"cubby "
				  "consent grant\" does",
				  kind_name(kind));
	if (r)
		return fault_trace(r);
	r = policy_honours(ground->policy, ground->store, row.policy);
	if (r < 0)
		return fault_trace(r);
	if (r)
		return answer_why(why, ANSWER_NO_CONSENT,
				  "the policy changed since a parent consented to keep %s of this "
				  "profile; \"cubby policy\" shows the new one, \"cubby consent "
				  "grant\" agrees to it",
				  kind_name(kind));
	r = retention_cap(ground, profile, kind, &cap_s);
	if (r)
		return fault_trace(r);
	*ret_keep_s = row.keep_s < cap_s ? row.keep_s : cap_s;
	return 0;
}

const char *consent_state(const struct ground *ground, const struct consent_row *row)
{
	if (row->withdrawn)
		return "withdrawn";
	/* In doubt it does not hold. */
	if (policy_honours(ground->policy, ground->store, row->policy))
		return "policy changed";
	return "in force";
}

int consent_narrow(const struct ground *ground)
{
	int64_t keep_min[KIND_MAX + 1] = { 0 };

	for (int kind = 1; kind <= KIND_MAX; kind++)
		keep_min[kind] = ground->config->keep_max_s[kind] / 60;
	return fault_trace(store_parts_cap(ground->store, keep_min));
}
