/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that end with a profile. Nothing may be sealed under one that is not on the disk and named
 * by its row, and none is ever made in the place of one that is gone. */

#include "veil.h"

#include <string.h>

#include "failpoint.h"
#include "store/veil.h"

void veil_turn(const struct secret *veil, const struct id *owner, int kind,
	       uint8_t key[static KEY_BYTES])
{
	uint8_t message[4 + ID_BYTES + 1] = { 'v', 'e', 'i', 'l' };
	uint8_t mask[HASH_BYTES];

	memcpy(message + 4, owner->bytes, ID_BYTES);
	message[4 + ID_BYTES] = (uint8_t)kind;
	crypt_hash_keyed(veil->bytes, KEY_BYTES, message, sizeof(message), mask);
	for (int i = 0; i < KEY_BYTES; i++)
		key[i] ^= mask[i];
	secret_wipe(mask, sizeof(mask));
}

int veil_get(struct store *store, struct vault *vault, const struct id *profile,
	     struct secret **ret)
{
	struct veil_row row;
	int r = store_veil(store, profile, &row);

	if (r != 0)
		return fault_trace(r);
	if (!row.there)
		return ANSWER_FAILED;
	r = vault_get(vault, &row.slot, profile, VAULT_KIND_PROFILE, ret);
	return r > 0 ? ANSWER_FAILED : fault_trace(r);
}

int veil_take(struct store *store, struct vault *vault, const struct id *profile,
	      struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct veil_row row;
	int r = store_veil(store, profile, &row);

	if (r != 0 || row.there)
		return r != 0 ? fault_trace(r) : veil_get(store, vault, profile, ret);
	r = vault_take(vault, profile, VAULT_KIND_PROFILE, &row.slot, &key);
	if (r != 0)
		return fault_trace(r);
	r = store_veil_set(store, profile, &row.slot);
	failpoint("veil-named");
	if (r != 0) {
		vault_return(vault, row.slot.number);
		return fault_trace(r);
	}
	*ret = take(key);
	return 0;
}
