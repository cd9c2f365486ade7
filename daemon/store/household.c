/* SPDX-License-Identifier: Apache-2.0 */

/* SQL of the household: statements, parents, doors, wraps. What is read here is either public or
 * encrypted; a proof is here only as its hash. */

#include <string.h>
#include "store/household.h"

STATEMENT(household_select, "SELECT statement FROM household");
STATEMENT(household_insert,
	"INSERT INTO household (one, statement, created_min) VALUES (1, :statement, :created_min)");
STATEMENT(parent_insert,
	"INSERT INTO parent (name, sign_key, statement, created_min) "
	"VALUES (:name, :sign_key, :statement, :created_min)");
STATEMENT(parent_select,
	"SELECT parent, name, sign_key, statement, created_min, "
	"coalesce(removed_min, 0) AS removed_min FROM parent ORDER BY parent");
STATEMENT(parent_find,
	"SELECT parent, name, sign_key, NULL AS statement, created_min, 0 AS removed_min "
	"FROM parent WHERE name = :name AND removed_min IS NULL");
/* The name is free again; what stays can be taken for nobody's. */
STATEMENT(parent_remove,
	"UPDATE parent SET removed_min = max(:now, created_min), "
	"name = 'removed-' || lower(hex(substr(sign_key, 1, 8))) WHERE parent = :parent");
STATEMENT(door_remove_all, "DELETE FROM door WHERE parent = :parent");
STATEMENT(door_remove, "DELETE FROM door WHERE parent = :parent AND kind = :kind");
STATEMENT(door_insert,
	"INSERT INTO door (parent, kind, salt, passes, memory_bytes, proof_hash, slot, slot_id, "
	"slot_tag) VALUES (:parent, :kind, :salt, :passes, :memory_bytes, :proof_hash, :slot, "
	":slot_id, :slot_tag)");
STATEMENT(door_find,
	"SELECT salt, passes, memory_bytes, proof_hash, failures, slot, slot_id, slot_tag "
	"FROM door WHERE parent = :parent AND kind = :kind");
STATEMENT(door_fail,
	"UPDATE door SET failures = failures + 1 WHERE parent = :parent AND kind = :kind");
STATEMENT(door_reset, "UPDATE door SET failures = 0 WHERE parent = :parent AND kind = :kind");
STATEMENT(door_failures,
	"SELECT coalesce(max(failures), 0) AS failures FROM door WHERE kind = 'passphrase'");
STATEMENT(wrap_insert,
	"INSERT INTO wrap (parent, kind, secret, wrapped) "
	"VALUES (:parent, :kind, :secret, :wrapped)");
STATEMENT(wrap_replace,
	"UPDATE wrap SET wrapped = :wrapped"
	" WHERE parent = :parent AND kind = :kind AND secret = :secret");
STATEMENT(wrap_find,
	"SELECT wrapped FROM wrap WHERE parent = :parent AND kind = :kind AND secret = :secret");

int store_household(struct store *store, char **ret_statement)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &household_select);
	int r = statement_next(s);

	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	return fault_trace(statement_text_new(s, "statement", ret_statement));
}

int store_household_insert(struct store *store, const char *statement, int64_t created_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &household_insert);

	statement_bind_text(s, ":statement", statement);
	statement_bind_integer(s, ":created_min", created_min);
	return fault_trace(statement_run(s));
}

int store_parent_insert(struct store *store, const struct parent_row *row, int64_t *ret_parent)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &parent_insert);
	int r;

	statement_bind_text(s, ":name", row->name);
	statement_bind_blob(s, ":sign_key", row->sign_key, sizeof(row->sign_key));
	statement_bind_text(s, ":statement", row->statement);
	statement_bind_integer(s, ":created_min", row->created_min);
	r = statement_run(s);
	if (r)
		return fault_trace(r);
	*ret_parent = store_last_row(store);
	return 0;
}

static int parent_row_read(struct statement *s, void *ret_row)
{
	struct parent_row *ret = ret_row;
	struct parent_row row = {
		.parent = statement_integer(s, "parent"),
		.created_min = statement_integer(s, "created_min"),
		.removed = statement_integer(s, "removed_min") > 0,
	};
	const char *statement = statement_text(s, "statement");
	int r;

	r = statement_text_copy(s, "name", row.name, sizeof(row.name));
	if (!r)
		r = statement_bytes(s, "sign_key", row.sign_key, sizeof(row.sign_key));
	if (r)
		return fault_trace(r);
	if (statement) {
		row.statement = strdup(statement);
		if (!row.statement)
			return fault_origin(-ENOMEM);
	}
	*ret = row;
	return 0;
}

static void parent_row_clear(void *row)
{
	free(((struct parent_row *)row)->statement);
}

int store_parents(struct store *store, struct parent_row **ret_rows, size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &parent_select);

	return fault_trace(statement_rows(s, sizeof(**ret_rows), parent_row_read, parent_row_clear,
					  ret_rows, ret_n));
}

struct parent_row *parent_rows_free(struct parent_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		parent_row_clear(&rows[i]);
	free(rows);
	return NULL;
}

int store_parent_find(struct store *store, const char *name, struct parent_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &parent_find);
	int r;

	statement_bind_text(s, ":name", name);
	r = statement_next(s);
	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	return fault_trace(parent_row_read(s, ret));
}

int store_parent_remove(struct store *store, int64_t parent, int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *doors = store_statement(store,
									    &door_remove_all);
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &parent_remove);
	int r;

	statement_bind_integer(doors, ":parent", parent);
	r = statement_run(doors);
	if (r)
		return fault_trace(r);
	statement_bind_integer(s, ":parent", parent);
	statement_bind_integer(s, ":now", now_min);
	return fault_trace(statement_run(s));
}

int store_door_insert(struct store *store, const struct door_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &door_insert);

	statement_bind_integer(s, ":parent", row->parent);
	statement_bind_text(s, ":kind", door_kind_name(row->door.kind));
	statement_bind_blob(s, ":salt", row->door.salt, sizeof(row->door.salt));
	statement_bind_integer(s, ":passes", row->door.passes);
	statement_bind_integer(s, ":memory_bytes", row->door.memory_bytes);
	statement_bind_blob(s, ":proof_hash", row->proof_hash, sizeof(row->proof_hash));
	statement_bind_integer(s, ":slot", row->slot.number);
	statement_bind_id(s, ":slot_id", &row->slot_id);
	statement_bind_blob(s, ":slot_tag", row->slot.tag, sizeof(row->slot.tag));
	return fault_trace(statement_run(s));
}

int store_door_find(struct store *store, int64_t parent, enum door_kind kind, struct door_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &door_find);
	struct door_row row = {.parent = parent, .door.kind = kind};
	int r;

	statement_bind_integer(s, ":parent", parent);
	statement_bind_text(s, ":kind", door_kind_name(kind));
	r = statement_next(s);
	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	row.door.passes = statement_integer(s, "passes");
	row.door.memory_bytes = statement_integer(s, "memory_bytes");
	row.failures = statement_integer(s, "failures");
	row.slot.number = statement_integer(s, "slot");
	r = statement_bytes(s, "salt", row.door.salt, sizeof(row.door.salt));
	if (!r)
		r = statement_bytes(s, "proof_hash", row.proof_hash, sizeof(row.proof_hash));
	if (!r)
		r = statement_bytes(s, "slot_tag", row.slot.tag, sizeof(row.slot.tag));
	if (!r)
		r = statement_id(s, "slot_id", &row.slot_id);
	if (r)
		return fault_trace(r);
	*ret = row;
	return 0;
}

static int door_change(struct store *store, struct statement_source *source, int64_t parent,
		       enum door_kind kind)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);
	int r;

	statement_bind_integer(s, ":parent", parent);
	statement_bind_text(s, ":kind", door_kind_name(kind));
	r = statement_run(s);
	if (r)
		return fault_trace(r);
	return store_changes(store) == 1 ? 0 : ANSWER_NOT_FOUND;
}

int store_door_fail(struct store *store, int64_t parent, enum door_kind kind)
{
	return door_change(store, &door_fail, parent, kind);
}

int store_door_remove(struct store *store, int64_t parent, enum door_kind kind)
{
	return door_change(store, &door_remove, parent, kind);
}

int store_door_reset(struct store *store, int64_t parent, enum door_kind kind)
{
	return door_change(store, &door_reset, parent, kind);
}

int store_door_failures(struct store *store, uint64_t *ret_failures)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &door_failures);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return r ? fault_trace(r) : fault_origin(-EBADMSG);
	*ret_failures = statement_integer(s, "failures");
	return 0;
}

static int wrap_put(struct store *store, struct statement_source *source, int64_t parent,
		    enum door_kind kind, const char *secret, const void *wrapped, size_t n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);

	statement_bind_integer(s, ":parent", parent);
	statement_bind_text(s, ":kind", door_kind_name(kind));
	statement_bind_text(s, ":secret", secret);
	statement_bind_blob(s, ":wrapped", wrapped, n);
	return fault_trace(statement_run(s));
}

int store_wrap_insert(struct store *store, int64_t parent, enum door_kind kind, const char *secret,
		      const void *wrapped, size_t n)
{
	return wrap_put(store, &wrap_insert, parent, kind, secret, wrapped, n);
}

int store_wrap_replace(struct store *store, int64_t parent, enum door_kind kind,
		       const char *secret, const void *wrapped, size_t n)
{
	return wrap_put(store, &wrap_replace, parent, kind, secret, wrapped, n);
}

int store_wrap_find(struct store *store, int64_t parent, enum door_kind kind, const char *secret,
		    uint8_t **ret_wrapped, size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &wrap_find);
	const void *wrapped;
	uint8_t *copy;
	size_t n;
	int r;

	statement_bind_integer(s, ":parent", parent);
	statement_bind_text(s, ":kind", door_kind_name(kind));
	statement_bind_text(s, ":secret", secret);
	r = statement_next(s);
	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	wrapped = statement_blob(s, "wrapped", &n);
	if (!wrapped)
		return fault_origin(-EBADMSG);
	copy = malloc(n);
	if (!copy)
		return fault_origin(-ENOMEM);
	memcpy(copy, wrapped, n);
	*ret_wrapped = copy;
	*ret_n = n;
	return 0;
}
