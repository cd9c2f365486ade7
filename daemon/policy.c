/* SPDX-License-Identifier: Apache-2.0 */

/* The policy in force. Where it cannot be told that another one kept at least as much, a consent
 * given for that one does not hold. */

#include <string.h>
#include "base/fault.h"
#include "base/id.h"
#include "policy.h"
#include "store/policy.h"

int policy_new(const struct config *config, struct policy **ret)
{
	_cleanup_(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
	int r;

	if (!policy)
		return fault_origin(-ENOMEM);
	memcpy(policy->terms.keep_max_s, config->keep_max_s, sizeof(config->keep_max_s));
	policy->terms.inactive_days = config->inactive_days;
	policy->terms.notice_days = config->notice_days;
	r = terms_text(&policy->terms, &policy->text);
	if (r)
		return fault_trace(r);
	crypt_hash(policy->text, strlen(policy->text), policy->hash);
	hex_text(policy->hash, sizeof(policy->hash), policy->hash_text);
	*ret = take(policy);
	return 0;
}

struct policy *policy_free(struct policy *policy)
{
	if (!policy)
		return NULL;
	free(policy->text);
	free(policy);
	return NULL;
}

int policy_record(const struct policy *policy, struct store *store)
{
	struct policy_row row = {.terms = policy->terms};

	memcpy(row.hash, policy->hash, sizeof(row.hash));
	return fault_trace(store_policy_put(store, &row));
}

int policy_honours(const struct policy *policy, struct store *store, const uint8_t hash[static 32])
{
	struct policy_row row;
	uint8_t again[HASH_BYTES];
	int r;

	if (crypt_equal(hash, policy->hash, HASH_BYTES))
		return 0;
	r = store_policy_find(store, hash, &row);
	if (r == ANSWER_NOT_FOUND)
		return ANSWER_NO_CONSENT;
	if (r)
		return fault_trace(r);
	/* Another build's wording, or numbers that are not those of the text. */
	if (!terms_valid(&row.terms))
		return ANSWER_NO_CONSENT;
	r = terms_hash(&row.terms, again);
	if (r)
		return fault_trace(r);
	if (!crypt_equal(again, hash, HASH_BYTES) || !terms_within(&policy->terms, &row.terms))
		return ANSWER_NO_CONSENT;
	return 0;
}
