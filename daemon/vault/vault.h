/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The slot file: `slots.bin`, pages of 4 KiB that hold nothing but random 32-byte keys. To erase is
 * to overwrite one in place and sync; everything else in Cubby that must be erasable is ciphertext
 * under such a key. The vault knows no SQL: whose key a slot holds is known from the tag that the
 * owner's row keeps, BLAKE2b-256(key: slot key, message: "owner" | id | kind), first 16 bytes.
 *
 * Keys are made in batches and synced ahead of use, so that taking one costs no sync. A slot goes
 * back to use only with a fresh key, and only when its owner's row is gone (vault_return).
 *
 * take, get, erase, verify: a key tree whose root is held in hardware can stand behind the same
 * four. So it can behind replace, which is for the access log alone: erase and put again.
 *
 * Why overwriting a key in place with another (replace) is safe against a cut: the 32 bytes lie at
 * a multiple of 32 and so inside one sector of 512 bytes, which a disk writes whole or not at all.
 * The slot holds the old key or the new one, and the owner's row, committed before, says by its tag
 * which of them is due: a slot that is behind is brought up by the next start (follow). Should a
 * disk tear a sector all the same, no key fits the tag, the slot counts as somebody else's and is
 * left alone: the owner begins anew and says so.
 */

#include <stdbool.h>
#include "base/fault.h"
#include "base/id.h"
#include "crypt/secret.h"

#define VAULT_FILE "slots.bin"
#define VAULT_TAG_BYTES 16

/* What a slot may hold beside the three kinds of an item (base/kind.h: 1 to 3). */
enum vault_kind {
	VAULT_KIND_DOOR = 16,		/* the outer layer of a parent's wraps */
	VAULT_KIND_PROFILE = 17,	/* whatever must die with a profile */
	VAULT_KIND_LOG = 18,		/* the key of the access log's next entry */
	VAULT_KIND_VOICE = 19,		/* an adult's voiceprint */
};

struct vault;

struct vault_slot {
	uint32_t number;
	uint8_t tag[VAULT_TAG_BYTES];
};

/* The slots that rows name; made by the store before the vault opens. */
struct vault_used {
	uint64_t *words;
	size_t n_words;
};

bool vault_used_get(const struct vault_used *used, uint32_t number);
int vault_used_set(struct vault_used *used, uint32_t number);
void vault_used_clear(struct vault_used *used);

/*
 * Opens or makes `dir`/slots.bin and puts a fresh key into every slot that `used` does not name. A
 * damaged page on which `used` names none is set aside. ANSWER_FAILED with the reason: not a slot
 * file, damaged where a slot is named, another version, not ours alone, or shorter than what `used`
 * names.
 */
int vault_open(const char *dir, const struct vault_used *used, struct vault **ret, struct why *why);
struct vault *vault_free(struct vault *vault);
CLEANUP_DEFINE(struct vault *, vault_free)

/* A slot that nobody has, with its key, which is on the disk already. Until a row names the slot it
 * is taken in memory only: vault_return() it when the row does not come to be.
 * ANSWER_QUOTA_EXCEEDED: no fresh key is left and the disk is full. */
int vault_take(struct vault *vault, const struct id *owner, int kind, struct vault_slot *ret_slot,
	       struct secret **ret_key);
/* ANSWER_NOT_FOUND: erased. ANSWER_FAILED: it holds somebody else's key. */
int vault_get(struct vault *vault, const struct vault_slot *slot, const struct id *owner, int kind,
	      struct secret **ret_key);

/* As vault_get, without the key. 0: it is there and its own. */
int vault_owns(struct vault *vault, const struct vault_slot *slot, const struct id *owner,
	       int kind);

struct vault_erasure {
	struct vault_slot slot;
	struct id owner;
	int kind;
	bool refused;			/* out: holds somebody else's key, and was left alone */
};

/*
 * Overwrites the keys of all n in place, then syncs once. Only a slot whose key gives its tag, or
 * that is zero already, is touched; the others are marked `refused`. Returns ANSWER_FAILED when any
 * was. After a fault call it again with the same: it writes everything once more, because a sync
 * that follows one that failed proves nothing of what was written before.
 */
int vault_erase(struct vault *vault, struct vault_erasure *erasures, size_t n);
/* Overwrites every key there is, then syncs once: for a reset, when no key may stay. Slots that
 * rows name come back with vault_return(). */
int vault_clear(struct vault *vault);
/* Overwrites a key that no row's tag fits, as its row goes (lost.h). ANSWER_FAILED: there is no
 * such slot. */
int vault_erase_lost(struct vault *vault, uint32_t number);

/* The tag that a row keeps of `key`: for an owner that changes the key of a slot it has. */
void vault_tag(const uint8_t key[static KEY_BYTES], const struct id *owner, int kind,
	       uint8_t ret_tag[static VAULT_TAG_BYTES]);
/* Overwrites the key of `slot` in place, syncs, and puts the new tag into `slot`. ANSWER_NOT_FOUND:
 * the slot is erased. ANSWER_FAILED: it holds somebody else's key. Both leave it alone. */
int vault_replace(struct vault *vault, struct vault_slot *slot, const struct id *owner, int kind,
		  const struct secret *key);
/*
 * The key that `slot` is due to hold. Where it still holds one before that, `next` (in place) leads
 * to the due one in at most `most` steps. The due one is put in its place and synced.
 * ANSWER_NOT_FOUND: erased. ANSWER_FAILED: no such step leads to the tag.
 */
int vault_follow(struct vault *vault, const struct vault_slot *slot, const struct id *owner,
		 int kind, void (*next)(uint8_t key[static KEY_BYTES]), unsigned most,
		 struct secret **ret_key);

/* How many slots of `used` the vault counts as free: none, as long as rows and vault agree. */
size_t vault_free_named(const struct vault *vault, const struct vault_used *used);
/* No row names this slot any more. It gets a fresh key before anybody takes it. */
void vault_return(struct vault *vault, uint32_t number);
/* Makes fresh keys when few are left; for idle moments. vault_take does so itself when it must. */
int vault_refill(struct vault *vault);
