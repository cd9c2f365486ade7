/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One job on its way through the steps after its tombstones; erasure.c decides which and when. Each
 * run begins at step 2, whatever an earlier one did: every step may be done again. */

#include "store/job.h"
#include "store/store.h"
#include "vault/vault.h"
#include "verify.h"

struct erase;

struct erase_stores {
	struct store *store;
	struct vault *vault;
	struct verify *verify;
};

int erase_new(const struct erase_stores *stores, int64_t job, struct erase **ret);
struct erase *erase_free(struct erase *erase);
CLEANUP_DEFINE(struct erase *, erase_free)

const struct job_row *erase_job(const struct erase *erase);
/* Items removed so far, by the share of ciphertext that is gone; never all of them before their
 * rows are. */
uint64_t erase_items_done(const struct erase *erase);

#define ERASE_MORE 102

/* One slice. ERASE_MORE: call again. 0: everything was read back as gone; the receipt may be
 * signed. ANSWER_FAILED: it stops here for now, and `why` names the store and the reason. */
int erase_slice(struct erase *erase, struct why *why);
/* Slots whose erasure was verified, to be given back once the job's rows are gone. */
const uint32_t *erase_slots(const struct erase *erase, size_t *ret_n);
