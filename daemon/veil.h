/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The veil: one key for each profile, in a slot of its own. What is kept of the profile is sealed
 * under its slot key XOR BLAKE2b-256(key: veil, message: "veil" | id (16) | kind (1)), and neither
 * of the two says anything without the other. So 32 bytes overwritten end a whole profile, however
 * much was kept of it, before its many slots and rows are looked at; and overwriting one slot ends
 * one part, as ever. XOR, so that an item can be put under another profile's veil by replacing its
 * slot's key, without a new ciphertext (docs/decisions/0012-veil.md).
 */

#include "base/kind.h"
#include "store/store.h"
#include "vault/vault.h"

/* The profile's veil; made and durable where there is none yet. Not inside a transaction.
 * ANSWER_NOT_FOUND: no such profile, or it is being removed. ANSWER_FAILED: its slot does not hold
 * it any more. ANSWER_QUOTA_EXCEEDED. */
int veil_take(struct store *store, struct vault *vault, const struct id *profile,
	      struct secret **ret);
/* ... which is there already. */
int veil_get(struct store *store, struct vault *vault, const struct id *profile,
	     struct secret **ret);
/*
 * Moves an item to another profile, inside the caller's transaction: its parts get new slots, that
 * hold what opens the same ciphertext under the other veil. veil_moved(), after the commit, erases
 * the slots it had; after a cut before that, the next start does. ANSWER_NOT_FOUND: the item or the
 * profile is not there. ANSWER_INVALID_ARGUMENT: the schema's law forbids it.
 * ANSWER_FAILED: one of its keys is lost.
 */
struct veil_left {
	struct vault_erasure slots[KIND_MAX];
	unsigned n;
};
int veil_move(struct store *store, struct vault *vault, const struct id *item,
	      const struct id *profile, struct veil_left *ret);
int veil_moved(struct vault *vault, struct veil_left *left);
/* Puts a slot key under it, and takes it from there: both are the same. */
void veil_turn(const struct secret *veil, const struct id *owner, int kind,
	       uint8_t key[static KEY_BYTES]);
