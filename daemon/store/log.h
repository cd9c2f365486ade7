/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of the access log. */

#include "crypt/chain.h"
#include "store/store.h"

struct log_row {
	uint64_t seq;
	uint64_t time_min;
	char *body;
	uint8_t salt[CHAIN_SALT_BYTES];
	uint8_t hash[CHAIN_HASH_BYTES];
	bool tagged;
	uint8_t tag[CHAIN_TAG_BYTES];
};

/* The newest entry; 0 and zeros when there is none. */
int store_log_head(struct store *store, uint64_t *ret_seq,
		   uint8_t ret_hash[static CHAIN_HASH_BYTES]);
int store_log_insert(struct store *store, const struct log_row *row);
/* At most `limit` entries after `after`, oldest first. */
int store_log_list(struct store *store, uint64_t after, unsigned limit, struct log_row **ret_rows,
		   size_t *ret_n);
struct log_row *log_rows_free(struct log_row *rows, size_t n);

/* *ret_others: how many other users opened something before; -1: this one did. */
int store_log_opener(struct store *store, uint32_t uid, int64_t *ret_others);
