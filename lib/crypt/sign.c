/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519. Only the seed is kept; the longer private form exists for the length of one call. */

#include "crypt/sign.h"

#include <sodium.h>

#include "base/fault.h"

_Static_assert(SIGN_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "documented in sign.h");
_Static_assert(SIGN_BYTES == crypto_sign_BYTES, "documented in sign.h");
_Static_assert(KEY_BYTES == crypto_sign_SEEDBYTES, "documented in sign.h");

int sign_keypair_from(struct secret *seed, struct sign_keypair **ret)
{
	struct sign_keypair *pair;
	uint8_t private[crypto_sign_SECRETKEYBYTES];

	if (seed->n != KEY_BYTES)
		return fault_origin(-EINVAL);
	pair = calloc(1, sizeof(*pair));
	if (!pair)
		return fault_origin(-ENOMEM);
	crypto_sign_seed_keypair(pair->public, private, seed->bytes);
	secret_wipe(private, sizeof(private));
	pair->seed = seed;
	*ret = pair;
	return 0;
}

int sign_keypair_new(struct sign_keypair **ret)
{
	_cleanup_(secret_freep) struct secret *seed = NULL;
	int r;

	r = secret_random(KEY_BYTES, &seed);
	if (r)
		return fault_trace(r);
	r = sign_keypair_from(seed, ret);
	if (r)
		return fault_trace(r);
	take(seed);
	return 0;
}

struct sign_keypair *sign_keypair_free(struct sign_keypair *pair)
{
	if (pair)
		secret_free(pair->seed);
	free(pair);
	return NULL;
}

void sign_bytes(const struct sign_keypair *pair, const void *bytes, size_t n,
		uint8_t ret_signature[static SIGN_BYTES])
{
	uint8_t public[SIGN_PUBLIC_BYTES];
	uint8_t private[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(public, private, pair->seed->bytes);
	crypto_sign_detached(ret_signature, NULL, bytes, n, private);
	secret_wipe(private, sizeof(private));
}

bool sign_holds(const uint8_t public[static SIGN_PUBLIC_BYTES], const void *bytes, size_t n,
		const uint8_t signature[static SIGN_BYTES])
{
	return crypto_sign_verify_detached(signature, bytes, n, public) == 0;
}

int sign_box_public(const uint8_t public[static SIGN_PUBLIC_BYTES],
		    uint8_t ret_public[static BOX_PUBLIC_BYTES])
{
	return crypto_sign_ed25519_pk_to_curve25519(ret_public, public) == 0 ?
	       0 : ANSWER_INVALID_ARGUMENT;
}

int sign_box_keypair(const struct sign_keypair *pair, struct box_keypair **ret)
{
	_cleanup_(secret_freep) struct secret *secret = NULL;
	uint8_t public[SIGN_PUBLIC_BYTES];
	uint8_t private[crypto_sign_SECRETKEYBYTES];
	int r = secret_new(KEY_BYTES, &secret);

	if (r != 0)
		return fault_trace(r);
	crypto_sign_seed_keypair(public, private, pair->seed->bytes);
	crypto_sign_ed25519_sk_to_curve25519(secret->bytes, private);
	secret_wipe(private, sizeof(private));
	return fault_trace(box_keypair_from(take(secret), ret));
}
