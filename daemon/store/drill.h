/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of the deletion drill, and what the tables say of each other. */

#include "store/store.h"
#include "vault/vault.h"

/* The drill's own profile, seen by nobody: it is made and removed before a call is answered. */
int store_canary_insert(struct store *store, const struct id *id, const char *name,
			int64_t now_min);
/* One that a crash has left. ANSWER_NOT_FOUND: none. */
int store_canary_left(struct store *store, struct id *ret);

int store_drill_put(struct store *store, int64_t ended_min, const char *found);
/* ANSWER_NOT_FOUND: there was none yet. ret_found: free(). */
int store_drill(struct store *store, int64_t *ret_ended_min, char **ret_found);

/* Calls `found` with each way in which tables disagree, and in how many rows. */
int store_reconcile(struct store *store,
		    int (*found)(void *context, const char *what, uint64_t n), void *context);
/* Removed profiles that no erasure is at work on: hidden with all of theirs, by nobody's order. */
int store_removals_lost(struct store *store, uint64_t *ret_n);
/* Calls `each` with every slot that a row names as the place of a key that lives. */
int store_slots_live(struct store *store,
		     int (*each)(void *context, const struct vault_slot *slot,
				 const struct id *owner, int kind), void *context);
