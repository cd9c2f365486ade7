/* SPDX-License-Identifier: Apache-2.0 */
/* Why a database is not opened. It must never advise what would lose data without saying so. */

#include "store/refusal.h"

#include "store/store.h"

int refusal_damaged(const char *how, const char *dir, struct why *why)
{
	return answer_why(why, ANSWER_FAILED,
			  "%s/" STORE_FILE " is damaged or not a database (%s); restore it from "
			  "a backup, or move it away to begin anew",
			  dir, how);
}

int refusal_code(sqlite3 *db, int rc, const char *dir, struct why *why)
{
	if (rc == SQLITE_IOERR_DATA)
		return refusal_damaged("a page is not as it was written", dir, why);
	switch (rc & 0xff) {
	case SQLITE_BUSY:
		return answer_why(why, ANSWER_BUSY,
				  "another process has %s/" STORE_FILE " open; stop it "
				  "first",
				  dir);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return refusal_damaged(sqlite3_errmsg(db), dir, why);
	case SQLITE_FULL:
		return answer_why(why, ANSWER_FAILED, "the disk under %s is full; free some space",
				  dir);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return answer_why(why, ANSWER_FAILED,
				  "cannot write %s/" STORE_FILE " (%s); check that the "
				  "disk is mounted read-write",
				  dir, sqlite3_errmsg(db));
	default:
		return answer_why(why, ANSWER_FAILED,
				  "cannot use %s/" STORE_FILE " (%s, code %d); check "
				  "the disk",
				  dir, sqlite3_errmsg(db), rc);
	}
}
