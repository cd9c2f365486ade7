/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A checkpoint of the access log: how long it was and what its last entry hashed to, signed by the
 * device. Who holds one sees whether the log is still the one it was. A receipt is one, too, by its
 * log_seq, log_head and ended_min (crypt/receipt.h). */

#include "crypt/chain.h"
#include "crypt/statement.h"

#define CHECKPOINT_STATEMENT "cubby-checkpoint-1"

struct checkpoint {
	uint64_t seq;			/* of the last entry; 0: there is none */
	uint8_t hash[CHAIN_HASH_BYTES];
	int64_t time_min;		/* when it was made */
	uint64_t entries;		/* as many as seq unless some were taken out */
};

int checkpoint_sign(const struct checkpoint *checkpoint, const struct sign_keypair *device,
		    char **ret_text);
/* `device` is the device's public key one knows. ANSWER_INVALID_ARGUMENT: not a checkpoint,
 * changed, or of another device. */
int checkpoint_verify(const char *text, const uint8_t *device, struct checkpoint *ret,
		      struct why *why);
