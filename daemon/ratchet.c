/* SPDX-License-Identifier: Apache-2.0 */

/* Turns the access log's key. The slot must never be ahead of the database, for then the next start
 * could not tell where it is; and no key may stay anywhere once its entry is committed and the slot
 * was written. */

#include "ratchet.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "failpoint.h"

struct ratchet {
	struct store *store;
	struct vault *vault;
	struct loop_timer *timer;	/* NULL: settle at once */
	struct store_watch watch;
	bool there;
	struct vault_slot slot;		/* with the tag of what the disk holds */
	struct id slot_id;
	/* Of the next entry: as committed, and as the open transaction would have it. */
	struct secret *key, *turned;
	bool turning;			/* the open transaction has tagged */
	uint64_t seq;			/* of the last it tagged */
	bool behind;			/* `key` is not in the slot yet */
	bool gone;			/* the row is: the household was erased */
	bool armed;			/* the timer runs; it is not put off by later entries */
	/* What the open transaction replaces the slot with. */
	bool beginning;
	struct vault_slot slot_begun;
	struct id slot_id_begun;
	uint64_t first_seq;
	char print[CHAIN_PRINT_TEXT];
};

bool ratchet_there(const struct ratchet *ratchet)
{
	return ratchet->there || ratchet->beginning;
}

/* The slot holds neither the key it was last seen with nor the due one: a sync that failed leaves
 * open how far an earlier try came. */
static int slot_catch_up(struct ratchet *ratchet)
{
	_cleanup_(secret_freep) struct secret *due = NULL;
	struct vault_slot slot = { .number = ratchet->slot.number };
	int r;

	vault_tag(ratchet->key->bytes, &ratchet->slot_id, VAULT_KIND_LOG, slot.tag);
	r = vault_follow(ratchet->vault, &slot, &ratchet->slot_id, VAULT_KIND_LOG, chain_key_next,
			 RATCHET_BEHIND_MAX, &due);
	if (r == 0)
		ratchet->slot = slot;
	return fault_trace(r);
}

void ratchet_settle(struct ratchet *ratchet)
{
	int r;

	if (ratchet->timer)
		loop_timer_enable(ratchet->timer, false);
	ratchet->armed = false;
	if (!ratchet->behind)
		return;
	failpoint("log-key-behind");
	r = vault_replace(ratchet->vault, &ratchet->slot, &ratchet->slot_id, VAULT_KIND_LOG,
			  ratchet->key);
	if (r == ANSWER_FAILED)
		r = slot_catch_up(ratchet);
	failpoint("log-key-turned");
	if (r) {
		log_error("the key of the access log could not be turned on disk; until it is, old "
			  "entries are less well protected");
		return;
	}
	ratchet->behind = false;
}

static void settle_turn(void *context)
{
	ratchet_settle(context);
}

static void key_copy(struct secret *to, const struct secret *from)
{
	memcpy(to->bytes, from->bytes, KEY_BYTES);
}

static void begun_take(struct ratchet *ratchet)
{
	/* The old slot gets a fresh key before anybody has it; its row is gone. */
	if (ratchet->there)
		vault_return(ratchet->vault, ratchet->slot.number);
	ratchet->slot = ratchet->slot_begun;
	ratchet->slot_id = ratchet->slot_id_begun;
	ratchet->there = true;
}

static void transaction_ended(void *context, bool committed)
{
	struct ratchet *ratchet = context;

	if (ratchet->beginning && committed)
		begun_take(ratchet);
	if (ratchet->turning && committed) {
		key_copy(ratchet->key, ratchet->turned);
		ratchet->there = ratchet->behind = !ratchet->gone;
	}
	/* The slot of a beginning that was rolled back rests until the next start: after a fault
	 * its row may be there all the same. */
	secret_wipe(ratchet->turned->bytes, KEY_BYTES);
	ratchet->beginning = ratchet->turning = false;
	if (!ratchet->behind || ratchet->armed)
		return;
	if (!ratchet->timer) {
		ratchet_settle(ratchet);
		return;
	}
	loop_timer_enable(ratchet->timer, true);
	ratchet->armed = true;
}

/* Before the commit, once for all entries of the transaction. */
static int transaction_ending(void *context)
{
	struct ratchet *ratchet = context;
	struct log_slot_row row = { .slot = ratchet->slot, .slot_id = ratchet->slot_id,
				    .seq = ratchet->seq };
	int r;

	if (!ratchet->turning)
		return 0;
	if (ratchet->beginning) {
		row.slot = ratchet->slot_begun;
		row.slot_id = ratchet->slot_id_begun;
	}
	vault_tag(ratchet->turned->bytes, &row.slot_id, VAULT_KIND_LOG, row.slot.tag);
	r = store_log_slot_set(ratchet->store, &row);
	ratchet->gone = r == ANSWER_NOT_FOUND;
	return ratchet->gone ? 0 : fault_trace(r);
}

const char *ratchet_print(const struct ratchet *ratchet, uint64_t seq)
{
	return ratchet->beginning && seq == ratchet->first_seq ? ratchet->print : NULL;
}

void ratchet_tag(struct ratchet *ratchet, uint64_t seq,
		 const uint8_t entry_hash[static CHAIN_HASH_BYTES],
		 uint8_t ret_tag[static CHAIN_TAG_BYTES])
{
	if (!ratchet->turning)
		key_copy(ratchet->turned, ratchet->key);
	ratchet->turning = true;
	ratchet->seq = seq;
	chain_tag(ratchet->turned->bytes, entry_hash, ret_tag);
	chain_key_next(ratchet->turned->bytes);
}

int ratchet_begin(struct ratchet *ratchet, const uint8_t home[static BOX_PUBLIC_BYTES],
		  uint64_t first_seq)
{
	_cleanup_(secret_freep) struct secret *first = NULL;
	_cleanup_(cleanup_free) uint8_t *sealed = NULL;
	struct log_key_row key = { .first_seq = first_seq };
	struct log_slot_row row = { .seq = first_seq - 1 };
	size_t n;
	int r;

	crypt_random(row.slot_id.bytes, ID_BYTES);
	r = vault_take(ratchet->vault, &row.slot_id, VAULT_KIND_LOG, &row.slot, &first);
	if (!r)
		r = box_seal(home, first->bytes, KEY_BYTES, &sealed, &n);
	if (r)
		return fault_trace(r);
	key.sealed = sealed;
	key.n_sealed = n;
	r = store_log_key_insert(ratchet->store, &key);
	if (!r)
		r = store_log_slot_put(ratchet->store, &row);
	if (r)
		return fault_trace(r);
	ratchet->beginning = ratchet->turning = true;
	ratchet->seq = row.seq;
	ratchet->first_seq = first_seq;
	chain_key_print(sealed, n, ratchet->print);
	ratchet->slot_begun = row.slot;
	ratchet->slot_id_begun = row.slot_id;
	key_copy(ratchet->turned, first);
	return 0;
}

void ratchet_end(struct ratchet *ratchet)
{
	secret_wipe(ratchet->key->bytes, KEY_BYTES);
	ratchet->there = ratchet->behind = false;
}

/* The slot's key, brought up to its row. */
static int slot_open(struct ratchet *ratchet)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct log_slot_row row;
	int r = store_log_slot(ratchet->store, &row);

	if (r)
		return fault_trace(r);
	ratchet->slot = row.slot;
	ratchet->slot_id = row.slot_id;
	r = vault_follow(ratchet->vault, &row.slot, &row.slot_id, VAULT_KIND_LOG, chain_key_next,
			 RATCHET_BEHIND_MAX, &key);
	if (r)
		return r < 0 ? fault_trace(r) : ANSWER_FAILED;
	key_copy(ratchet->key, key);
	ratchet->there = true;
	return 0;
}

int ratchet_new(struct store *store, struct vault *vault, struct loop *loop, struct ratchet **ret)
{
	_cleanup_(ratchet_freep) struct ratchet *ratchet = calloc(1, sizeof(*ratchet));
	int r;

	if (!ratchet)
		return fault_origin(-ENOMEM);
	ratchet->vault = vault;
	r = secret_new(KEY_BYTES, &ratchet->key);
	if (!r)
		r = secret_new(KEY_BYTES, &ratchet->turned);
	if (!r && loop)
		r = loop_timer_new(loop, RATCHET_SETTLE_MS, settle_turn, ratchet, &ratchet->timer);
	if (r)
		return fault_trace(r);
	if (ratchet->timer)
		loop_timer_enable(ratchet->timer, false);
	ratchet->store = store;
	ratchet->watch = (struct store_watch){transaction_ending, transaction_ended, ratchet};
	store_watch(store, &ratchet->watch);
	r = slot_open(ratchet);
	if (r < 0)
		return fault_trace(r);
	*ret = take(ratchet);
	return r;
}

struct ratchet *ratchet_free(struct ratchet *ratchet)
{
	if (!ratchet)
		return NULL;
	if (ratchet->store) {
		ratchet_settle(ratchet);
		store_watch(ratchet->store, NULL);
	}
	loop_timer_free(ratchet->timer);
	secret_free(ratchet->key);
	secret_free(ratchet->turned);
	free(ratchet);
	return NULL;
}
