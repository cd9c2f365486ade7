/* SPDX-License-Identifier: Apache-2.0 */

/* The waits after wrong guesses. Nothing here may count a guess as free that was not. */

#include "base/cleanup.h"
#include "backoff.h"

uint32_t backoff_wait_s(uint64_t failures)
{
	static const uint32_t waits_s[] = {30, 60, 300, 900, 3600};
	uint64_t step;

	if (failures < BACKOFF_FREE_TRIES)
		return 0;
	step = failures - BACKOFF_FREE_TRIES;
	return waits_s[step < ARRAY_SIZE(waits_s) ? step : ARRAY_SIZE(waits_s) - 1];
}

uint32_t backoff_left_s(uint64_t failures, int64_t since_boot_ms, int64_t now_boot_ms)
{
	int64_t wait_ms = 1000ll * backoff_wait_s(failures);
	int64_t passed_ms = now_boot_ms - since_boot_ms;

	if (passed_ms < 0)
		passed_ms = 0;
	if (passed_ms >= wait_ms)
		return 0;
	return (wait_ms - passed_ms + 999) / 1000;
}
