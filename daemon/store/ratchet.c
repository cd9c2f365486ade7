/* SPDX-License-Identifier: Apache-2.0 */

/* SQL of the access log's keys. No key is here that is not sealed to the household. */

#include "store/ratchet.h"

STATEMENT(log_slot_find, "SELECT slot, slot_id, slot_tag, seq FROM log_slot");
STATEMENT(log_slot_put,
	"INSERT OR REPLACE INTO log_slot (one, slot, slot_id, slot_tag, seq) "
	"VALUES (1, :slot, :slot_id, :slot_tag, :seq)");
STATEMENT(log_slot_set, "UPDATE log_slot SET slot_tag = :slot_tag, seq = :seq");
STATEMENT(log_key_insert,
	"INSERT INTO log_key (first_seq, sealed) VALUES (:first_seq, :sealed)");
STATEMENT(log_key_list, "SELECT number, first_seq, sealed FROM log_key ORDER BY number");
STATEMENT(log_key_box, "UPDATE log_key SET sealed = :sealed WHERE number = :number");

int store_log_slot(struct store *store, struct log_slot_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_slot_find);
	struct log_slot_row row;
	int r = statement_next(s);

	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	row.slot.number = (uint32_t)statement_integer(s, "slot");
	row.seq = (uint64_t)statement_integer(s, "seq");
	r = statement_id(s, "slot_id", &row.slot_id);
	if (!r)
		r = statement_bytes(s, "slot_tag", row.slot.tag, sizeof(row.slot.tag));
	if (r)
		return fault_trace(r);
	*ret = row;
	return 0;
}

int store_log_slot_put(struct store *store, const struct log_slot_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_slot_put);

	statement_bind_integer(s, ":slot", row->slot.number);
	statement_bind_id(s, ":slot_id", &row->slot_id);
	statement_bind_blob(s, ":slot_tag", row->slot.tag, sizeof(row->slot.tag));
	statement_bind_integer(s, ":seq", (int64_t)row->seq);
	return fault_trace(statement_run(s));
}

int store_log_slot_set(struct store *store, const struct log_slot_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_slot_set);
	int r;

	statement_bind_blob(s, ":slot_tag", row->slot.tag, sizeof(row->slot.tag));
	statement_bind_integer(s, ":seq", (int64_t)row->seq);
	r = statement_run(s);
	if (!r && store_changes(store) != 1)
		return ANSWER_NOT_FOUND;
	return fault_trace(r);
}

int store_log_key_insert(struct store *store, const struct log_key_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_key_insert);

	statement_bind_integer(s, ":first_seq", (int64_t)row->first_seq);
	statement_bind_blob(s, ":sealed", row->sealed, row->n_sealed);
	return fault_trace(statement_run(s));
}

int store_log_keys(struct store *store, int (*each)(void *context, const struct log_key_row *row),
		   void *context)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &log_key_list);
	struct log_key_row row;
	int r;

	while ((r = statement_next(s)) == STATEMENT_ROW) {
		row.number = statement_integer(s, "number");
		row.first_seq = (uint64_t)statement_integer(s, "first_seq");
		row.sealed = statement_blob(s, "sealed", &row.n_sealed);
		r = row.sealed ? each(context, &row) : fault_origin(-EBADMSG);
		if (r)
			break;
	}
	return fault_trace(r);
}

struct boxing {
	struct store *store;
	const uint8_t *home;
};

static int log_key_box_one(void *context, const struct log_key_row *row)
{
	const struct boxing *boxing = context;
	_cleanup_(statement_endp) struct statement *s = store_statement(boxing->store,
									&log_key_box);
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	size_t n;
	int r = box_seal(boxing->home, row->sealed, row->n_sealed, &box, &n);

	if (r)
		return r < 0 ? fault_trace(r) : fault_origin(-EINVAL);
	statement_bind_integer(s, ":number", row->number);
	statement_bind_blob(s, ":sealed", box, n);
	return fault_trace(statement_run(s));
}

int store_log_keys_box(struct store *store, const uint8_t home[static BOX_PUBLIC_BYTES])
{
	struct boxing boxing = { store, home };

	return fault_trace(store_log_keys(store, log_key_box_one, &boxing));
}
