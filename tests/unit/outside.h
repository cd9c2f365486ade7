/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SQLite in the hands of who has root and knows the format: whatever statements, and pages whose
 * sums are right. The keeper must be gone, and a store have been opened in this process before. */

#include <sqlite3.h>
#include "store/page.h"
#include "store/vfs.h"

static inline int outside_open(const char *path, sqlite3 **ret)
{
	int reserve = PAGE_SUM_BYTES;
	int rc = sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE, STORE_VFS);

	if (rc == SQLITE_OK)
		rc = sqlite3_file_control(*ret, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
	/* The VFS knows no shared memory. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*ret, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
	return rc;
}
