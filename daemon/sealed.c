/* SPDX-License-Identifier: Apache-2.0 */
/* Opens boxes into locked memory. */

#include "sealed.h"

int sealed_open(const struct box_keypair *box, const void *sealed, size_t n_sealed, size_t n_max,
		struct secret **ret, struct why *why)
{
	int r;

	if (n_sealed > n_max)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the box is longer than %zu bytes",
				  n_max);
	r = box_open(box, sealed, n_sealed, ret);
	if (r > 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the box is not sealed to this keeper's key; read "
				  "Status.Identity again");
	return fault_trace(r);
}
