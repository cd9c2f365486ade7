/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ed25519 pairs: a parent's (consent, key statements) and the device's (receipts, checkpoints). */

#include "crypt/secret.h"

#define SIGN_PUBLIC_BYTES 32

struct sign_keypair {
	uint8_t public[SIGN_PUBLIC_BYTES];
	struct secret *seed;		/* 32 bytes: what is wrapped and stored */
};

int sign_keypair_new(struct sign_keypair **ret);
/* Takes the seed over. */
int sign_keypair_from(struct secret *seed, struct sign_keypair **ret);
struct sign_keypair *sign_keypair_free(struct sign_keypair *pair);
CLEANUP_DEFINE(struct sign_keypair *, sign_keypair_free)
