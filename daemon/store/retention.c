/* SPDX-License-Identifier: Apache-2.0 */

/* SQL of shortened times to keep. The table refuses zero, nothing and what is over the cap. */

#include "store/retention.h"

STATEMENT(retention_put,
	"INSERT INTO retention (profile, kind, keep_s, set_min) "
	"VALUES ((SELECT profile FROM profile WHERE id = :profile AND removing = 0), "
	":kind, :keep_s, :set_min) "
	"ON CONFLICT DO UPDATE SET keep_s = excluded.keep_s, set_min = excluded.set_min");
STATEMENT(retention_drop,
	"DELETE FROM retention WHERE profile = (SELECT profile FROM profile WHERE id = :profile) "
	"AND (:kind = 0 OR kind = :kind)");
STATEMENT(retention_find,
	"SELECT keep_s FROM retention JOIN profile USING (profile) "
	"WHERE id = :profile AND kind = :kind");

int store_retention_put(struct store *store, const struct id *profile, enum kind kind,
			uint32_t keep_s, int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &retention_put);

	statement_bind_id(s, ":profile", profile);
	statement_bind_integer(s, ":kind", kind);
	statement_bind_integer(s, ":keep_s", keep_s);
	statement_bind_integer(s, ":set_min", now_min);
	return fault_trace(statement_run(s));
}

int store_retention_drop(struct store *store, const struct id *profile, enum kind kind)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &retention_drop);

	statement_bind_id(s, ":profile", profile);
	statement_bind_integer(s, ":kind", kind);
	return fault_trace(statement_run(s));
}

int store_retention_find(struct store *store, const struct id *profile, enum kind kind,
			 uint32_t *ret_keep_s)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &retention_find);
	int r;

	statement_bind_id(s, ":profile", profile);
	statement_bind_integer(s, ":kind", kind);
	r = statement_next(s);
	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_keep_s = (uint32_t)statement_integer(s, "keep_s");
	return 0;
}
