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
