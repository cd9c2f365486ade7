/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The receipt of an erasure: signed by the device once everything was read back, checkable without
 * the keeper. It holds counts, times and a commitment; nothing of what was erased (R9). */

#include "base/id.h"
#include "crypt/chain.h"
#include "crypt/statement.h"

#define RECEIPT_STATEMENT "cubby-receipt-1"
#define RECEIPT_STEPS_MAX 16
#define RECEIPT_STEP_TEXT 64
#define RECEIPT_SALT_BYTES 16

struct receipt {
	struct id id;			/* of the receipt, random */
	char reason[16];		/* "delete", "withdraw", "remove", "expire", "reset" */
	int64_t asked_min, ended_min;
	int64_t items, parts;
	unsigned erasure_level;		/* 0 to 3: E0 to E3, see docs/ERASURE.md */
	/* What was done and verified, in order, in plain words. */
	char steps[RECEIPT_STEPS_MAX][RECEIPT_STEP_TEXT];
	unsigned n_steps;
	/* BLAKE2b-256 keyed with the salt over the sorted ids of the items: whoever kept a listing
	 * can show that just these were erased; nobody else learns anything. */
	uint8_t commitment[32];
	uint8_t salt[RECEIPT_SALT_BYTES];
	uint64_t log_seq;		/* the access log's last entry at that time */
	uint8_t log_head[CHAIN_HASH_BYTES];
};

/* Sorts `ids` in place. */
void receipt_commitment(const uint8_t salt[static RECEIPT_SALT_BYTES], struct id *ids, size_t n,
			uint8_t ret_commitment[static 32]);

int receipt_sign(const struct receipt *receipt, const struct sign_keypair *device, char **ret_text);
/* `device` is the device's public key one knows; NULL to take the one it names (ret_key, may be
 * NULL, then tells which). ANSWER_INVALID_ARGUMENT: not a receipt, changed, or of another device.
 */
int receipt_verify(const char *text, const uint8_t *device, uint8_t *ret_key, struct receipt *ret,
		   struct why *why);
