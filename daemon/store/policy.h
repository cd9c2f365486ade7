/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of policies: the one in force, and those that consents were given for. */

#include "crypt/terms.h"
#include "store/store.h"

struct policy_row {
	uint8_t hash[HASH_BYTES];
	struct terms terms;
};

/* Notes the policy in force, and drops those that no consent needs any more. */
int store_policy_put(struct store *store, const struct policy_row *row);
/* ANSWER_NOT_FOUND. */
int store_policy_find(struct store *store, const uint8_t hash[static HASH_BYTES],
		      struct policy_row *ret);
/* *ret_rows is freed with free(). */
int store_policies(struct store *store, struct policy_row **ret_rows, size_t *ret_n);
