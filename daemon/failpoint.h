/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where the keeper may be struck down, and what may be broken in it on purpose, by tests. In
 * everything that is installed these are empty; only the keepers of tests/crash are built with
 * CUBBY_FAILPOINTS (option `failpoints`), and only they read these variables:
 *
 *   CUBBY_FAILPOINT=NAME:N     kill -9 itself at the N-th pass of NAME
 *   CUBBY_FAILPOINT=NAME:N:stop  stop itself there instead, until SIGCONT
 *   CUBBY_FAILPOINT=trace      print "failpoint NAME" to standard error at each pass
 *   CUBBY_SEEDED_FAULT=NAME[,NAME]  break these promises, see enum seeded_fault
 */

#include <stdbool.h>

enum seeded_fault {
	SEEDED_SLOT_NOT_ZEROED = 1,	/* slot-not-zeroed: erasing a key writes nothing */
	SEEDED_NO_SYNC,			/* no-sync: neither slots nor database are synced */
	SEEDED_STOCK_VFS,		/* stock-vfs: SQLite without the scrubbing VFS */
	SEEDED_SECURE_DELETE_OFF,	/* secure-delete-off */
	SEEDED_NO_CHECKPOINT,		/* no-checkpoint: step 4 of an erasure is left out */
	SEEDED_NO_QUERY_WALL,		/* no-query-wall: an export takes every item */
	SEEDED_NO_SCHEMA_WALL,		/* no-schema-wall: the database has no triggers */
	SEEDED_DESCRIPTOR_LEFT,		/* descriptor-left: an item's is not closed */
};

#ifdef CUBBY_FAILPOINTS
void failpoint(const char *name);
bool seeded(enum seeded_fault fault);
#else
static inline void failpoint(const char *name)
{
}

static inline bool seeded(enum seeded_fault fault)
{
	return false;
}
#endif
