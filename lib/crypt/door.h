/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A parent's doors: the passphrase and the recovery code. Each yields 64 bytes in the client, in
 * two halves: `proof` shows the keeper who is there (it stores only a hash), `wrap` opens the
 * wrapped secrets. Neither the passphrase nor a secret crosses the bus.
 *
 *   passphrase: Argon2id v1.3 (RFC 9106, one lane), parameters and 16-byte salt kept by the keeper
 *   recovery:   128 random bits, shown once as 8 groups of 4 characters: Crockford base32 of the
 *               16 bytes and a check of 4, the head of BLAKE2b-256("cubby recovery" | 16 bytes);
 *               the halves are BLAKE2b-512 of the 16 bytes, keyed with the salt: nothing to stretch
 *
 * Wrap of a secret: XChaCha20-Poly1305, key BLAKE2b-256(key: wrap half, message: name), nonce (24)
 * in front, name as associated data. The keeper lays a second layer under an erasable slot key.
 */

#include <stdbool.h>
#include "base/fault.h"
#include "crypt/secret.h"

#define DOOR_SALT_BYTES 16
#define DOOR_MEMORY_MIN_BYTES (64ull << 20)
#define DOOR_MEMORY_MAX_BYTES (256ull << 20)
#define DOOR_PASSES 3
#define DOOR_PASSES_MAX 16

enum door_kind { DOOR_PASSPHRASE = 1, DOOR_RECOVERY = 2 };
const char *door_kind_name(int kind);		/* "passphrase", "recovery" */
int door_kind_from_name(const char *name);

/* The secrets behind a door. One wrap each, so that the exporter gets only "release". */
#define DOOR_SECRET_HOME "home"
#define DOOR_SECRET_RELEASE "release"
#define DOOR_SECRET_SIGN "sign"

struct door {
	enum door_kind kind;
	uint8_t salt[DOOR_SALT_BYTES];
	uint32_t passes;		/* 0 for a recovery code */
	uint64_t memory_bytes;		/* 0 for a recovery code */
};

struct door_halves {
	struct secret *proof;		/* 32 bytes */
	struct secret *wrap;		/* 32 bytes */
};

/* A fresh salt, and for a passphrase the most memory that fits: 256 MiB, or less where the machine
 * has under 1 GiB available, never below 64 MiB. */
int door_new(enum door_kind kind, struct door *ret);
/* Four different words of three letters, or 60 bits by a conservative count; never digits alone.
 * ANSWER_INVALID_ARGUMENT says what to do. */
int door_passphrase_check(const char *passphrase, struct why *why);
/* Four made-up words that can be said and typed, of 66 random bits. */
#define DOOR_SUGGESTION_TEXT 24
void door_passphrase_suggest(char ret[static DOOR_SUGGESTION_TEXT]);
int door_recovery_new(struct secret **ret_code);	/* text, NUL included */
/* Of a code: upper-cases, drops blanks and hyphens, reads O as 0 and I, L as 1, and checks the
 * check before any work. ANSWER_INVALID_ARGUMENT: a code with a typing error, or a door weaker than
 * the limits above: whoever handed it out would make a proof that is easy to guess from.
 * ANSWER_FAILED: not enough memory for this door. A wrong passphrase opens to wrong halves. */
int door_open(const struct door *door, const char *passphrase_or_code, struct door_halves *ret,
	      struct why *why);
void door_halves_clear(struct door_halves *halves);

/* What the keeper stores in place of a proof: BLAKE2b-256 keyed with the salt. */
void door_proof_hash(const struct door *door, const struct secret *proof,
		     uint8_t ret_hash[static 32]);

int wrap_seal(const struct secret *wrap, const char *name, const struct secret *secret,
	      uint8_t **ret_wrapped, size_t *ret_n);
/* ANSWER_INVALID_ARGUMENT: another key or name, or changed. */
int wrap_open(const struct secret *wrap, const char *name, const void *wrapped, size_t n,
	      struct secret **ret_secret);

/* The keeper's layer around a wrap: the same construction under an erasable slot key, name and all,
 * so that zeroing the slot ends the door (with key BLAKE2b-256(key: slot key, message: "layer" |
 * name)). */
int layer_seal(const struct secret *slot_key, const char *name, const void *wrapped, size_t n,
	       uint8_t **ret_layered, size_t *ret_n);
/* ANSWER_INVALID_ARGUMENT: another key or name, or changed. */
int layer_open(const struct secret *slot_key, const char *name, const void *layered, size_t n,
	       uint8_t **ret_wrapped, size_t *ret_n);
