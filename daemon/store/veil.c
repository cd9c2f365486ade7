/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of veils. A veil that a row names is never exchanged. */

#include "store/veil.h"

STATEMENT(veil_find, "SELECT id, slot, slot_tag FROM profile WHERE id = :id AND removing = 0");
STATEMENT(veil_removing,
	"SELECT id, slot, slot_tag FROM profile WHERE profile = :profile AND removing = 1");
STATEMENT(veil_set,
	"UPDATE profile SET slot = :slot, slot_tag = :tag"
	" WHERE id = :id AND removing = 0 AND slot IS NULL");
STATEMENT(veil_hide,
	"INSERT OR IGNORE INTO lost (slot, erased) SELECT part.slot, :erased FROM part"
	" JOIN item USING (item) JOIN profile USING (profile)"
	" WHERE profile.slot = :slot AND veiled AND job IS NULL"
	" UNION ALL SELECT copy_part.slot, :erased FROM copy_part JOIN copy USING (copy)"
	" JOIN item USING (item) JOIN profile USING (profile)"
	" WHERE profile.slot = :slot AND veiled AND job IS NULL");

STATEMENT(item_unveil, "UPDATE part SET veiled = 0 WHERE item = :item");
STATEMENT(item_move,
	"UPDATE item SET profile = (SELECT profile FROM profile WHERE id = :profile"
	" AND removing = 0) WHERE item = :item");
STATEMENT(part_set_slot,
	"UPDATE part SET slot = :slot, slot_tag = :tag, veiled = :veiled"
	" WHERE item = :item AND kind = :kind AND job IS NULL");

static int row_read(struct statement *s, struct id *ret_id, struct veil_row *ret)
{
	struct veil_row row = { .there = !statement_null(s, "slot") };
	int r = statement_id(s, "id", ret_id);

	if (r == 0 && row.there) {
		row.slot.number = (uint32_t)statement_integer(s, "slot");
		r = statement_bytes(s, "slot_tag", row.slot.tag, VAULT_TAG_BYTES);
	}
	if (r == 0)
		*ret = row;
	return fault_trace(r);
}

int store_veil(struct store *store, const struct id *profile, struct veil_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &veil_find);
	struct id id;
	int r;

	statement_bind_id(s, ":id", profile);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	return fault_trace(row_read(s, &id, ret));
}

int store_veil_removing(struct store *store, int64_t profile, struct id *ret_id,
			struct veil_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &veil_removing);
	int r;

	statement_bind_integer(s, ":profile", profile);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	return fault_trace(row_read(s, ret_id, ret));
}

int store_veil_set(struct store *store, const struct id *profile, const struct vault_slot *slot)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &veil_set);
	int r;

	statement_bind_id(s, ":id", profile);
	statement_bind_integer(s, ":slot", slot->number);
	statement_bind_blob(s, ":tag", slot->tag, VAULT_TAG_BYTES);
	r = statement_run(s);
	if (r == 0 && store_changes(store) != 1)
		return ANSWER_NOT_FOUND;
	return fault_trace(r);
}

int store_veil_hide(struct store *store, uint32_t slot, bool erased, uint64_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &veil_hide);
	int r;

	statement_bind_integer(s, ":slot", slot);
	statement_bind_integer(s, ":erased", erased);
	r = statement_run(s);
	if (r == 0)
		*ret_n = (uint64_t)store_changes(store);
	return fault_trace(r);
}

int store_item_move(struct store *store, int64_t item, const struct id *profile)
{
	_cleanup_(statement_endp) struct statement *unveil = store_statement(store, &item_unveil);
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &item_move);
	int r;

	statement_bind_integer(unveil, ":item", item);
	statement_bind_integer(s, ":item", item);
	statement_bind_id(s, ":profile", profile);
	r = statement_run(unveil);
	return fault_trace(r != 0 ? r : statement_run(s));
}

int store_part_set_slot(struct store *store, int64_t item, const struct part_row *part)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &part_set_slot);

	statement_bind_integer(s, ":item", item);
	statement_bind_integer(s, ":kind", part->kind);
	statement_bind_integer(s, ":slot", part->slot.number);
	statement_bind_blob(s, ":tag", part->slot.tag, VAULT_TAG_BYTES);
	statement_bind_integer(s, ":veiled", part->veiled);
	return fault_trace(statement_run(s));
}
