/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which slots rows name, and which time is the newest in the database: read once at start. */

#include "store/store.h"
#include "vault/vault.h"

/* Every slot named by any table. A new table with slots must be added in slot.c; a test finds the
 * one that is not. Clear with vault_used_clear. */
int store_slots_used(struct store *store, struct vault_used *ret);
/* 0 when nothing is kept. */
int store_newest_min(struct store *store, int64_t *ret_min);
