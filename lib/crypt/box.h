/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sealed boxes (libsodium's crypto_box_seal: X25519, XSalsa20-Poly1305 with an ephemeral key).
 * Everything secret that crosses the bus crosses in one, because a root monitor sees a copy of
 * every message: anybody can seal to the public half, only its owner can open. */

#include "crypt/secret.h"

#define BOX_PUBLIC_BYTES 32
#define BOX_OVERHEAD_BYTES 48

struct box_keypair {
	uint8_t public[BOX_PUBLIC_BYTES];
	struct secret *private;		/* 32 bytes */
};

int box_keypair_new(struct box_keypair **ret);
/* From the private half; takes it over. */
int box_keypair_from(struct secret *private, struct box_keypair **ret);
struct box_keypair *box_keypair_free(struct box_keypair *pair);
CLEANUP_DEFINE(struct box_keypair *, box_keypair_free)

/* ret_box has n + BOX_OVERHEAD_BYTES bytes. ANSWER_INVALID_ARGUMENT when `public` is no key that
 * anything can be sealed to (a point of low order). */
int box_seal(const uint8_t public[static BOX_PUBLIC_BYTES], const void *plain, size_t n,
	     uint8_t **ret_box, size_t *ret_n);
/* ANSWER_INVALID_ARGUMENT when it is not for this key, or was changed. */
int box_open(const struct box_keypair *pair, const void *box, size_t n, struct secret **ret_plain);
