/* SPDX-License-Identifier: Apache-2.0 */
/* Read once at start, before the vault puts fresh keys into the slots nobody names. A slot missing
 * here would be overwritten under its owner. */

#include "store/slot.h"

/* `witness`: erased slots that were not read back yet. */
STATEMENT(slots_used,
	"SELECT slot FROM part UNION ALL SELECT slot FROM copy_part UNION ALL SELECT slot FROM door"
	" UNION ALL SELECT slot FROM witness WHERE slot IS NOT NULL");

STATEMENT(newest_min,
	"SELECT max((SELECT coalesce(max(made_min), 0) FROM part),"
	" (SELECT coalesce(max(time_min), 0) FROM log),"
	" (SELECT coalesce(max(asked_min), 0) FROM job),"
	" (SELECT coalesce(max(created_min), 0) FROM household)) AS newest");

int store_slots_used(struct store *store, struct vault_used *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &slots_used);
	struct vault_used used = { 0 };
	int r;

	while ((r = statement_next(s)) == STATEMENT_ROW) {
		r = vault_used_set(&used, (uint32_t)statement_integer(s, "slot"));
		if (r < 0)
			break;
	}
	if (r != 0) {
		vault_used_clear(&used);
		return fault_trace(r);
	}
	*ret = used;
	return 0;
}

int store_newest_min(struct store *store, int64_t *ret_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &newest_min);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_min = statement_integer(s, "newest");
	return 0;
}
