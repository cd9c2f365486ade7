/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rows whose slot does not hold their key. That is so after an old database was put back beside a
 * newer slots.bin: what was erased since is named again, and its keys are gone.
 */

#include "store/store.h"
#include "vault/vault.h"

/* At start, before anything is listed: such rows are not seen until they are erased. Those whose
 * key was overwritten count as expired, and the next sweep finishes their erasure. *ret_n counts
 * all. */
int lost_hide(struct store *store, struct vault *vault, uint64_t *ret_n);
/* Whether the key in this slot is the own key of any row, by its tag. 0: it is. ANSWER_NOT_FOUND:
 * it is nobody's. */
int lost_owner(struct store *store, struct vault *vault, uint32_t slot);
