/* SPDX-License-Identifier: Apache-2.0 */

/* Who may reset, and when. Nothing is erased here: a reset is an erasure like any other, with more
 * rows (erasure.c, store/reset.c). */

#include "reset.h"

#include <string.h>
#include "store/household.h"
#include "store/reset.h"

int reset_over(const struct ground *ground, struct why *why)
{
	int64_t job;
	bool erased;
	int r = store_reset_pending(ground->store, &job, &erased);

	if (r == ANSWER_NOT_FOUND)
		return 0;
	if (r)
		return fault_trace(r);
	return answer_why(why, ANSWER_BUSY, "a reset is under way; wait until it has ended");
}

int reset_check(const struct ground *ground, const char *name, struct why *why)
{
	struct parent_row *rows;
	size_t n;
	bool same = false;
	int r = reset_over(ground, why);

	if (r)
		return fault_trace(r);
	r = store_parents(ground->store, &rows, &n);
	if (r)
		return fault_trace(r);
	for (size_t i = 0; i < n; i++)
		if (!rows[i].removed) {
			same = !strcmp(rows[i].name, name);
			break;
		}
	parent_rows_free(rows, n);
	if (!n)
		return answer_why(why, ANSWER_NOT_FOUND,
				  "there is no household yet, so nothing is to be reset");
	if (!same)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "a reset asks for the name of the parent who has been here "
				  "longest; that is another one, so nothing was erased");
	return 0;
}
