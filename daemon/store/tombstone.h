/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Parts that a job erases: marked, then walked, then gone. Parts of copies, and voiceprints, are
 * walked like parts of items. All writes want a transaction. */

#include "crypt/secret.h"
#include "store/store.h"
#include "vault/vault.h"

#define BODY_HEAD_BYTES 32

/* Step 1, from the working set (store/selection.h), with every copy's part whose source goes.
 * kinds: bits, 0 all. ret_parts counts both. */
int store_tombstone(struct store *store, int64_t job, unsigned kinds, uint64_t *ret_parts);
/* ... every copy of the working set's items, and of the items themselves these kinds (bits, 0
 * none). moved: because they go to another profile. */
int store_tombstone_approved(struct store *store, int64_t job, bool moved, unsigned kinds,
			     uint64_t *ret_parts);
/* ... everything past its expiry: of items, of copies, voiceprints. */
int store_tombstone_expired(struct store *store, int64_t job, int64_t now_min, uint64_t *ret_parts);
/* ... of every copy whose source goes with this job. */
int store_tombstone_copies(struct store *store, int64_t job);
/* ... the voiceprint of a profile; NULL: all. removed: also of profiles that another job removes.
 */
int store_tombstone_voices(struct store *store, int64_t job, const struct id *profile,
			   bool removed, uint64_t *ret_n);

enum tombstone_of { TOMBSTONE_ITEM = 0, TOMBSTONE_COPY, TOMBSTONE_VOICEPRINT };

struct tombstone {
	enum tombstone_of of;
	int64_t owner_row;	/* item, copy or voiceprint */
	struct id owner;
	int kind;
	struct vault_slot slot;
	int64_t body;		/* 0: removed already */
	uint64_t bytes;
	uint8_t head[BODY_HEAD_BYTES];	/* see store_body_heads() */
};

struct tombstone_walk {
	enum tombstone_of of;	/* in their order */
	int64_t owner_row;
	int kind;
};

/* The next ones of a job, at most `room`; begin with a zero walk. *ret_n 0: the end. */
int store_tombstones(struct store *store, int64_t job, struct tombstone_walk *walk,
		     struct tombstone *list, size_t room, size_t *ret_n);

/* The first bytes of each body into its tombstone (fewer are zero-filled); none where the body was
 * removed already. */
int store_body_heads(struct store *store, struct tombstone *list, size_t n);
/* The row stays as a tombstone without a body. */
int store_body_delete(struct store *store, const struct tombstone *tombstone);

/* Slots that hold somebody else's key: their rows stay. */
int store_stuck_clear(struct store *store);
int store_stuck_add(struct store *store, uint32_t slot);

/*
 * Step 3, the metadata: every tombstone of the job whose slot is not stuck, copies and items that
 * have nothing left, and the profile when it is removed and has no item. `gone` is called with the
 * id of each item, copy and voiceprint that goes, and with what else only its row can have put
 * there. ret_left: tombstones that stay.
 */
int store_tombstones_delete(struct store *store, int64_t job, int64_t profile,
			    int (*gone)(void *context, const struct id *id), void *context,
			    uint64_t *ret_left);
