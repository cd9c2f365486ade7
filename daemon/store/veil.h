/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which slot holds a profile's veil (daemon/veil.h), and which rows end with it. */

#include "store/item.h"
#include "store/store.h"
#include "vault/vault.h"

struct veil_row {
	bool there;
	struct vault_slot slot;
};

/* ANSWER_NOT_FOUND: no such profile, or it is being removed. */
int store_veil(struct store *store, const struct id *profile, struct veil_row *ret);
/* Where there was none. Durable by itself outside of a transaction. ANSWER_NOT_FOUND. */
int store_veil_set(struct store *store, const struct id *profile, const struct vault_slot *slot);
/* Of a profile that is being removed, with its id. ANSWER_NOT_FOUND: it is gone already. */
int store_veil_removing(struct store *store, int64_t profile, struct id *ret_id,
			struct veil_row *ret);
/* The item's parts take off their veils, and it goes to the other profile.
 * ANSWER_INVALID_ARGUMENT: the schema forbids it, or there is no such profile. */
int store_item_move(struct store *store, int64_t item, const struct id *profile);
/* Its slot, tag and veil. */
int store_part_set_slot(struct store *store, int64_t item, const struct part_row *part);
/* What is under the veil in this slot is not seen any more, until the store is opened again.
 * ret_n: how many parts. */
int store_veil_hide(struct store *store, uint32_t slot, bool erased, uint64_t *ret_n);
