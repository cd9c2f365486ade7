/* SPDX-License-Identifier: Apache-2.0 */
/* From a profile to the tombstones of its parts. What an earlier erasure has is left to it. */

#include "store/removal.h"

#include "store/tombstone.h"

#define ITEMS_A_PIECE 4096

STATEMENT(removal_begin,
	"UPDATE profile SET removing = 1 WHERE id = :id AND removing = 0 RETURNING profile");
STATEMENT(removal_items, "SELECT count(*) AS n FROM item WHERE profile = :profile");
STATEMENT(removal_next,
	"SELECT max(item) AS last, count(*) AS n FROM (SELECT item FROM item NOT INDEXED"
	" WHERE item > :after AND profile = :profile ORDER BY item LIMIT :limit)");
STATEMENT(removal_tombstone,
	"UPDATE part SET job = :job WHERE item > :after AND item <= :last AND job IS NULL"
	" AND (SELECT profile FROM item WHERE item.item = part.item) = :profile");
STATEMENT(removal_clear, "DELETE FROM chosen");
STATEMENT(removal_chosen, "INSERT INTO chosen SELECT DISTINCT item FROM part WHERE job = :job");
STATEMENT(removal_extent,
	"SELECT (SELECT count(*) FROM chosen) AS items,"
	" (SELECT count(*) FROM part WHERE job = :job)"
	" + (SELECT count(*) FROM copy_part WHERE job = :job)"
	" + (SELECT count(*) FROM voiceprint WHERE job = :job) AS parts");
STATEMENT(removal_voices,
	"UPDATE voiceprint SET job = :job WHERE job IS NULL"
	" AND profile = (SELECT profile FROM job WHERE job = :job)");

int store_removal_begin(struct store *store, const struct id *profile, int64_t *ret_profile,
			uint64_t *ret_items)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &removal_begin);
	_cleanup_(statement_endp) struct statement *items = store_statement(store, &removal_items);
	int r;

	statement_bind_id(s, ":id", profile);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	*ret_profile = statement_integer(s, "profile");
	statement_bind_integer(items, ":profile", *ret_profile);
	r = statement_next(items);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_items = (uint64_t)statement_integer(items, "n");
	return 0;
}

int store_removal_tombstone(struct store *store, int64_t job, int64_t profile, int64_t *after,
			    bool *ret_more)
{
	_cleanup_(statement_endp) struct statement *next = store_statement(store, &removal_next);
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &removal_tombstone);
	int64_t last;
	int r;

	statement_bind_integer(next, ":after", *after);
	statement_bind_integer(next, ":profile", profile);
	statement_bind_integer(next, ":limit", ITEMS_A_PIECE);
	r = statement_next(next);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_more = statement_integer(next, "n") == ITEMS_A_PIECE;
	if (statement_null(next, "last"))
		return 0;
	last = statement_integer(next, "last");
	statement_bind_integer(s, ":job", job);
	statement_bind_integer(s, ":after", *after);
	statement_bind_integer(s, ":last", last);
	statement_bind_integer(s, ":profile", profile);
	*after = last;
	return fault_trace(statement_run(s));
}

int store_removal_gather(struct store *store, int64_t job, uint64_t *ret_items,
			 uint64_t *ret_parts)
{
	_cleanup_(statement_endp) struct statement *clear = store_statement(store, &removal_clear);
	_cleanup_(statement_endp) struct statement *chosen =
		store_statement(store, &removal_chosen);
	_cleanup_(statement_endp) struct statement *extent =
		store_statement(store, &removal_extent);
	_cleanup_(statement_endp) struct statement *voices =
		store_statement(store, &removal_voices);
	int r = store_tombstone_copies(store, job);

	statement_bind_integer(voices, ":job", job);
	if (r == 0)
		r = statement_run(voices);
	if (r == 0)
		r = statement_run(clear);
	statement_bind_integer(chosen, ":job", job);
	if (r == 0)
		r = statement_run(chosen);
	if (r != 0)
		return fault_trace(r);
	statement_bind_integer(extent, ":job", job);
	r = statement_next(extent);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_items = (uint64_t)statement_integer(extent, "items");
	*ret_parts = (uint64_t)statement_integer(extent, "parts");
	return 0;
}
