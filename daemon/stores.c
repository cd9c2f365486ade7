/* SPDX-License-Identifier: Apache-2.0 */
/* The closed list of stores. Nothing of a person may be kept that is not in here. */

#include "stores.h"

#include <string.h>

#include "base/cleanup.h"

#define ROW(table, columns, reach, holds) { #table, columns, reach, holds },

const struct stores_table stores_tables[] = { STORES_TABLES(ROW) };
const size_t stores_tables_n = ARRAY_SIZE(stores_tables);

const struct stores_file stores_files[] = {
	{ "slots.bin", STORES_ITEM, "32-byte keys, nothing else" },
	{ "cubby.db", STORES_ITEM, "the tables above" },
	{ "cubby.db-wal", STORES_ITEM, "what was written last; empty after every erasure" },
	{ "cubby.db-journal", STORES_ITEM, "the same, while the database is first made" },
	{ "clock", STORES_NOBODY, "the age clock: its value, and the lead of the wall clock" },
	{ "device.key", STORES_HOUSEHOLD, "the keeper's own key" },
	{ "device.key.new", STORES_HOUSEHOLD, "the same, while it is made" },
	{ "reserve.bin", STORES_NOBODY, "room for the first steps of an erasure on a full disk" },
};
const size_t stores_files_n = ARRAY_SIZE(stores_files);

const struct stores_table *stores_table(const char *name)
{
	for (size_t i = 0; i < stores_tables_n; i++)
		if (strcmp(stores_tables[i].name, name) == 0)
			return &stores_tables[i];
	return NULL;
}

const struct stores_file *stores_file(const char *name)
{
	for (size_t i = 0; i < stores_files_n; i++)
		if (strcmp(stores_files[i].name, name) == 0)
			return &stores_files[i];
	return NULL;
}
