/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed boxes. A private half never leaves its struct secret. */

#include "crypt/box.h"

#include <sodium.h>

#include "base/fault.h"

_Static_assert(BOX_OVERHEAD_BYTES == crypto_box_SEALBYTES, "documented in box.h");
_Static_assert(BOX_PUBLIC_BYTES == crypto_box_PUBLICKEYBYTES, "documented in box.h");
_Static_assert(KEY_BYTES == crypto_box_SECRETKEYBYTES, "documented in box.h");

int box_keypair_from(struct secret *private, struct box_keypair **ret)
{
	struct box_keypair *pair;

	if (private->n != KEY_BYTES)
		return fault_origin(-EINVAL);
	pair = calloc(1, sizeof(*pair));
	if (!pair)
		return fault_origin(-ENOMEM);
	crypto_scalarmult_base(pair->public, private->bytes);
	pair->private = private;
	*ret = pair;
	return 0;
}

int box_keypair_new(struct box_keypair **ret)
{
	_cleanup_(secret_freep) struct secret *private = NULL;
	int r;

	r = secret_random(KEY_BYTES, &private);
	if (r)
		return fault_trace(r);
	r = box_keypair_from(private, ret);
	if (r)
		return fault_trace(r);
	take(private);
	return 0;
}

struct box_keypair *box_keypair_free(struct box_keypair *pair)
{
	if (pair)
		secret_free(pair->private);
	free(pair);
	return NULL;
}

int box_seal(const uint8_t public[static BOX_PUBLIC_BYTES], const void *plain, size_t n,
	     uint8_t **ret_box, size_t *ret_n)
{
	_cleanup_(cleanup_free) uint8_t *box = malloc(n + BOX_OVERHEAD_BYTES);

	if (!box)
		return fault_origin(-ENOMEM);
	if (crypto_box_seal(box, plain, n, public) != 0)
		return ANSWER_INVALID_ARGUMENT;
	*ret_box = take(box);
	*ret_n = n + BOX_OVERHEAD_BYTES;
	return 0;
}

int box_open(const struct box_keypair *pair, const void *box, size_t n, struct secret **ret_plain)
{
	_cleanup_(secret_freep) struct secret *plain = NULL;
	int r;

	if (n < BOX_OVERHEAD_BYTES)
		return ANSWER_INVALID_ARGUMENT;
	r = secret_new(n - BOX_OVERHEAD_BYTES, &plain);
	if (r)
		return fault_trace(r);
	if (crypto_box_seal_open(plain->bytes, box, n, pair->public, pair->private->bytes) != 0)
		return ANSWER_INVALID_ARGUMENT;
	*ret_plain = take(plain);
	return 0;
}
