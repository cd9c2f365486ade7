/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * For analysers (script/analyse), which look at one file at a time: what base/fault.h says in
 * words. A fault that begins is negative, one that passes stays as it is, and who gives an answer
 * returns it. Without this, every out-parameter may be unset for them after a failure that returned
 * 0. It is included before each file but lib/base/fault.c, which keeps the promise.
 */

#include "base/fault.h"

#undef fault_origin
#undef fault_trace

#define fault_origin(error)                                                                       \
	({                                                                                        \
		int fault_ = (error);                                                             \
		fault_note(fault_, __FILE__, __LINE__, __func__, 1);                              \
		if (fault_ >= 0)                                                                  \
			__builtin_unreachable();                                                  \
		fault_;                                                                           \
	})
#define fault_trace(r)                                                                            \
	({                                                                                        \
		int traced_ = (r);                                                                \
		fault_note(traced_, __FILE__, __LINE__, __func__, 0);                             \
		traced_;                                                                          \
	})
#define answer_why(why, answer, ...)                                                              \
	({                                                                                        \
		int answer_ = (answer);                                                           \
		(answer_why)((why), answer_, __VA_ARGS__);                                        \
		if (answer_ <= 0)                                                                 \
			__builtin_unreachable();                                                  \
		answer_;                                                                          \
	})
