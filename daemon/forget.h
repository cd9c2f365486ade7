/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* "Forget that", said aloud: what of an ear's own items its words mean. Anybody in the room may say
 * it, so it can name only what this ear told within the last day. */

#include "age.h"
#include "kept.h"

#define FORGET_MINUTES 10

/* span: "last", "ten-minutes" or "today". ANSWER_INVALID_ARGUMENT. *uid is borrowed. */
int forget_select(const char *span, const uint32_t *uid, struct age *age,
		  struct archive_selection *ret, struct why *why);
/* Of so much parents are told. */
bool forget_alerts(const char *span);
