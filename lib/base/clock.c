/* SPDX-License-Identifier: Apache-2.0 */
/* The only place that reads a clock. Nothing here may decide anything: it tells the time. */

#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t clock_system_wall_s(void *context)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

static int64_t clock_system_boot_ms(void *context)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const struct clock clock_system = {
	.wall_s = clock_system_wall_s,
	.boot_ms = clock_system_boot_ms,
	.context = NULL,
};

int64_t clock_wall_s(const struct clock *clock)
{
	return clock->wall_s(clock->context);
}

int64_t clock_boot_ms(const struct clock *clock)
{
	return clock->boot_ms(clock->context);
}
