/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the recorder writes down, in the order in which the block device saw it: one `struct trace`
 * each, followed by `bytes` of data. A flush makes everything before it durable; a write behind the
 * last flush may be lost, torn, or overtaken by a later one. A mark comes from the program that
 * plays on the device (ledger.h) and costs the device nothing.
 */

#include <stdint.h>

enum trace_type {
	TRACE_WRITE = 1,
	TRACE_FLUSH,
	TRACE_MARK,
};

struct trace {
	uint32_t type;
	uint32_t bytes;
	uint64_t offset;
};
