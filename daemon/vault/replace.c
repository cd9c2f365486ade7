/* SPDX-License-Identifier: Apache-2.0 */
/* A key that changes in its slot. Nothing is written over a key that is not the one its owner's tag
 * names, and a slot that cannot be told is left as it is. */

#include "vault/core.h"

#include <string.h>

#include "base/file.h"
#include "failpoint.h"
#include "vault/page.h"

void vault_tag(const uint8_t key[static KEY_BYTES], const struct id *owner, int kind,
	       uint8_t ret_tag[static VAULT_TAG_BYTES])
{
	uint8_t message[5 + ID_BYTES + 1] = { 'o', 'w', 'n', 'e', 'r' };
	uint8_t hash[HASH_BYTES];

	memcpy(message + 5, owner->bytes, ID_BYTES);
	message[5 + ID_BYTES] = (uint8_t)kind;
	crypt_hash_keyed(key, KEY_BYTES, message, sizeof(message), hash);
	memcpy(ret_tag, hash, VAULT_TAG_BYTES);
}

static int slot_put(struct vault *vault, uint32_t number, const struct secret *key)
{
	int r = file_pwrite(vault->fd, key->bytes, KEY_BYTES, page_slot_offset(number));

	failpoint("replace-slot-written");
	if (r == 0)
		r = vault_sync(vault);
	return fault_trace(r);
}

int vault_replace(struct vault *vault, struct vault_slot *slot, const struct id *owner, int kind,
		  const struct secret *key)
{
	_cleanup_(secret_freep) struct secret *present = NULL;
	int r;

	r = vault_get(vault, slot, owner, kind, &present);
	if (r == 0)
		r = slot_put(vault, slot->number, key);
	if (r == 0)
		vault_tag(key->bytes, owner, kind, slot->tag);
	return fault_trace(r);
}

int vault_follow(struct vault *vault, const struct vault_slot *slot, const struct id *owner,
		 int kind, void (*next)(uint8_t key[static KEY_BYTES]), unsigned most,
		 struct secret **ret_key)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	uint8_t tag[VAULT_TAG_BYTES];
	enum slot_state state;
	int r;

	r = secret_new(KEY_BYTES, &key);
	if (r == 0)
		r = vault_look(vault, slot, owner, kind, key->bytes, &state);
	if (r < 0)
		return fault_trace(r);
	if (state == SLOT_ERASED)
		return ANSWER_NOT_FOUND;
	if (slot->number >= vault->n_pages * PAGE_SLOTS)
		return ANSWER_FAILED;
	for (unsigned i = 0; i < most && state == SLOT_OTHERS; i++) {
		next(key->bytes);
		vault_tag(key->bytes, owner, kind, tag);
		if (crypt_equal(tag, slot->tag, VAULT_TAG_BYTES))
			state = SLOT_OWNED;
	}
	if (state == SLOT_OTHERS)
		return ANSWER_FAILED;
	/* The due one, too: it may be there since a sync that failed, and not be on the disk. */
	r = slot_put(vault, slot->number, key);
	if (r < 0)
		return fault_trace(r);
	*ret_key = take(key);
	return 0;
}
