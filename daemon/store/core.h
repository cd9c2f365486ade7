/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What store.c and statement.c share. Nobody else includes this. */

#include <sqlite3.h>
#include "store/store.h"

struct statement {
	const struct statement_source *source;
	sqlite3_stmt *stmt;
	bool busy;
	int column;		/* read last */
	int failed;		/* first SQLite code of a bind that failed */
};

struct store {
	sqlite3 *db;
	int dir_fd;		/* holds the lock that keeps a second keeper out */
	struct statement *statements;
	size_t n_statements;
	const struct store_watch *watch;
	bool unclean;		/* what a commit refused may be in the log */
};

int statements_prepare(struct store *store);
void statements_finalize(struct store *store);
/* One of the codes documented at statement_next(). Faults start here, with SQLite's own words in
 * the log: they name tables and places, never a value, because all values are bound. */
int store_result(sqlite3 *db, int rc);
