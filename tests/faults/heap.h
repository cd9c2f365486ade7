/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which allocation fails: heap.c. heap.py has the same layout. */

#include <stdint.h>

struct heap {
	int64_t until;		/* allocations that still pass; -1: all do */
	uint64_t calls;		/* counted while some were to fail */
	uint32_t once;		/* 0: that one, and all after it */
	uint32_t failed;
};

struct heap *heap_control(void);
