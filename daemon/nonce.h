/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* 32 random bytes that a sealed box must repeat. They are of one connection, in memory alone, and
 * good for one box: a recorded box is worth nothing once they are spent or this keeper has gone,
 * even where a later bus gives out the same connection names. */

#include <stdbool.h>
#include <stdint.h>

#define NONCE_BYTES 32

/* All zero: none was given out. */
struct nonce {
	uint8_t bytes[NONCE_BYTES];
	bool given;
};

/* A fresh one; the one before is void. */
void nonce_give(struct nonce *nonce);
/* Is this the one given out? Whatever the answer, it is void afterwards. */
bool nonce_spend(struct nonce *nonce, const uint8_t claimed[static NONCE_BYTES]);
