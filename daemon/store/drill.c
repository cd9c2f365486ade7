/* SPDX-License-Identifier: Apache-2.0 */
/* Each count here is of rows that cannot be there as long as every step was whole. It must never
 * read what a body holds. */

#include "store/drill.h"

#include <string.h>

STATEMENT(canary_insert,
	"INSERT INTO profile (id, name, type, created_min) VALUES (:id, :name, 'child', :now)");
/* No name that a person gave begins with a control character. */
STATEMENT(canary_left,
	"SELECT id FROM profile WHERE removing = 0 AND substr(name, 1, 1) = char(1) LIMIT 1");
STATEMENT(drill_put,
	"INSERT OR REPLACE INTO drill (one, ended_min, found) VALUES (1, :ended, :found)");
STATEMENT(drill_find, "SELECT ended_min, found FROM drill");

STATEMENT(lone_bodies,
	"SELECT count(*) AS n FROM body WHERE NOT EXISTS (SELECT 1 FROM part WHERE part.body = "
	"body.body) AND NOT EXISTS (SELECT 1 FROM copy_part WHERE copy_part.body = body.body)"
	" AND NOT EXISTS (SELECT 1 FROM voiceprint WHERE voiceprint.body = body.body)");
STATEMENT(bodies_missing,
	"SELECT (SELECT count(*) FROM part WHERE body IS NOT NULL AND body NOT IN (SELECT body "
	"FROM "
	"body)) + (SELECT count(*) FROM copy_part WHERE body IS NOT NULL AND body NOT IN (SELECT "
	"body FROM body)) + (SELECT count(*) FROM voiceprint WHERE body IS NOT NULL AND body NOT "
	"IN (SELECT body FROM body)) AS n");
STATEMENT(bodies_of_other_size,
	"SELECT (SELECT count(*) FROM part JOIN body USING (body) WHERE length(sealed) <> bytes) + "
	"(SELECT count(*) FROM copy_part JOIN body USING (body) WHERE length(sealed) <> bytes) + "
	"(SELECT count(*) FROM voiceprint JOIN body USING (body) WHERE length(sealed) <> bytes) "
	"AS n");
STATEMENT(lone_parts,
	"SELECT (SELECT count(*) FROM part WHERE item NOT IN (SELECT item FROM item)) + (SELECT "
	"count(*) FROM copy_part WHERE copy NOT IN (SELECT copy FROM copy)) AS n");
STATEMENT(items_without_parts,
	"SELECT (SELECT count(*) FROM item WHERE NOT EXISTS (SELECT 1 FROM part WHERE part.item = "
	"item.item)) + (SELECT count(*) FROM copy WHERE NOT EXISTS (SELECT 1 FROM copy_part WHERE "
	"copy_part.copy = copy.copy)) AS n");
STATEMENT(items_of_nobody,
	"SELECT (SELECT count(*) FROM item WHERE profile NOT IN (SELECT profile FROM profile)) + "
	"(SELECT count(*) FROM consent WHERE profile NOT IN (SELECT profile FROM profile)) + "
	"(SELECT "
	"count(*) FROM copy WHERE item NOT IN (SELECT item FROM item)) + (SELECT count(*) FROM "
	"voiceprint WHERE profile NOT IN (SELECT profile FROM profile)) AS n");
STATEMENT(tombstones_of_no_job,
	"SELECT (SELECT count(*) FROM part WHERE job IS NOT NULL AND job NOT IN (SELECT job FROM "
	"job "
	"WHERE state <> 'done')) + (SELECT count(*) FROM copy_part WHERE job IS NOT NULL AND job "
	"NOT "
	"IN (SELECT job FROM job WHERE state <> 'done')) + (SELECT count(*) FROM voiceprint WHERE "
	"job IS NOT NULL AND job NOT IN (SELECT job FROM job WHERE state <> 'done')) AS n");
STATEMENT(removals_of_no_job,
	"SELECT count(*) AS n FROM profile WHERE removing = 1 AND NOT EXISTS (SELECT 1 FROM job "
	"WHERE "
	"state <> 'done')");
STATEMENT(slots_named_twice,
	"SELECT count(*) AS n FROM (SELECT slot FROM (SELECT slot FROM part UNION ALL SELECT "
	"slot FROM "
	"copy_part UNION ALL SELECT slot FROM door UNION ALL "
	"SELECT slot FROM log_slot UNION ALL SELECT slot FROM voiceprint UNION ALL "
	"SELECT slot FROM profile WHERE slot IS NOT NULL)"
	" GROUP BY slot HAVING count(*) > 1)");
/* Damage that nobody has met yet. */
STATEMENT(tables_damaged,
	"SELECT count(*) AS n FROM sqlite_schema AS t CROSS JOIN pragma_integrity_check(t.name) AS "
	"c WHERE t.type = 'table' AND t.name <> 'body' AND c.integrity_check <> 'ok'");
STATEMENT(slots_live,
	"SELECT slot, slot_tag, item.id AS owner, kind FROM part JOIN item USING (item) WHERE "
	"job IS "
	"NULL UNION ALL SELECT slot, slot_tag, copy.id, kind FROM copy_part JOIN copy USING (copy) "
	"WHERE job IS NULL UNION ALL SELECT slot, slot_tag, slot_id, 16 FROM door"
	" UNION ALL SELECT slot, slot_tag, slot_id, 18 FROM log_slot"
	" UNION ALL SELECT slot, slot_tag, id, 19 FROM voiceprint WHERE job IS NULL"
	" UNION ALL SELECT slot, slot_tag, id, 17 FROM profile"
	" WHERE slot IS NOT NULL AND removing = 0");

static const struct {
	struct statement_source *source;
	const char *what;
} counts[] = {
	{ &lone_bodies, "bodies that no part names" },
	{ &bodies_missing, "parts whose body is missing" },
	{ &bodies_of_other_size, "bodies of another size than their part says" },
	{ &lone_parts, "parts of no item" },
	{ &items_without_parts, "items without a part" },
	{ &items_of_nobody, "items, copies or consents that belong to nothing" },
	{ &tombstones_of_no_job, "erased parts that no erasure is at work on" },
	{ &removals_of_no_job, "removed profiles that no erasure is at work on" },
	{ &slots_named_twice, "slots that two rows name" },
	{ &tables_damaged, "places where a table or one of its indexes is damaged" },
};

int store_canary_insert(struct store *store, const struct id *id, const char *name,
			int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &canary_insert);

	statement_bind_id(s, ":id", id);
	statement_bind_text(s, ":name", name);
	statement_bind_integer(s, ":now", now_min);
	return fault_trace(statement_run(s));
}

int store_canary_left(struct store *store, struct id *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &canary_left);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	return fault_trace(statement_id(s, "id", ret));
}

int store_drill_put(struct store *store, int64_t ended_min, const char *found)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &drill_put);

	statement_bind_integer(s, ":ended", ended_min);
	statement_bind_text(s, ":found", found);
	return fault_trace(statement_run(s));
}

int store_drill(struct store *store, int64_t *ret_ended_min, char **ret_found)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &drill_find);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	*ret_ended_min = statement_integer(s, "ended_min");
	*ret_found = strdup(statement_text(s, "found"));
	return *ret_found ? 0 : fault_origin(-ENOMEM);
}

static int count_one(struct store *store, struct statement_source *source, uint64_t *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret = (uint64_t)statement_integer(s, "n");
	return 0;
}

int store_removals_lost(struct store *store, uint64_t *ret_n)
{
	return fault_trace(count_one(store, &removals_of_no_job, ret_n));
}

int store_reconcile(struct store *store,
		    int (*found)(void *context, const char *what, uint64_t n), void *context)
{
	uint64_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(counts); i++) {
		r = count_one(store, counts[i].source, &n);
		if (r == 0 && n > 0)
			r = found(context, counts[i].what, n);
	}
	return fault_trace(r);
}

int store_slots_live(struct store *store,
		     int (*each)(void *context, const struct vault_slot *slot,
				 const struct id *owner, int kind), void *context)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &slots_live);
	struct vault_slot slot;
	struct id owner;
	int r;

	while ((r = statement_next(s)) == STATEMENT_ROW) {
		slot.number = (uint32_t)statement_integer(s, "slot");
		r = statement_bytes(s, "slot_tag", slot.tag, VAULT_TAG_BYTES);
		if (r == 0)
			r = statement_id(s, "owner", &owner);
		if (r == 0)
			r = each(context, &slot, &owner, (int)statement_integer(s, "kind"));
		if (r != 0)
			break;
	}
	return fault_trace(r);
}
