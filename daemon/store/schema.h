/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Is the schema of a file the one that the first `version` steps make? */

#include <sqlite3.h>
#include "base/fault.h"

/* ANSWER_FAILED names the first table, index, trigger or view that differs. */
int schema_check(sqlite3 *db, int version, const char *dir, struct why *why);
