/* SPDX-License-Identifier: Apache-2.0 */

/* Gives out nonces and takes each back once. None must ever be good for a second box. */

#include "crypt/secret.h"
#include "nonce.h"

void nonce_give(struct nonce *nonce)
{
	crypt_random(nonce->bytes, sizeof(nonce->bytes));
	nonce->given = true;
}

bool nonce_spend(struct nonce *nonce, const uint8_t claimed[static NONCE_BYTES])
{
	bool same = nonce->given && crypt_equal(nonce->bytes, claimed, sizeof(nonce->bytes));

	*nonce = (struct nonce){0};
	return same;
}
