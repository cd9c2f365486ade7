/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A room's store, opened as the keeper does, and by anybody else. */

#include "room.h"


#include "outside.h"
#include "store/store.h"

static inline struct store *opened(struct room *room)
{
	struct store *store = NULL;
	int r = store_open(room->dir, &store, &room->why);

	if (r != 0)
		print_message("%s\n", room->why.text);
	assert_int_equal(r, 0);
	return store;
}

/* Statements that the keeper would not run, on pages whose sums are right, with the keeper gone. */
static inline void outside(struct room *room, const char *sql)
{
	char path[320];
	sqlite3 *db;

	assert_int_equal(outside_open(room_path(room, STORE_FILE, path), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static inline void refused(struct room *room, int answer, const char *words)
{
	struct store *store = NULL;

	assert_int_equal(store_open(room->dir, &store, &room->why), answer);
	assert_null(store);
	if (!strstr(room->why.text, words))
		print_message("said: %s\n", room->why.text);
	assert_non_null(strstr(room->why.text, words));
}
