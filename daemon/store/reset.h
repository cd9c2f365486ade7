/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A reset: the erasure of every row of a person, in every table of the closed list (stores.h).
 * What stays is the row of its own job, for the receipt. */

#include "store/store.h"

/* In the transaction that makes the job: no profile takes anything in or is seen any more. */
int store_reset_begin(struct store *store, int64_t job);
/* Every 16 bytes that only the rows about to go can have put on the disk; called with each. Slots
 * of doors come with their number, others with -1. */
int store_reset_marks(struct store *store,
		      int (*mark)(void *context, int64_t slot, const uint8_t bytes[static 16]),
		      void *context);
/* Empties the tables. Wants a transaction. */
int store_reset_rows(struct store *store, int64_t job);

/* A reset that has not ended: its job is under way, or the keeper has still its old key.
 * ANSWER_NOT_FOUND: none. ret_erased: the job is done. */
int store_reset_pending(struct store *store, int64_t *ret_job, bool *ret_erased);
int store_reset_renewed(struct store *store, int64_t job);
