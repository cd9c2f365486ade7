/* SPDX-License-Identifier: Apache-2.0 */
/* Selecting and listing. A tombstoned or expired part must never appear, whatever was asked for. */

#include "store/selection.h"

#include <stdlib.h>

#include "store/seen.h"

#define PART_LIVES                                                                                \
	"EXISTS (SELECT 1 FROM part WHERE part.item = item.item AND part.job IS NULL"             \
	" AND " PART_SEEN " AND (:kinds = 0 OR :kinds & (1 << part.kind)))"
#define IN_TIME "item.started_min >= :since AND item.started_min < :until AND " ITEM_STAYS
#define OF_PROFILE "item.profile = (SELECT profile FROM profile WHERE id = :profile)"

STATEMENT(chosen_clear, "DELETE FROM chosen");
STATEMENT(choose_by_time,
	"INSERT INTO chosen SELECT item.item FROM item WHERE " IN_TIME " AND " PART_LIVES);
STATEMENT(choose_by_profile,
	"INSERT INTO chosen SELECT item.item FROM item WHERE " OF_PROFILE " AND " IN_TIME " AND "
	PART_LIVES);
STATEMENT(choose_by_teller,
	"INSERT INTO chosen SELECT item.item FROM item WHERE item.uid = :uid"
	" AND (:profile IS NULL OR " OF_PROFILE ") AND " IN_TIME " AND " PART_LIVES
	" ORDER BY item.item DESC LIMIT :limit");
STATEMENT(choose_by_id,
	"INSERT OR IGNORE INTO chosen SELECT item.item FROM item WHERE item.id = :id"
	" AND (:profile IS NULL OR " OF_PROFILE ") AND " IN_TIME " AND " PART_LIVES);
STATEMENT(choose_whole, "INSERT INTO chosen SELECT DISTINCT item FROM part WHERE job IS NULL");
STATEMENT(choose_expired,
	"INSERT OR IGNORE INTO chosen SELECT item FROM part INDEXED BY part_by_expiry"
	" WHERE job IS NULL AND expires_min <= :now AND " PART_STAYS);
STATEMENT(expired_is_there,
	"SELECT 1 AS there WHERE EXISTS (SELECT 1 FROM part WHERE job IS NULL"
	" AND expires_min <= :now AND " PART_STAYS ") OR EXISTS (SELECT 1 FROM copy_part"
	" WHERE job IS NULL AND expires_min <= :now AND " COPY_PART_STAYS ") OR EXISTS"
	" (SELECT 1 FROM voiceprint WHERE job IS NULL AND expires_min <= :now AND " VOICE_STAYS
	")");
STATEMENT(id_is_there,
	"SELECT 1 AS there FROM item WHERE item.id = :id AND " ITEM_STAYS
	" AND EXISTS (SELECT 1 FROM part"
	" WHERE part.item = item.item AND part.job IS NULL AND " PART_SEEN ")");
STATEMENT(profile_is_there, "SELECT 1 AS there FROM profile WHERE id = :id");
STATEMENT(chosen_count, "SELECT count(*) AS n FROM chosen");
STATEMENT(chosen_ids, "SELECT item.id AS id FROM chosen CROSS JOIN item USING (item)");
STATEMENT(chosen_parts, "SELECT count(*) AS parts, coalesce(sum(bytes), 0) AS bytes FROM chosen "
			"CROSS JOIN part USING (item) WHERE job IS NULL AND (:kinds = 0 OR"
			" :kinds & (1 << kind))");
STATEMENT(count_all,
	"SELECT count(DISTINCT item) AS items, count(*) AS parts, coalesce(sum(bytes), 0) AS bytes"
	" FROM part WHERE job IS NULL AND " PART_STAYS);

/* One row for each part, so that a page is one walk. */
#define ROWS_OF                                                                                   \
	"SELECT item.item AS item, item.id AS id, profile.id AS profile_id,"                      \
	" item.started_min AS started_min, part.kind AS kind, part.expires_min AS expires_min,"   \
	" part.bytes AS bytes FROM "
#define WITH_PARTS                                                                                \
	" CROSS JOIN profile ON profile.profile = item.profile"                                   \
	" CROSS JOIN part ON part.item = item.item WHERE part.job IS NULL AND " PART_SEEN         \
	" AND (:kinds = 0 OR :kinds & (1 << part.kind)) AND "
#define BEFORE_CURSOR                                                                             \
	"(item.started_min, item.item) < (:until, :before) AND item.started_min >= :since"        \
	" AND profile.removing = 0"
#define NEWEST_FIRST " ORDER BY item.started_min DESC, item.item DESC, part.kind"

STATEMENT(list_by_time, ROWS_OF "item" WITH_PARTS BEFORE_CURSOR NEWEST_FIRST);
STATEMENT(list_by_profile,
	  ROWS_OF "item" WITH_PARTS OF_PROFILE " AND " BEFORE_CURSOR NEWEST_FIRST);
STATEMENT(list_chosen, ROWS_OF "chosen CROSS JOIN item ON item.item = chosen.item" WITH_PARTS
		       BEFORE_CURSOR NEWEST_FIRST);
STATEMENT(list_candidates,
	ROWS_OF "item" WITH_PARTS "profile.type = 'adult'"
	" AND (:profile IS NULL OR " OF_PROFILE ")"
	" AND NOT EXISTS (SELECT 1 FROM copy WHERE copy.item = item.item)"
	" AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.item = item.item)"
	" AND " BEFORE_CURSOR NEWEST_FIRST);

static int there(struct store *store, struct statement_source *source, const struct id *id,
		 const struct sight *sight)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);
	int r;

	statement_bind_id(s, ":id", id);
	if (source == &id_is_there)
		sight_bind(s, sight);
	r = statement_next(s);
	if (r == STATEMENT_ROW)
		return 0;
	return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
}

static int chosen_empty(struct store *store)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &chosen_clear);

	return fault_trace(statement_run(s));
}

static int choose_one(struct store *store, struct statement_source *source,
		      const struct archive_selection *selection, const struct sight *sight,
		      const struct id *id)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);

	if (id)
		statement_bind_id(s, ":id", id);
	if (source != &choose_by_time)
		statement_bind_id(s, ":profile", selection->profile);
	statement_bind_integer(s, ":since", selection->since_min);
	statement_bind_integer(s, ":until",
			       selection->until_min > 0 ? selection->until_min : INT64_MAX);
	if (source == &choose_by_teller) {
		statement_bind_integer(s, ":uid", *selection->uid);
		statement_bind_integer(s, ":limit", selection->newest ? 1 : -1);
	}
	sight_bind(s, sight);
	statement_bind_integer(s, ":kinds", selection->kinds);
	return fault_trace(statement_run(s));
}

static int chosen_n(struct store *store, uint64_t *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &chosen_count);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret = (uint64_t)statement_integer(s, "n");
	return 0;
}

static int choose_ids(struct store *store, const struct archive_selection *selection,
		      const struct sight *sight, struct why *why)
{
	char text[ID_TEXT];
	int r = 0;

	for (size_t i = 0; r == 0 && i < selection->n_ids; i++) {
		r = there(store, &id_is_there, &selection->ids[i], sight);
		if (r == ANSWER_NOT_FOUND)
			return answer_why(why, r,
					  "there is no item %s; cubby list shows what there is",
					  id_text(&selection->ids[i], text));
		if (r == 0)
			r = choose_one(store, &choose_by_id, selection, sight,
				       &selection->ids[i]);
	}
	return fault_trace(r);
}

int store_profile_check(struct store *store, const struct id *profile, struct why *why)
{
	char text[ID_TEXT];
	int r = profile ? there(store, &profile_is_there, profile, NULL) : 0;

	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r,
				  "there is no profile %s; cubby profile list shows what there is",
				  id_text(profile, text));
	return fault_trace(r);
}

int store_choose_none(struct store *store)
{
	return fault_trace(chosen_empty(store));
}

int store_choose(struct store *store, const struct archive_selection *selection,
		 const struct sight *sight, uint64_t *ret_items, struct why *why)
{
	int r = chosen_empty(store);

	if (r == 0)
		r = store_profile_check(store, selection->profile, why);
	if (r == 0) {
		if (selection->n_ids > 0)
			r = choose_ids(store, selection, sight, why);
		else
			r = choose_one(store,
				       selection->uid ? &choose_by_teller :
				       selection->profile ? &choose_by_profile : &choose_by_time,
				       selection, sight, NULL);
	}
	if (r == 0)
		r = chosen_n(store, ret_items);
	return fault_trace(r);
}

int store_choose_whole(struct store *store, uint64_t *ret_items)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &choose_whole);
	int r = chosen_empty(store);

	if (r == 0)
		r = statement_run(s);
	if (r == 0)
		r = chosen_n(store, ret_items);
	return fault_trace(r);
}

int store_expired(struct store *store, int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &expired_is_there);
	int r;

	statement_bind_integer(s, ":now", now_min);
	r = statement_next(s);
	if (r == STATEMENT_ROW)
		return 0;
	return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
}

int store_choose_expired(struct store *store, int64_t now_min, uint64_t *ret_items)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &choose_expired);
	int r = chosen_empty(store);

	if (r == 0) {
		statement_bind_integer(s, ":now", now_min);
		r = statement_run(s);
	}
	if (r == 0)
		r = chosen_n(store, ret_items);
	return fault_trace(r);
}

int store_chosen_ids(struct store *store, struct id **ret_ids, size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = NULL;
	_cleanup_(cleanup_free) struct id *ids = NULL;
	uint64_t n;
	size_t i = 0;
	int r = chosen_n(store, &n);

	if (r != 0)
		return fault_trace(r);
	ids = calloc(n + 1, sizeof(*ids));
	if (!ids)
		return fault_origin(-ENOMEM);
	s = store_statement(store, &chosen_ids);
	while ((r = statement_next(s)) == STATEMENT_ROW && i < n) {
		r = statement_id(s, "id", &ids[i++]);
		if (r < 0)
			break;
	}
	if (r != 0)
		return fault_trace(r);
	*ret_ids = take(ids);
	*ret_n = i;
	return 0;
}

int store_chosen_count(struct store *store, unsigned kinds, uint64_t *ret_parts,
		       uint64_t *ret_bytes)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &chosen_parts);
	int r;

	statement_bind_integer(s, ":kinds", kinds);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_parts = (uint64_t)statement_integer(s, "parts");
	*ret_bytes = (uint64_t)statement_integer(s, "bytes");
	return 0;
}

int store_count(struct store *store, uint64_t *ret_items, uint64_t *ret_parts, uint64_t *ret_bytes)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &count_all);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_items = (uint64_t)statement_integer(s, "items");
	*ret_parts = (uint64_t)statement_integer(s, "parts");
	*ret_bytes = (uint64_t)statement_integer(s, "bytes");
	return 0;
}

static int item_fill(struct statement *s, struct store_cursor *cursor, struct archive_item *ret)
{
	int r = statement_id(s, "id", &ret->id);

	if (r == 0)
		r = statement_id(s, "profile_id", &ret->profile);
	if (r != 0)
		return fault_trace(r);
	ret->started_min = statement_integer(s, "started_min");
	ret->n_parts = 0;
	cursor->started_min = ret->started_min;
	return 0;
}

static int part_fill(struct statement *s, struct archive_item *ret)
{
	if (ret->n_parts == KIND_MAX)
		return fault_origin(-EBADMSG);
	ret->parts[ret->n_parts++] = (struct archive_part){
		.kind = (enum kind)statement_integer(s, "kind"),
		.expires_min = statement_integer(s, "expires_min"),
		.bytes = (uint64_t)statement_integer(s, "bytes"),
	};
	return 0;
}

static int list_walk(struct statement *s, const struct archive_selection *selection,
		     const struct sight *sight, struct store_cursor *cursor,
		     struct archive_item *items, size_t room, size_t *ret_n, bool *ret_more)
{
	struct store_cursor from = *cursor;
	size_t n = 0;
	int r;

	/* Rows of the minute `until` itself are out: no item comes before 0 in it. */
	if (selection->until_min > 0 && selection->until_min <= from.started_min)
		from = (struct store_cursor){ selection->until_min, 0 };
	statement_bind_integer(s, ":until", from.started_min);
	statement_bind_integer(s, ":before", from.item);
	statement_bind_integer(s, ":since", selection->since_min);
	sight_bind(s, sight);
	statement_bind_integer(s, ":kinds", selection->kinds);
	while ((r = statement_next(s)) == STATEMENT_ROW) {
		const int64_t item = statement_integer(s, "item");

		if (n == 0 || item != cursor->item) {
			if (n == room)
				break;
			cursor->item = item;
			r = item_fill(s, cursor, &items[n++]);
		} else {
			r = 0;
		}
		if (r == 0)
			r = part_fill(s, &items[n - 1]);
		if (r < 0)
			break;
	}
	if (r < 0)
		return fault_trace(r);
	*ret_n = n;
	*ret_more = r == STATEMENT_ROW;
	return 0;
}

int store_list(struct store *store, const struct archive_selection *selection,
	       const struct sight *sight, struct store_cursor *cursor, struct archive_item *items,
	       size_t room, size_t *ret_n, bool *ret_more)
{
	struct statement_source *source = selection->n_ids > 0 ? &list_chosen
					  : selection->profile ? &list_by_profile : &list_by_time;
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);

	if (source == &list_by_profile)
		statement_bind_id(s, ":profile", selection->profile);
	return fault_trace(list_walk(s, selection, sight, cursor, items, room, ret_n, ret_more));
}

int store_candidates(struct store *store, const struct id *profile, const struct sight *sight,
		     struct store_cursor *cursor, struct archive_item *items, size_t room,
		     size_t *ret_n, bool *ret_more)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &list_candidates);
	const struct archive_selection selection = {
		.kinds = 1u << KIND_AUDIO | 1u << KIND_TRANSCRIPT,
	};

	statement_bind_id(s, ":profile", profile);
	return fault_trace(list_walk(s, &selection, sight, cursor, items, room, ret_n, ret_more));
}
