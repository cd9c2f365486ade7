/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which slots rows name, and which time is the newest in the database: read once at start. */

#include "store/store.h"
#include "vault/vault.h"

/* Every slot named by any table. A new table with slots must be added in slot.c; a test finds the
 * one that is not. Clear with vault_used_clear. */
int store_slots_used(struct store *store, struct vault_used *ret);
/* Each row that names a slot, with its owner's id and kind, tombstones too. Ends early with what
 * `each` returns if that is not 0. */
struct slot_row {
	struct vault_slot slot;
	struct id owner;
	int kind;
	bool live;		/* not a tombstone */
};
int store_slot_rows(struct store *store, int (*each)(void *context, const struct slot_row *row),
		    void *context);
/* Parts in this slot are not seen any more, until the store is opened again. */
int store_slot_hide(struct store *store, uint32_t slot, bool erased);
/* What was hidden as erased is past its expiry from here on. */
int store_slots_expire(struct store *store);
/* 0 when nothing is kept. */
int store_newest_min(struct store *store, int64_t *ret_min);
