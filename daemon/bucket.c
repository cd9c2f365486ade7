/* SPDX-License-Identifier: Apache-2.0 */

/* Rates that the keeper holds its callers to. A clock that stands still must never refill one. */

#include "bucket.h"

struct bucket bucket_full(uint32_t per_min, uint32_t burst, int64_t now_boot_ms)
{
	return (struct bucket){
		.per_min = per_min,
		.burst = burst,
		.level_milli = 1000ll * burst,
		.filled_boot_ms = now_boot_ms,
	};
}

bool bucket_take(struct bucket *bucket, uint32_t tokens, int64_t now_boot_ms)
{
	int64_t full_milli = 1000ll * bucket->burst;
	int64_t passed_ms = now_boot_ms - bucket->filled_boot_ms;

	/* A day fills any bucket; the cap keeps the product below far from overflow. */
	if (passed_ms > 86400000)
		passed_ms = 86400000;
	/* Only whole thousandths are credited, and only then is the time counted as used. */
	if (passed_ms * bucket->per_min >= 60) {
		bucket->level_milli += passed_ms * bucket->per_min / 60;
		bucket->filled_boot_ms = now_boot_ms;
	}
	if (bucket->level_milli > full_milli)
		bucket->level_milli = full_milli;
	if (bucket->level_milli < 1000ll * tokens)
		return false;
	bucket->level_milli -= 1000ll * tokens;
	return true;
}

bool buckets_take(struct buckets *buckets, uint32_t uid, int64_t now_boot_ms)
{
	unsigned at = 0;

	for (unsigned i = 0; i < buckets->n; i++) {
		if (buckets->of[i].uid == uid) {
			buckets->of[i].last_boot_ms = now_boot_ms;
			return bucket_take(&buckets->of[i].bucket, 1, now_boot_ms);
		}
		if (buckets->of[i].last_boot_ms < buckets->of[at].last_boot_ms)
			at = i;
	}
	if (buckets->n < BUCKETS_MAX)
		at = buckets->n++;
	buckets->of[at].uid = uid;
	buckets->of[at].last_boot_ms = now_boot_ms;
	buckets->of[at].bucket = bucket_full(buckets->per_min, buckets->burst, now_boot_ms);
	return bucket_take(&buckets->of[at].bucket, 1, now_boot_ms);
}
