/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A token bucket: up to `burst` at once, refilled evenly to `per_min` in a minute. */

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	uint32_t per_min;
	uint32_t burst;
	int64_t level_milli;	/* thousandths of a token */
	int64_t filled_boot_ms;
};

struct bucket bucket_full(uint32_t per_min, uint32_t burst, int64_t now_boot_ms);
/* False, and nothing taken, when fewer than `tokens` are left. */
bool bucket_take(struct bucket *bucket, uint32_t tokens, int64_t now_boot_ms);

/* A bucket for each uid. Where there are more of them, the one silent for longest makes room for a
 * new one: its bucket is the fullest. per_min and burst are of those that are new. */
#define BUCKETS_MAX 16
struct buckets {
	uint32_t per_min;
	uint32_t burst;
	unsigned n;
	struct {
		uint32_t uid;
		int64_t last_boot_ms;
		struct bucket bucket;
	} of[BUCKETS_MAX];
};
#define BUCKETS(per_min_, burst_) ((struct buckets){.per_min = (per_min_), .burst = (burst_)})

/* Takes one token of this uid's. */
bool buckets_take(struct buckets *buckets, uint32_t uid, int64_t now_boot_ms);
