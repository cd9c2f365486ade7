/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The leaps of the age clock (age.h): how far it was set ahead, and what moves along. */

#include "kept.h"
#include "store/store.h"

/* The sum of all leaps. */
int store_leapt_min(struct store *store, int64_t *ret_min);
/* One more. What was made while the wall clock was ahead of the age clock (item.started_min says
 * the one, part.made_min the other) moves along as far as it was ahead then, and so does not grow
 * older. Wants a transaction. */
int store_leap(struct store *store, int64_t minutes);
/* Items of which something can be seen, and items of which something is hidden because it would
 * have expired if the wall clock were right. */
int store_count_seen(struct store *store, const struct sight *sight, uint64_t *ret_items,
		     uint64_t *ret_hidden);
