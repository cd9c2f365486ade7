/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of the access log's keys: first keys, sealed to the household, and the one slot. */

#include "crypt/box.h"
#include "crypt/chain.h"
#include "store/store.h"
#include "vault/vault.h"

/* In one box; each change of the household's keys lays one more around it. */
#define LOG_KEY_SEALED_BYTES (CHAIN_KEY_BYTES + BOX_OVERHEAD_BYTES)

struct log_slot_row {
	struct vault_slot slot;
	struct id slot_id;
	uint64_t seq;			/* the newest entry's */
};

struct log_key_row {
	int64_t number;			/* by the store */
	uint64_t first_seq;
	const void *sealed;
	size_t n_sealed;
};

/* ANSWER_NOT_FOUND: the log has no key yet. */
int store_log_slot(struct store *store, struct log_slot_row *ret);
/* In place of the one there is. */
int store_log_slot_put(struct store *store, const struct log_slot_row *row);
/* The same slot, with another key. ANSWER_NOT_FOUND: there is no row any more. */
int store_log_slot_set(struct store *store, const struct log_slot_row *row);
int store_log_key_insert(struct store *store, const struct log_key_row *row);
/* In the order they were begun. Ends early with what `each` returns if that is not 0. */
int store_log_keys(struct store *store, int (*each)(void *context, const struct log_key_row *row),
		   void *context);
/* Lays a box to `home` around every one. */
int store_log_keys_box(struct store *store, const uint8_t home[static BOX_PUBLIC_BYTES]);
