/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The retention policy, written from the running configuration and from nothing else, so that the
 * text a parent reads is what the keeper does (R30). Consents are bound to its hash (R21). */

#include <stdint.h>
#include "base/cleanup.h"
#include "config.h"

struct policy {
	char *text;
	uint8_t hash[32];	/* BLAKE2b-256 of the text */
	char hash_text[65];
};

int policy_new(const struct config *config, struct policy **ret);
struct policy *policy_free(struct policy *policy);
CLEANUP_DEFINE(struct policy *, policy_free)
