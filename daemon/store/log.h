/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of the access log. */

#include "crypt/logpage.h"
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
/* Entries after `after`, oldest first, until they are `most_bytes` or more. */
int store_log_page(struct store *store, uint64_t after, size_t most_bytes, struct logpage *ret_page,
		   bool *ret_more);
/* Entries from that minute or before whose body can be emptied, oldest first. */
int store_log_old(struct store *store, int64_t before_min, unsigned limit,
		  struct log_row **ret_rows, size_t *ret_n);
/* ANSWER_INVALID_ARGUMENT: it is too early. Inside the caller's transaction. */
int store_log_empty(struct store *store, uint64_t seq,
		    const uint8_t body_hash[static CHAIN_HASH_BYTES]);
int store_log_count(struct store *store, uint64_t *ret);

/* When the newest stored one was made. ANSWER_NOT_FOUND. */
int store_log_checkpoint_last(struct store *store, int64_t *ret_made_min);
int store_log_checkpoint_put(struct store *store, uint64_t seq, int64_t now_min,
			     const char *text, int64_t drop_before_min);
/* Those of entries after `after`. Ends early with what `each` returns if that is not 0. */
int store_log_checkpoints(struct store *store, uint64_t after, unsigned limit,
			  int (*each)(void *context, const char *text), void *context);
struct log_row *log_rows_free(struct log_row *rows, size_t n);

/* *ret_others: how many other users opened something before; -1: this one did. */
int store_log_opener(struct store *store, uint32_t uid, int64_t *ret_others);
