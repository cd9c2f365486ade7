/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ed25519 pairs: a parent's (consent, key statements) and the device's (receipts, checkpoints). */

#include "crypt/box.h"

#define SIGN_PUBLIC_BYTES 32
#define SIGN_BYTES 64

struct sign_keypair {
	uint8_t public[SIGN_PUBLIC_BYTES];
	struct secret *seed;		/* 32 bytes: what is wrapped and stored */
};

int sign_keypair_new(struct sign_keypair **ret);
/* Takes the seed over. */
int sign_keypair_from(struct secret *seed, struct sign_keypair **ret);
struct sign_keypair *sign_keypair_free(struct sign_keypair *pair);
CLEANUP_DEFINE(struct sign_keypair *, sign_keypair_free)

/* Everything signed in Cubby is a statement (crypt/statement.h); these two are below it. */
void sign_bytes(const struct sign_keypair *pair, const void *bytes, size_t n,
		uint8_t ret_signature[static SIGN_BYTES]);
bool sign_holds(const uint8_t public[static SIGN_PUBLIC_BYTES], const void *bytes, size_t n,
		const uint8_t signature[static SIGN_BYTES]);

/* The same pair for sealed boxes (Ed25519 to X25519), so that a parent can be given something by
 * who knows only what they sign with. ANSWER_INVALID_ARGUMENT: no key of a pair. */
int sign_box_public(const uint8_t public[static SIGN_PUBLIC_BYTES],
		    uint8_t ret_public[static BOX_PUBLIC_BYTES]);
int sign_box_keypair(const struct sign_keypair *pair, struct box_keypair **ret);
