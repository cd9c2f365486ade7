/* SPDX-License-Identifier: Apache-2.0 */
/* What a leap of the age clock does to what is kept. It must never lengthen how long anything is
 * kept in powered time: nothing moves further than the clock does. */

#include "store/leap.h"

#include "store/seen.h"

STATEMENT(leapt, "SELECT coalesce(max(leapt_min), 0) AS leapt FROM clock");
STATEMENT(leap_clock,
	"INSERT INTO clock (one, leapt_min) VALUES (1, :minutes)"
	" ON CONFLICT (one) DO UPDATE SET leapt_min = leapt_min + :minutes");
/* Copies first: how far they move is read from the part they were made of. */
STATEMENT(leap_copies,
	"UPDATE copy_part SET expires_min = copy_part.expires_min"
	" + min(:minutes, item.started_min - part.made_min)"
	" FROM copy, part, item WHERE copy.copy = copy_part.copy AND part.item = copy.item"
	" AND part.kind = copy_part.kind AND item.item = copy.item"
	" AND copy_part.job IS NULL AND item.started_min > part.made_min");
STATEMENT(leap_parts,
	"UPDATE part SET made_min ="
	" part.made_min + min(:minutes, item.started_min - part.made_min), expires_min ="
	" part.expires_min + min(:minutes, item.started_min - part.made_min)"
	" FROM item WHERE item.item = part.item AND part.job IS NULL"
	" AND item.started_min > part.made_min");
STATEMENT(leap_voices,
	"UPDATE voiceprint SET made_min = made_min + min(:minutes, wall_min - made_min),"
	" expires_min = expires_min + min(:minutes, wall_min - made_min)"
	" WHERE job IS NULL AND wall_min > made_min");
/* Parents had no days of notice while the clock leapt over them. */
STATEMENT(leap_notices,
	"UPDATE profile SET noticed_min = noticed_min + :minutes WHERE noticed_min IS NOT NULL");
STATEMENT(count_seen,
	"SELECT count(DISTINCT CASE WHEN " PART_SEEN " THEN item.item END) AS seen,"
	" count(DISTINCT CASE WHEN part.expires_min > :now AND NOT " PART_IN_TIME
	" THEN item.item END) AS hidden"
	" FROM part JOIN item ON item.item = part.item WHERE part.job IS NULL AND " ITEM_STAYS);

int store_leapt_min(struct store *store, int64_t *ret_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &leapt);
	const int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_min = statement_integer(s, "leapt");
	return 0;
}

int store_leap(struct store *store, int64_t minutes)
{
	struct statement_source *const sources[] = { &leap_copies, &leap_parts, &leap_voices,
						     &leap_notices, &leap_clock };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sources); i++) {
		_cleanup_(statement_endp) struct statement *s = store_statement(store, sources[i]);

		statement_bind_integer(s, ":minutes", minutes);
		r = statement_run(s);
	}
	return fault_trace(r);
}

int store_count_seen(struct store *store, const struct sight *sight, uint64_t *ret_items,
		     uint64_t *ret_hidden)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &count_seen);
	int r;

	sight_bind(s, sight);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_items = (uint64_t)statement_integer(s, "seen");
	*ret_hidden = (uint64_t)statement_integer(s, "hidden");
	return 0;
}
