/* SPDX-License-Identifier: Apache-2.0 */

/* SQL of consents. The tables refuse what the law does not know: a kind beyond the three, a time
 * to keep that is missing, zero or over the cap (R2, R20). */

#include <string.h>
#include "store/consent.h"

STATEMENT(consent_insert,
	"INSERT INTO consent (profile, kind, statement, policy, keep_s, granted_min) "
	"VALUES ((SELECT profile FROM profile WHERE id = :profile AND removing = 0), "
	":kind, :statement, :policy, :keep_s, :granted_min)");
STATEMENT(consent_withdraw,
	"UPDATE consent SET withdrawn_min = max(:now, granted_min) WHERE withdrawn_min IS NULL "
	"AND profile = (SELECT profile FROM profile WHERE id = :profile) "
	"AND (:kind = 0 OR kind = :kind)");
STATEMENT(consent_find,
	"SELECT id, kind, policy, keep_s, granted_min, 0 AS withdrawn, NULL AS statement "
	"FROM consent JOIN profile USING (profile) "
	"WHERE id = :profile AND removing = 0 AND kind = :kind AND withdrawn_min IS NULL");
STATEMENT(consent_newest,
	"SELECT id, kind, policy, keep_s, granted_min, withdrawn_min IS NOT NULL AS withdrawn, "
	"statement FROM consent AS one JOIN profile USING (profile) "
	"WHERE removing = 0 AND (:profile IS NULL OR id = :profile) "
	"AND consent = (SELECT max(consent) FROM consent AS other "
	"WHERE other.profile = one.profile AND other.kind = one.kind) "
	"ORDER BY profile, kind");

int store_consent_insert(struct store *store, const struct consent_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &consent_insert);

	statement_bind_id(s, ":profile", &row->profile);
	statement_bind_integer(s, ":kind", row->kind);
	statement_bind_text(s, ":statement", row->statement);
	statement_bind_blob(s, ":policy", row->policy, sizeof(row->policy));
	statement_bind_integer(s, ":keep_s", row->keep_s);
	statement_bind_integer(s, ":granted_min", row->granted_min);
	return fault_trace(statement_run(s));
}

int store_consent_withdraw(struct store *store, const struct id *profile, enum kind kind,
			   int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &consent_withdraw);

	statement_bind_id(s, ":profile", profile);
	statement_bind_integer(s, ":kind", kind);
	statement_bind_integer(s, ":now", now_min);
	return fault_trace(statement_run(s));
}

static int consent_read(struct statement *s, void *ret_row)
{
	struct consent_row *ret = ret_row;
	struct consent_row row = {
		.kind = statement_integer(s, "kind"),
		.keep_s = statement_integer(s, "keep_s"),
		.granted_min = statement_integer(s, "granted_min"),
		.withdrawn = statement_integer(s, "withdrawn"),
	};
	const char *statement = statement_text(s, "statement");
	int r;

	r = statement_id(s, "id", &row.profile);
	if (!r)
		r = statement_bytes(s, "policy", row.policy, sizeof(row.policy));
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

int store_consent_find(struct store *store, const struct id *profile, enum kind kind,
		       struct consent_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &consent_find);
	int r;

	statement_bind_id(s, ":profile", profile);
	statement_bind_integer(s, ":kind", kind);
	r = statement_next(s);
	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	return fault_trace(consent_read(s, ret));
}

static void consent_row_clear(void *row)
{
	free(((struct consent_row *)row)->statement);
}

int store_consents(struct store *store, const struct id *profile, struct consent_row **ret_rows,
		   size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &consent_newest);

	statement_bind_blob(s, ":profile", profile ? profile->bytes : NULL, profile ? ID_BYTES : 0);
	return fault_trace(statement_rows(s, sizeof(**ret_rows), consent_read, consent_row_clear,
					  ret_rows, ret_n));
}

struct consent_row *consent_rows_free(struct consent_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		consent_row_clear(&rows[i]);
	free(rows);
	return NULL;
}
