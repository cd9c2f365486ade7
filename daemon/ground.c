/* SPDX-License-Identifier: Apache-2.0 */

/* What the store's answers mean to a caller. An answer that no caller could cause by what it said
 * is never handed to one. */

#include "ground.h"

int ground_stored(int r, struct why *why)
{
	if (r <= 0)
		return fault_trace(r);
	if (r == ANSWER_QUOTA_EXCEEDED)
		return answer_why(why, ANSWER_FAILED,
				  "the disk with the state directory is full; nothing was changed. "
				  "Make room, or delete something, and try again");
	return fault_origin(-EBADMSG);
}
