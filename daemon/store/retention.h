/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of shortened times to keep: at most one of a profile and kind. */

#include "base/kind.h"
#include "store/store.h"

/* In place of an older one. ANSWER_INVALID_ARGUMENT: a law of the table does not hold. */
int store_retention_put(struct store *store, const struct id *profile, enum kind kind,
			uint32_t keep_s, int64_t now_min);
/* kind 0: all kinds. Nothing to drop is no fault. */
int store_retention_drop(struct store *store, const struct id *profile, enum kind kind);
/* ANSWER_NOT_FOUND: not shortened. */
int store_retention_find(struct store *store, const struct id *profile, enum kind kind,
			 uint32_t *ret_keep_s);
