/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Doors as they are made and ended: rows of the store, each under the key of a slot of its own, so
 * that overwriting the slot ends the door whatever becomes of the rows. */

#include "doorbox.h"
#include "ground.h"
#include "store/household.h"

#define DOORS_MAX 2

struct doors {
	unsigned n;
	struct id ids[DOORS_MAX];
	struct vault_slot slots[DOORS_MAX];
	struct secret *keys[DOORS_MAX];
};

/* Slots for n doors, in memory only until rows name them. */
int doors_take(const struct ground *ground, unsigned n, struct doors *ret);
/* Their rows, for `given`, in the caller's transaction. */
int doors_store(const struct ground *ground, int64_t parent, const struct doorbox_door *given,
		const struct doors *doors);
/* The rows did not come to be: the slots go back. */
void doors_return(const struct ground *ground, struct doors *doors);
void doors_clear(struct doors *doors);

/* Which slots hold the doors of this parent; with `kind` not 0, of this kind alone. */
int doors_slots(const struct ground *ground, int64_t parent, int kind,
		struct vault_erasure ret[static DOORS_MAX], unsigned *ret_n);
/* Overwrites and syncs them. Until this returns 0 nothing may be called ended. */
int doors_end(const struct ground *ground, struct vault_erasure *erasures, unsigned n,
	      struct why *why);
/* Gives them back, once no row names them. */
void doors_free(const struct ground *ground, const struct vault_erasure *erasures, unsigned n);
