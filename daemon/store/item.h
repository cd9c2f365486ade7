/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of items, parts and bodies. */

#include "crypt/envelope.h"
#include "kept.h"
#include "store/store.h"
#include "vault/vault.h"

struct part_row {
	enum kind kind;
	struct vault_slot slot;
	int64_t made_min;
	int64_t expires_min;
	uint64_t bytes;
	uint8_t hash[HASH_BYTES];
	int64_t body;
	bool veiled;		/* needs the profile's veil, too (veil.h) */
};

struct item_row {
	int64_t item;
	struct id id;
	struct id profile;
	int64_t started_min;
	bool child;
	struct envelope_header header;
};

/* All inserts want a transaction. ANSWER_NOT_FOUND: no such profile, or it is being removed. */
int store_item_insert(struct store *store, const struct id *id, const struct id *profile,
		      int64_t started_min, uint32_t uid, const struct envelope_header *header,
		      int64_t *ret_item);
int store_part_insert(struct store *store, int64_t item, const struct part_row *part);
int store_body_insert(struct store *store, const void *sealed, size_t n, int64_t *ret_body);

/* ANSWER_NOT_FOUND: not there. */
int store_item_find(struct store *store, const struct id *id, struct item_row *ret);
/* What is not tombstoned and may be seen, by kind. */
int store_parts_find(struct store *store, int64_t item, const struct sight *sight,
		     struct part_row ret[static KIND_MAX], unsigned *ret_n);
/* Exactly n bytes. ANSWER_FAILED: another length. */
int store_body_read(struct store *store, int64_t body, uint8_t *bytes, size_t n);

/* expires_min becomes made_min + keep_min where that is sooner. */
int store_parts_shorten(struct store *store, const struct id *profile, enum kind kind,
			int64_t keep_min);
/* The same for every profile, with keep_min[kind]. */
int store_parts_cap(struct store *store, const int64_t keep_min[static KIND_MAX + 1]);
/* Of everything there is, tombstoned or not: what the disk carries. */
int store_load(struct store *store, uint64_t *ret_items, uint64_t *ret_bytes);
