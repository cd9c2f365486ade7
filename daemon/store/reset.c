/* SPDX-License-Identifier: Apache-2.0 */
/* Empties the tables of the closed list. A table that is registered is emptied: the statements are
 * made from the list, and none is skipped but those about the erasure itself. */

#include "store/reset.h"

#include <string.h>

#include "stores.h"

#define EMPTY(table, columns, reach, holds) STATEMENT(empty_##table, "DELETE FROM " #table);
STORES_TABLES(EMPTY)

STATEMENT(reset_insert, "INSERT INTO reset (job) VALUES (:job)");
STATEMENT(reset_hide_profiles, "UPDATE profile SET removing = 1");
/* Random by themselves, or the hash or signature that ends a text. */
STATEMENT(reset_marks,
	"SELECT coalesce(slot, -1) AS slot, id AS bytes FROM profile"
	" UNION ALL SELECT -1, log_key FROM profile"
	" UNION ALL SELECT slot, slot_id FROM door UNION ALL SELECT -1, salt FROM door"
	" UNION ALL SELECT -1, substr(proof_hash, 1, 16) FROM door"
	" UNION ALL SELECT -1, substr(wrapped, 1, 16) FROM wrap"
	" UNION ALL SELECT -1, substr(sign_key, 1, 16) FROM parent"
	" UNION ALL SELECT -1, CAST(substr(statement, -18, 16) AS BLOB) FROM household"
	" UNION ALL SELECT -1, CAST(substr(statement, -18, 16) AS BLOB) FROM consent"
	" UNION ALL SELECT -1, CAST(substr(statement, -18, 16) AS BLOB) FROM rekey"
	" UNION ALL SELECT -1, substr(former_home, 1, 16) FROM rekey"
	" UNION ALL SELECT -1, substr(former_release, 1, 16) FROM rekey"
	" UNION ALL SELECT slot, id FROM voiceprint"
	" UNION ALL SELECT -1, substr(hash, 1, 16) FROM log"
	" UNION ALL SELECT -1, id FROM export UNION ALL SELECT -1, salt FROM export"
	" UNION ALL SELECT -1, token FROM recall");
STATEMENT(reset_other_witnesses, "DELETE FROM witness WHERE job <> :job");
STATEMENT(reset_other_jobs, "DELETE FROM job WHERE job <> :job");
STATEMENT(reset_pending,
	"SELECT reset.job AS job, job.state = 'done' AS erased FROM reset JOIN job USING (job)"
	" WHERE renewed = 0 ORDER BY reset.job LIMIT 1");
STATEMENT(reset_renewed, "UPDATE reset SET renewed = 1 WHERE job = :job");

#define SOURCE(table, columns, reach, holds) { reach, &empty_##table },
static const struct {
	enum stores_reach reach;
	struct statement_source *empty;
} tables[] = { STORES_TABLES(SOURCE) };

int store_reset_begin(struct store *store, int64_t job)
{
	int r = store_run_with(store, &reset_insert, ":job", job);

	if (r == 0)
		r = store_run(store, &reset_hide_profiles);
	return fault_trace(r);
}

int store_reset_marks(struct store *store,
		      int (*mark)(void *context, int64_t slot, const uint8_t bytes[static 16]),
		      void *context)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &reset_marks);
	uint8_t bytes[16];
	int r;

	while ((r = statement_next(s)) == STATEMENT_ROW) {
		r = statement_bytes(s, "bytes", bytes, sizeof(bytes));
		if (r == 0)
			r = mark(context, statement_integer(s, "slot"), bytes);
		if (r != 0)
			break;
	}
	return fault_trace(r);
}

int store_reset_rows(struct store *store, int64_t job)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tables); i++)
		if (tables[i].reach != STORES_JOB && tables[i].reach != STORES_NOBODY)
			r = store_run(store, tables[i].empty);
	if (r == 0)
		r = store_run_with(store, &reset_other_witnesses, ":job", job);
	if (r == 0)
		r = store_run_with(store, &reset_other_jobs, ":job", job);
	return fault_trace(r);
}

int store_reset_pending(struct store *store, int64_t *ret_job, bool *ret_erased)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &reset_pending);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	*ret_job = statement_integer(s, "job");
	*ret_erased = statement_integer(s, "erased") != 0;
	return 0;
}

int store_reset_renewed(struct store *store, int64_t job)
{
	return fault_trace(store_run_with(store, &reset_renewed, ":job", job));
}
