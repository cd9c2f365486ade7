/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The hash chain of the access log.
 *
 *   body hash = BLAKE2b-256(key: salt, message: body)
 *   entry hash = BLAKE2b-256(message: previous entry hash | seq (8, little endian)
 *                            | time in minutes (8, little endian) | body hash)
 *
 * The chain goes over body hashes, so that an old body can be dropped and the chain still holds.
 * seq begins at 1; the entry before it hashes to 32 zero bytes.
 *
 * Anybody can compute a chain. What only the keeper of that moment could compute is the tag, made
 * with a key of which each entry has its own:
 *
 *   tag of an entry = BLAKE2b-256(key: the entry's key, message: "tag" | entry hash), first 16
 *                     bytes
 *   key of the next = BLAKE2b-256(key: the entry's key, message: "next")
 *
 * There is no way back from a key to the one before it. The first one is kept sealed to the
 * household; so that no other can be put in its place, the entry it begins with has the member
 * "key" in its body: the first 16 bytes of BLAKE2b-256(message: the sealed key), as hex. */

#include <stddef.h>
#include <stdint.h>

#define CHAIN_HASH_BYTES 32
#define CHAIN_SALT_BYTES 16
#define CHAIN_KEY_BYTES 32
#define CHAIN_TAG_BYTES 16

void chain_body_hash(const uint8_t salt[static CHAIN_SALT_BYTES], const void *body, size_t n,
		     uint8_t ret_hash[static CHAIN_HASH_BYTES]);
void chain_entry_hash(const uint8_t previous[static CHAIN_HASH_BYTES], uint64_t seq,
		      uint64_t time_min, const uint8_t body_hash[static CHAIN_HASH_BYTES],
		      uint8_t ret_hash[static CHAIN_HASH_BYTES]);

#define CHAIN_PRINT_TEXT 33
char *chain_key_print(const void *sealed, size_t n, char text[static CHAIN_PRINT_TEXT]);

void chain_tag(const uint8_t key[static CHAIN_KEY_BYTES],
	       const uint8_t entry_hash[static CHAIN_HASH_BYTES],
	       uint8_t ret_tag[static CHAIN_TAG_BYTES]);
/* In place. */
void chain_key_next(uint8_t key[static CHAIN_KEY_BYTES]);
