/* SPDX-License-Identifier: Apache-2.0 */
/* Looks the database over before anything rests on it. It must never change the file, nor say of
 * one that it could not read through that it is whole. */

#include "store/intact.h"

#include "store/store.h"

/* 64 MB: up to here indexes are compared with their tables (docs/decisions/0016). */
#define SMALL_PAGES "16384"

#define FINDINGS(check, when)                                                                     \
	"SELECT c." check " FROM pragma_page_count AS p CROSS JOIN sqlite_schema AS t"            \
	" CROSS JOIN pragma_" check "(t.name) AS c WHERE p.page_count " when " " SMALL_PAGES      \
	" AND t.type = 'table' AND t.name <> 'body' AND c." check " <> 'ok'"

static const char findings[] =
	FINDINGS("integrity_check", "<=") " UNION ALL " FINDINGS("quick_check", ">") " LIMIT 1";

int store_intact(sqlite3 *db, const char *dir, struct why *why)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, findings, -1, &stmt, NULL);
	int r = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE)
		r = answer_why(why, ANSWER_FAILED,
			       "%s/" STORE_FILE " is damaged (%s); restore it from a backup, or "
			       "move it away to begin anew",
			       dir, rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0)
						     : sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	return r;
}
