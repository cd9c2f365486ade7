/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The three clocks, and the only place that reads them; tests substitute them. */

#include <stdint.h>

struct clock {
	int64_t (*wall_s)(void *context);	/* CLOCK_REALTIME; may jump either way */
	int64_t (*boot_ms)(void *context);	/* CLOCK_BOOTTIME; counts suspend, 0 at boot */
	void *context;
};

extern const struct clock clock_system;

int64_t clock_wall_s(const struct clock *clock);
int64_t clock_boot_ms(const struct clock *clock);
