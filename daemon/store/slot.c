/* SPDX-License-Identifier: Apache-2.0 */
/* Read once at start, before the vault puts fresh keys into the slots nobody names. A slot missing
 * here would be overwritten under its owner. */

#include "store/slot.h"

/* `witness`: erased slots that were not read back yet. */
STATEMENT(slots_used,
	"SELECT slot FROM part UNION ALL SELECT slot FROM copy_part UNION ALL SELECT slot FROM door"
	" UNION ALL SELECT slot FROM log_slot UNION ALL SELECT slot FROM voiceprint"
	" UNION ALL SELECT slot FROM profile WHERE slot IS NOT NULL"
	" UNION ALL SELECT slot FROM witness WHERE slot IS NOT NULL");

STATEMENT(slot_rows,
	"SELECT item.id AS owner, kind, slot, slot_tag, job IS NULL AS live FROM part"
	" JOIN item USING (item)"
	" UNION ALL SELECT copy.id, kind, slot, slot_tag, job IS NULL FROM copy_part"
	" JOIN copy USING (copy)"
	" UNION ALL SELECT slot_id, :door, slot, slot_tag, 1 FROM door"
	" UNION ALL SELECT slot_id, :log, slot, slot_tag, 1 FROM log_slot"
	" UNION ALL SELECT id, :voice, slot, slot_tag, job IS NULL FROM voiceprint"
	" UNION ALL SELECT id, :profile, slot, slot_tag, removing = 0 FROM profile"
	" WHERE slot IS NOT NULL");
STATEMENT(slot_hide, "INSERT OR IGNORE INTO lost (slot, erased) VALUES (:slot, :erased)");
STATEMENT(slots_expire,
	"UPDATE part SET expires_min = made_min + 1 WHERE job IS NULL"
	" AND slot IN (SELECT slot FROM lost WHERE erased)");
STATEMENT(slots_expire_copies,
	"UPDATE copy_part SET expires_min = 1 WHERE job IS NULL"
	" AND slot IN (SELECT slot FROM lost WHERE erased)");

STATEMENT(slots_expire_voices,
	"UPDATE voiceprint SET expires_min = made_min + 1 WHERE job IS NULL"
	" AND slot IN (SELECT slot FROM lost WHERE erased)");

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

int store_slot_rows(struct store *store, int (*each)(void *context, const struct slot_row *row),
		    void *context)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &slot_rows);
	struct slot_row row;
	int r;

	statement_bind_integer(s, ":door", VAULT_KIND_DOOR);
	statement_bind_integer(s, ":profile", VAULT_KIND_PROFILE);
	statement_bind_integer(s, ":log", VAULT_KIND_LOG);
	statement_bind_integer(s, ":voice", VAULT_KIND_VOICE);
	while ((r = statement_next(s)) == STATEMENT_ROW) {
		row.kind = (int)statement_integer(s, "kind");
		row.slot.number = (uint32_t)statement_integer(s, "slot");
		row.live = statement_integer(s, "live") != 0;
		r = statement_id(s, "owner", &row.owner);
		if (r == 0)
			r = statement_bytes(s, "slot_tag", row.slot.tag, VAULT_TAG_BYTES);
		if (r == 0)
			r = each(context, &row);
		if (r != 0)
			break;
	}
	return fault_trace(r);
}

int store_slot_hide(struct store *store, uint32_t slot, bool erased)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &slot_hide);

	statement_bind_integer(s, ":slot", slot);
	statement_bind_integer(s, ":erased", erased);
	return fault_trace(statement_run(s));
}

int store_slots_expire(struct store *store)
{
	_cleanup_(statement_endp) struct statement *parts = store_statement(store, &slots_expire);
	_cleanup_(statement_endp) struct statement *copies =
		store_statement(store, &slots_expire_copies);
	_cleanup_(statement_endp) struct statement *voices =
		store_statement(store, &slots_expire_voices);
	int r = statement_run(copies);

	if (r == 0)
		r = statement_run(voices);
	if (r == 0)
		r = statement_run(parts);
	return fault_trace(r);
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
