/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Is the file whole? It must be known before anything else reads it: a slot that a damaged row no
 * longer names would get a fresh key, and what an index no longer leads to be missing unsaid. */

#include <sqlite3.h>
#include "base/fault.h"

/*
 * Every table but `body` is whole and obeys its constraints and, in a file of 64 MB at most, agrees
 * with its indexes; the drill compares those of a larger one once a day. ANSWER_FAILED names the
 * first finding. What is damaged in `body` is an error when it is opened (archive_open).
 */
int store_intact(sqlite3 *db, const char *dir, struct why *why);
