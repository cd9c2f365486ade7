/* SPDX-License-Identifier: Apache-2.0 */

/* Makes and ends doors. A door must never be without its slot, and never be called ended while its
 * slot still holds the key. */

#include <string.h>
#include "doors.h"

void doors_clear(struct doors *doors)
{
	for (unsigned i = 0; i < doors->n; i++)
		doors->keys[i] = secret_free(doors->keys[i]);
	doors->n = 0;
}

void doors_return(const struct ground *ground, struct doors *doors)
{
	for (unsigned i = 0; i < doors->n; i++)
		vault_return(ground->vault, doors->slots[i].number);
	doors_clear(doors);
}

int doors_take(const struct ground *ground, unsigned n, struct doors *ret)
{
	struct doors doors = {.n = 0};

	crypt_random(doors.ids, sizeof(doors.ids));
	while (doors.n < n) {
		int r = vault_take(ground->vault, &doors.ids[doors.n], VAULT_KIND_DOOR,
				   &doors.slots[doors.n], &doors.keys[doors.n]);

		if (r) {
			doors_return(ground, &doors);
			return fault_trace(r);
		}
		doors.n++;
	}
	*ret = doors;
	return 0;
}

static int door_store(const struct ground *ground, int64_t parent, const struct doorbox_door *given,
		      const struct doors *doors, unsigned at)
{
	struct door_row row = {
		.parent = parent, .door = given->door, .slot_id = doors->ids[at],
		.slot = doors->slots[at],
	};
	int r;

	memcpy(row.proof_hash, given->proof_hash, sizeof(row.proof_hash));
	r = store_door_insert(ground->store, &row);
	for (int i = 0; !r && i < DOORBOX_SECRETS; i++) {
		_cleanup_(cleanup_free) uint8_t *layered = NULL;
		size_t n;

		r = layer_seal(doors->keys[at], doorbox_secret_names[i], given->wraps[i].bytes,
			       given->wraps[i].n, &layered, &n);
		if (!r)
			r = store_wrap_insert(ground->store, parent, given->door.kind,
					      doorbox_secret_names[i], layered, n);
	}
	return fault_trace(r);
}

int doors_store(const struct ground *ground, int64_t parent, const struct doorbox_door *given,
		const struct doors *doors)
{
	int r = 0;

	for (unsigned i = 0; !r && i < doors->n; i++)
		r = door_store(ground, parent, &given[i], doors, i);
	return fault_trace(r);
}

int doors_slots(const struct ground *ground, int64_t parent, int kind,
		struct vault_erasure ret[static DOORS_MAX], unsigned *ret_n)
{
	unsigned n = 0;

	for (int one = DOOR_PASSPHRASE; one <= DOOR_RECOVERY; one++) {
		struct door_row row;
		int r;

		if (kind && one != kind)
			continue;
		r = store_door_find(ground->store, parent, one, &row);
		if (r == ANSWER_NOT_FOUND)
			continue;
		if (r)
			return fault_trace(r);
		ret[n++] = (struct vault_erasure){.slot = row.slot, .owner = row.slot_id,
						  .kind = VAULT_KIND_DOOR};
	}
	*ret_n = n;
	return 0;
}

int doors_end(const struct ground *ground, struct vault_erasure *erasures, unsigned n,
	      struct why *why)
{
	int r = n ? vault_erase(ground->vault, erasures, n) : 0;

	/* An old database was put back: the key of that door is gone already (lost.h). */
	return r == ANSWER_FAILED ? 0 : ground_stored(r, why);
}

void doors_free(const struct ground *ground, const struct vault_erasure *erasures, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!erasures[i].refused)
			vault_return(ground->vault, erasures[i].slot.number);
}
