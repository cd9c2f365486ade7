/* SPDX-License-Identifier: Apache-2.0 */
/* The links of the access log. The same few lines make the chain and check it. */

#include "crypt/chain.h"

#include <string.h>

#include "base/id.h"
#include "crypt/secret.h"

void chain_body_hash(const uint8_t salt[static CHAIN_SALT_BYTES], const void *body, size_t n,
		     uint8_t ret_hash[static CHAIN_HASH_BYTES])
{
	crypt_hash_keyed(salt, CHAIN_SALT_BYTES, body, n, ret_hash);
}

static uint8_t *chain_put_u64(uint8_t *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		*to++ = (uint8_t)(value >> (8 * i));
	return to;
}

void chain_entry_hash(const uint8_t previous[static CHAIN_HASH_BYTES], uint64_t seq,
		      uint64_t time_min, const uint8_t body_hash[static CHAIN_HASH_BYTES],
		      uint8_t ret_hash[static CHAIN_HASH_BYTES])
{
	uint8_t link[CHAIN_HASH_BYTES + 8 + 8 + CHAIN_HASH_BYTES];
	uint8_t *to = link;

	memcpy(to, previous, CHAIN_HASH_BYTES);
	to = chain_put_u64(to + CHAIN_HASH_BYTES, seq);
	to = chain_put_u64(to, time_min);
	memcpy(to, body_hash, CHAIN_HASH_BYTES);
	crypt_hash(link, sizeof(link), ret_hash);
}

char *chain_key_print(const void *sealed, size_t n, char text[static CHAIN_PRINT_TEXT])
{
	uint8_t hash[HASH_BYTES];

	crypt_hash(sealed, n, hash);
	return hex_text(hash, (CHAIN_PRINT_TEXT - 1) / 2, text);
}

void chain_tag(const uint8_t key[static CHAIN_KEY_BYTES],
	       const uint8_t entry_hash[static CHAIN_HASH_BYTES],
	       uint8_t ret_tag[static CHAIN_TAG_BYTES])
{
	uint8_t message[3 + CHAIN_HASH_BYTES] = { 't', 'a', 'g' };
	uint8_t hash[HASH_BYTES];

	memcpy(message + 3, entry_hash, CHAIN_HASH_BYTES);
	crypt_hash_keyed(key, CHAIN_KEY_BYTES, message, sizeof(message), hash);
	memcpy(ret_tag, hash, CHAIN_TAG_BYTES);
}

void chain_key_next(uint8_t key[static CHAIN_KEY_BYTES])
{
	uint8_t next[HASH_BYTES];

	crypt_hash_keyed(key, CHAIN_KEY_BYTES, "next", 4, next);
	memcpy(key, next, CHAIN_KEY_BYTES);
	secret_wipe(next, sizeof(next));
}
