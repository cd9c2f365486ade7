/* SPDX-License-Identifier: Apache-2.0 */
/* Compares rows' tags with the keys in slots. Must never call a key nobody's that any row's tag
 * fits. */

#include "lost.h"

#include "base/log.h"
#include "store/slot.h"
#include "store/veil.h"

struct look {
	struct store *store;
	struct vault *vault;
	uint32_t slot;
	uint64_t n, n_erased;
};

#define LOST_FOUND 103

static int veil_hide(struct look *look, uint32_t slot, bool erased)
{
	uint64_t n = 0;
	int r = store_veil_hide(look->store, slot, erased, &n);

	look->n += n;
	look->n_erased += erased ? n : 0;
	return fault_trace(r);
}

static int row_hide(void *context, const struct slot_row *row)
{
	struct look *look = context;
	int r;

	/* A tombstone has lost its key as it should; the log's is brought up by its own start. */
	if (!row->live || row->kind == VAULT_KIND_LOG)
		return 0;
	r = vault_owns(look->vault, &row->slot, &row->owner, row->kind);
	/* A door without its key is told of when somebody knocks. */
	if (row->kind == VAULT_KIND_DOOR || (r != ANSWER_FAILED && r != ANSWER_NOT_FOUND))
		return fault_trace(r < 0 ? r : 0);
	/* With a veil goes all that is under it. */
	if (row->kind == VAULT_KIND_PROFILE)
		return fault_trace(veil_hide(look, row->slot.number, r == ANSWER_NOT_FOUND));
	look->n++;
	look->n_erased += r == ANSWER_NOT_FOUND;
	return fault_trace(store_slot_hide(look->store, row->slot.number, r == ANSWER_NOT_FOUND));
}

int lost_hide(struct store *store, struct vault *vault, uint64_t *ret_n)
{
	struct look look = { .store = store, .vault = vault };
	int r = store_slot_rows(store, row_hide, &look);

	/* An overwritten key cannot come back; another one may, with a good slots.bin. */
	if (r == 0 && look.n_erased > 0)
		r = store_slots_expire(store);
	if (r != 0)
		return fault_trace(r);
	if (look.n > 0)
		log_warning("%llu stored parts have lost their keys, as after an old cubby.db was "
			    "put back; they are not shown; %llu are erased now, the others go with "
			    "a deletion or their expiry",
			    (unsigned long long)look.n, (unsigned long long)look.n_erased);
	*ret_n = look.n;
	return 0;
}

static int row_fits(void *context, const struct slot_row *row)
{
	const struct look *look = context;
	struct vault_slot slot = row->slot;
	int r;

	/* For a moment the log's slot is behind its row. */
	if (row->kind == VAULT_KIND_LOG && row->slot.number == look->slot)
		return LOST_FOUND;
	slot.number = look->slot;
	r = vault_owns(look->vault, &slot, &row->owner, row->kind);
	if (r == 0)
		return LOST_FOUND;
	return fault_trace(r < 0 ? r : 0);
}

int lost_owner(struct store *store, struct vault *vault, uint32_t slot)
{
	struct look look = { .store = store, .vault = vault, .slot = slot };
	int r = store_slot_rows(store, row_fits, &look);

	if (r == 0)
		return ANSWER_NOT_FOUND;
	return r == LOST_FOUND ? 0 : fault_trace(r);
}
