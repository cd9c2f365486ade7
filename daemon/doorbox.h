/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The JSON inside the boxes of the interface Parents (docs/FORMATS.md "Doors"). */

#include <jansson.h>
#include "crypt/box.h"
#include "crypt/door.h"
#include "nonce.h"

#define DOORBOX_SECRETS 3
#define DOORBOX_WRAP_MAX_BYTES 512

/* "home", "release", "sign". */
extern const char *const doorbox_secret_names[DOORBOX_SECRETS];

struct doorbox_door {
	struct door door;
	uint8_t proof_hash[32];		/* the proof itself is not kept */
	struct {
		uint8_t bytes[DOORBOX_WRAP_MAX_BYTES];
		size_t n;
	} wraps[DOORBOX_SECRETS];	/* in the order of the names */
};

#define DOORBOX_ONE(kind) (1u << (kind))
#define DOORBOX_BOTH (DOORBOX_ONE(DOOR_PASSPHRASE) | DOORBOX_ONE(DOOR_RECOVERY))
/* The doors `wanted`, each once and no others, in ret[kind - 1]. `caller`: the unique bus name the
 * box must be bound to; `nonce`: what it must repeat, spent by this. ANSWER_INVALID_ARGUMENT. */
int doorbox_open_doors(const struct box_keypair *box, const char *caller, struct nonce *nonce,
		       const void *sealed, size_t n_sealed, unsigned wanted,
		       struct doorbox_door ret[static 2], struct why *why);
/* The proof. ANSWER_INVALID_ARGUMENT. */
int doorbox_open_proof(const struct box_keypair *box, const char *caller, struct nonce *nonce,
		       const uint8_t reply_key[static BOX_PUBLIC_BYTES], const void *sealed,
		       size_t n_sealed, struct secret **ret_proof, struct why *why);
/* wraps[i] may be NULL: not asked for. */
int doorbox_seal_wraps(const uint8_t reply_key[static BOX_PUBLIC_BYTES],
		       uint8_t *const wraps[static DOORBOX_SECRETS],
		       const size_t n_wraps[static DOORBOX_SECRETS], uint8_t **ret_sealed,
		       size_t *ret_n_sealed, struct why *why);
