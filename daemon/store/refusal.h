/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What opening the database answers when it cannot, in words with the remedy. */

#include <sqlite3.h>
#include "base/fault.h"

int refusal_damaged(const char *how, const char *dir, struct why *why);
/* Of a code that opening can meet. */
int refusal_code(sqlite3 *db, int rc, const char *dir, struct why *why);
