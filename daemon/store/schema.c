/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the tables, indexes and triggers of a file with what this build's steps make. The laws
 * that triggers and constraints keep must never rest on a file that has lost or changed one. */

#include "store/schema.h"

#include <string.h>

#include "store/step.h"
#include "store/store.h"

static const char objects[] =
	"SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name, sql";

struct side {
	sqlite3_stmt *stmt;
	int rc;
};

static const char *side_column(const struct side *side, int column)
{
	const char *text = (const char *)sqlite3_column_text(side->stmt, column);

	return text ? text : "";
}

/* Where the two stand in the order that both come in; a side that has ended is behind all. */
static int sides_order(const struct side *a, const struct side *b)
{
	int order = 0;

	if (a->rc != SQLITE_ROW || b->rc != SQLITE_ROW)
		return (a->rc != SQLITE_ROW) - (b->rc != SQLITE_ROW);
	for (int column = 0; order == 0 && column < 2; column++)
		order = strcmp(side_column(a, column), side_column(b, column));
	return order;
}

static int differs(const struct side *side, const char *how, const char *dir, struct why *why)
{
	return answer_why(why, ANSWER_FAILED,
			  "the %.16s \"%.64s\" of %s/" STORE_FILE " %s; somebody changed the "
			  "file's own rules, so what it holds is not trusted: restore it from a "
			  "backup, or move it away to begin anew",
			  side_column(side, 0), side_column(side, 1), dir, how);
}

static int sides_compare(struct side *is, struct side *should, const char *dir, struct why *why)
{
	do {
		int order;

		is->rc = sqlite3_step(is->stmt);
		should->rc = sqlite3_step(should->stmt);
		order = sides_order(is, should);
		if (order < 0)
			return differs(is, "is not one of Cubby's", dir, why);
		if (order > 0)
			return differs(should, "is missing", dir, why);
		if (is->rc == SQLITE_ROW &&
		    strcmp(side_column(is, 2), side_column(should, 2)) != 0)
			return differs(is, "is not as Cubby made it", dir, why);
	} while (is->rc == SQLITE_ROW);
	/* A walk that broke off has compared nothing. */
	return is->rc == SQLITE_DONE && should->rc == SQLITE_DONE ? 0 : fault_origin(-EIO);
}

static int steps_run(sqlite3 *db, int version)
{
	int rc = SQLITE_OK;

	for (int i = 0; rc == SQLITE_OK && i < version; i++)
		rc = sqlite3_exec(db, store_steps[i].sql, NULL, NULL, NULL);
	return rc;
}

int schema_check(sqlite3 *db, int version, const char *dir, struct why *why)
{
	struct side is = { 0 }, should = { 0 };
	sqlite3 *made = NULL;
	int rc, r;

	rc = sqlite3_open_v2(":memory:", &made, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = steps_run(made, version);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(made, objects, -1, &should.stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, objects, -1, &is.stmt, NULL);
	r = rc == SQLITE_OK ? sides_compare(&is, &should, dir, why) : fault_origin(-EIO);
	sqlite3_finalize(is.stmt);
	sqlite3_finalize(should.stmt);
	sqlite3_close(made);
	return fault_trace(r);
}
