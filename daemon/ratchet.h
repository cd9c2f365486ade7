/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The keys of the access log, which only turn forward (lib/crypt/chain.h): each entry has its own,
 * and the one slot holds the key of the entry that comes next. Whoever takes over the machine now
 * finds no key of an entry that is there already, and cannot write another in its place.
 *
 *   1. An entry is tagged and the key turned in memory; the row of the slot is updated to the new
 *      key's tag. All in the transaction of what the entry records.
 *   2. It commits.
 *   3. The new key is written over the old one in the slot and synced, at the latest
 *      RATCHET_SETTLE_MS later, once for all entries of that time.
 *
 * A cut between 2 and 3 leaves a slot that is behind; the next start turns it on until it fits the
 * row. A slot that does not fit (a database set back, a slot file exchanged) is never guessed at:
 * a new first key is begun, with an entry and an alert that say so.
 *
 * The first key is sealed to the household's home key and stored: with a passphrase the client
 * turns it along the log and checks every tag.
 */

#include "base/loop.h"
#include "store/ratchet.h"

#define RATCHET_SETTLE_MS 50
/* Entries between two syncs of the slot are far fewer: they commit within RATCHET_SETTLE_MS, or in
 * one transaction. */
#define RATCHET_BEHIND_MAX 65536

struct ratchet;

/* loop NULL: the slot is written at each commit. ANSWER_NOT_FOUND: the log has no key yet.
 * ANSWER_FAILED: the slot does not hold what it is due to. *ret is there in all three cases;
 * ratchet_begin() makes it work after the two answers. */
int ratchet_new(struct store *store, struct vault *vault, struct loop *loop, struct ratchet **ret);
/* Writes what the slot is behind. */
struct ratchet *ratchet_free(struct ratchet *ratchet);
CLEANUP_DEFINE(struct ratchet *, ratchet_free)

/* Whether entries are tagged. */
bool ratchet_there(const struct ratchet *ratchet);
/* A new first key for the entries from `first_seq` on, sealed to `home`; inside the caller's
 * transaction. */
int ratchet_begin(struct ratchet *ratchet, const uint8_t home[static BOX_PUBLIC_BYTES],
		  uint64_t first_seq);
/* The household was erased, and the key with it: entries are not tagged until there is another. The
 * slot rests until the next start. */
void ratchet_end(struct ratchet *ratchet);
/* What the entry `seq` has to say of the key that begins with it (lib/crypt/chain.h); NULL: none
 * does. Inside the transaction of ratchet_begin(). */
const char *ratchet_print(const struct ratchet *ratchet, uint64_t seq);
/* Tags the entry `seq` and turns; inside the caller's transaction. */
void ratchet_tag(struct ratchet *ratchet, uint64_t seq,
		 const uint8_t entry_hash[static CHAIN_HASH_BYTES],
		 uint8_t ret_tag[static CHAIN_TAG_BYTES]);
/* Step 3, now. Done by itself; what failed is tried again here. */
void ratchet_settle(struct ratchet *ratchet);
