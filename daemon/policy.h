/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The retention policy, written from the running configuration and from nothing else, so that the
 * text a parent reads is what the keeper does (R30). Consents are bound to its hash, and hold for
 * it and for any policy of the same wording that keeps less (R21). */

#include <stdint.h>
#include "base/cleanup.h"
#include "config.h"
#include "crypt/terms.h"

struct store;

struct policy {
	struct terms terms;
	char *text;
	uint8_t hash[32];	/* BLAKE2b-256 of the text */
	char hash_text[65];
};

int policy_new(const struct config *config, struct policy **ret);
struct policy *policy_free(struct policy *policy);
CLEANUP_DEFINE(struct policy *, policy_free)

/* Notes the policy in force beside those that consents were given for: at start. */
int policy_record(const struct policy *policy, struct store *store);
/* 0: a consent given for the policy of this hash holds for the one in force. ANSWER_NO_CONSENT: it
 * does not, or nobody knows what that policy said. */
int policy_honours(const struct policy *policy, struct store *store, const uint8_t hash[static 32]);
