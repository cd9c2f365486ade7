/* SPDX-License-Identifier: Apache-2.0 */
/* A parent's secrets, wrapped: once under a half of the passphrase, once more under a slot key of
 * the keeper. What does not open yields nothing, not even a part. */

#include "crypt/door.h"

#include <sodium.h>
#include <string.h>

#define WRAP_NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define WRAP_OVERHEAD_BYTES (WRAP_NONCE_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES)

_Static_assert(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one size of keys");

/* key = BLAKE2b-256(key: of, message: prefix | name) */
static void wrap_key(const struct secret *of, const char *prefix, const char *name,
		     uint8_t ret_key[static KEY_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, of->bytes, of->n, KEY_BYTES);
	crypto_generichash_update(&state, (const uint8_t *)prefix, strlen(prefix));
	crypto_generichash_update(&state, (const uint8_t *)name, strlen(name));
	crypto_generichash_final(&state, ret_key, KEY_BYTES);
	secret_wipe(&state, sizeof(state));
}

static int wrap_encrypt(const uint8_t key[static KEY_BYTES], const char *name, const void *plain,
			size_t n, uint8_t **ret_sealed, size_t *ret_n)
{
	_cleanup_(cleanup_free) uint8_t *sealed = malloc(n + WRAP_OVERHEAD_BYTES);

	if (!sealed)
		return fault_origin(-ENOMEM);
	crypt_random(sealed, WRAP_NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + WRAP_NONCE_BYTES, NULL, plain, n,
						   (const uint8_t *)name, strlen(name), NULL,
						   sealed, key);
	*ret_sealed = take(sealed);
	*ret_n = n + WRAP_OVERHEAD_BYTES;
	return 0;
}

/* plain has room for n - WRAP_OVERHEAD_BYTES. */
static int wrap_decrypt(const uint8_t key[static KEY_BYTES], const char *name,
			const uint8_t *sealed, size_t n, uint8_t *plain)
{
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed + WRAP_NONCE_BYTES,
						       n - WRAP_NONCE_BYTES, (const uint8_t *)name,
						       strlen(name), sealed, key) != 0)
		return ANSWER_INVALID_ARGUMENT;
	return 0;
}

int wrap_seal(const struct secret *wrap, const char *name, const struct secret *secret,
	      uint8_t **ret_wrapped, size_t *ret_n)
{
	uint8_t key[KEY_BYTES];
	int r;

	if (wrap->n != KEY_BYTES)
		return fault_origin(-EINVAL);
	wrap_key(wrap, "", name, key);
	r = wrap_encrypt(key, name, secret->bytes, secret->n, ret_wrapped, ret_n);
	secret_wipe(key, sizeof(key));
	return fault_trace(r);
}

int wrap_open(const struct secret *wrap, const char *name, const void *wrapped, size_t n,
	      struct secret **ret_secret)
{
	_cleanup_(secret_freep) struct secret *secret = NULL;
	uint8_t key[KEY_BYTES];
	int r;

	if (wrap->n != KEY_BYTES)
		return fault_origin(-EINVAL);
	if (n < WRAP_OVERHEAD_BYTES)
		return ANSWER_INVALID_ARGUMENT;
	r = secret_new(n - WRAP_OVERHEAD_BYTES, &secret);
	if (r)
		return fault_trace(r);
	wrap_key(wrap, "", name, key);
	r = wrap_decrypt(key, name, wrapped, n, secret->bytes);
	secret_wipe(key, sizeof(key));
	if (r)
		return r;
	*ret_secret = take(secret);
	return 0;
}

int layer_seal(const struct secret *slot_key, const char *name, const void *wrapped, size_t n,
	       uint8_t **ret_layered, size_t *ret_n)
{
	uint8_t key[KEY_BYTES];
	int r;

	if (slot_key->n != KEY_BYTES)
		return fault_origin(-EINVAL);
	wrap_key(slot_key, "layer", name, key);
	r = wrap_encrypt(key, name, wrapped, n, ret_layered, ret_n);
	secret_wipe(key, sizeof(key));
	return fault_trace(r);
}

int layer_open(const struct secret *slot_key, const char *name, const void *layered, size_t n,
	       uint8_t **ret_wrapped, size_t *ret_n)
{
	/* What is below is ciphertext still: it needs no locked memory. */
	_cleanup_(cleanup_free) uint8_t *wrapped = NULL;
	uint8_t key[KEY_BYTES];
	int r;

	if (slot_key->n != KEY_BYTES)
		return fault_origin(-EINVAL);
	if (n < WRAP_OVERHEAD_BYTES)
		return ANSWER_INVALID_ARGUMENT;
	wrapped = malloc(n - WRAP_OVERHEAD_BYTES + 1);
	if (!wrapped)
		return fault_origin(-ENOMEM);
	wrap_key(slot_key, "layer", name, key);
	r = wrap_decrypt(key, name, layered, n, wrapped);
	secret_wipe(key, sizeof(key));
	if (r)
		return r;
	*ret_wrapped = take(wrapped);
	*ret_n = n - WRAP_OVERHEAD_BYTES;
	return 0;
}
