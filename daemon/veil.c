/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that end with a profile. Nothing may be sealed under one that is not on the disk and named
 * by its row, and none is ever made in the place of one that is gone. */

#include "veil.h"

#include <string.h>

#include "failpoint.h"
#include "store/item.h"
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

/* Into a fresh slot goes what, under the new veil, is the key that it was under the old. */
static int part_move(struct store *store, struct vault *vault, const struct item_row *row,
		     struct part_row *part, const struct secret *from, const struct secret *to)
{
	_cleanup_(secret_freep) struct secret *key = NULL, *fresh = NULL;
	struct vault_slot slot;
	int r = vault_get(vault, &part->slot, &row->id, (int)part->kind, &key);

	if (r == 0)
		r = vault_take(vault, &row->id, (int)part->kind, &slot, &fresh);
	if (r != 0)
		return r == ANSWER_NOT_FOUND ? ANSWER_FAILED : fault_trace(r);
	if (part->veiled)
		veil_turn(from, &row->id, (int)part->kind, key->bytes);
	veil_turn(to, &row->id, (int)part->kind, key->bytes);
	r = vault_replace(vault, &slot, &row->id, (int)part->kind, key);
	part->slot = slot;
	part->veiled = true;
	if (r == 0)
		r = store_part_set_slot(store, row->item, part);
	return fault_trace(r);
}

int veil_move(struct store *store, struct vault *vault, const struct id *item,
	      const struct id *profile, struct veil_left *ret)
{
	_cleanup_(secret_freep) struct secret *from = NULL, *to = NULL;
	struct part_row parts[KIND_MAX];
	struct veil_left left = { .n = 0 };
	struct item_row row;
	int r = store_item_find(store, item, &row);

	if (r == 0)
		r = store_parts_find(store, row.item, SIGHT_ALL, parts, &left.n);
	if (r == 0)
		r = veil_take(store, vault, &row.profile, &from);
	if (r == 0)
		r = veil_take(store, vault, profile, &to);
	if (r == 0)
		r = store_item_move(store, row.item, profile);
	for (unsigned i = 0; r == 0 && i < left.n; i++) {
		left.slots[i] = (struct vault_erasure){ parts[i].slot, row.id,
							(int)parts[i].kind, false };
		r = part_move(store, vault, &row, &parts[i], from, to);
	}
	if (r == 0)
		*ret = left;
	return fault_trace(r);
}

int veil_moved(struct vault *vault, struct veil_left *left)
{
	int r = left->n > 0 ? vault_erase(vault, left->slots, left->n) : 0;

	failpoint("veil-moved");
	for (unsigned i = 0; r == 0 && i < left->n; i++)
		vault_return(vault, left->slots[i].slot.number);
	return fault_trace(r);
}
