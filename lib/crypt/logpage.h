/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Entries of the access log as bytes, for who checks all of them. One after the other, numbers
 * little endian:
 *
 *   seq (8) | time in minutes (8) | flags (4): 1 tagged, 2 emptied | length of the body (4) |
 *   salt (16) | entry hash (32) | tag (16) | body hash (32) | body | a zero byte
 *
 * The tag of an entry without one is zero; so is the body hash of one that is not emptied, and the
 * salt of one that is.
 */

#include <stdbool.h>
#include "base/fault.h"
#include "crypt/chain.h"

#define LOGPAGE_BODY_MAX_BYTES 65536

struct logpage_entry {
	uint64_t seq, time_min;
	bool tagged, emptied;
	const char *body;		/* NUL-terminated; borrowed */
	uint32_t n_body;
	uint8_t salt[CHAIN_SALT_BYTES];
	uint8_t hash[CHAIN_HASH_BYTES];
	uint8_t tag[CHAIN_TAG_BYTES];
	uint8_t body_hash[CHAIN_HASH_BYTES];
};

struct logpage {
	uint8_t *bytes;
	size_t n, room;
};

int logpage_add(struct logpage *page, const struct logpage_entry *entry);
void logpage_clear(struct logpage *page);

/* The entry at *at, which moves behind it. ANSWER_INVALID_ARGUMENT: there is none. */
int logpage_next(const uint8_t *bytes, size_t n, size_t *at, struct logpage_entry *ret);
