/* SPDX-License-Identifier: Apache-2.0 */
/* Ends or breaks a test's keeper at a named place. Must never be linked into anything installed. */

#include "failpoint.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const fault_names[] = {
	[SEEDED_SLOT_NOT_ZEROED] = "slot-not-zeroed",
	[SEEDED_NO_SYNC] = "no-sync",
	[SEEDED_STOCK_VFS] = "stock-vfs",
	[SEEDED_SECURE_DELETE_OFF] = "secure-delete-off",
	[SEEDED_NO_CHECKPOINT] = "no-checkpoint",
	[SEEDED_NO_QUERY_WALL] = "no-query-wall",
	[SEEDED_NO_SCHEMA_WALL] = "no-schema-wall",
	[SEEDED_DESCRIPTOR_LEFT] = "descriptor-left",
};

static enum seeded_fault fault_find(const char *name, size_t n)
{
	for (size_t i = 1; i < ARRAY_SIZE(fault_names); i++)
		if (strlen(fault_names[i]) == n && strncmp(fault_names[i], name, n) == 0)
			return (enum seeded_fault)i;
	/* A misspelt fault would make a test of nothing. */
	fprintf(stderr, "CUBBY_SEEDED_FAULT: there is no fault \"%s\"\n", name);
	abort();
}

bool seeded(enum seeded_fault fault)
{
	const char *name = getenv("CUBBY_SEEDED_FAULT");
	bool found = false;

	while (name && *name) {
		const size_t n = strcspn(name, ",");

		found = fault_find(name, n) == fault || found;
		name += n + (name[n] == ',');
	}
	return found;
}

void failpoint(const char *name)
{
	static long passes;
	const char *wanted = getenv("CUBBY_FAILPOINT");
	const size_t n = strlen(name);

	if (!wanted)
		return;
	if (strcmp(wanted, "trace") == 0)
		fprintf(stderr, "failpoint %s\n", name);
	else if (strncmp(wanted, name, n) == 0 && wanted[n] == ':' &&
		 ++passes == strtol(wanted + n + 1, NULL, 10))
		raise(strstr(wanted + n, ":stop") ? SIGSTOP : SIGKILL);
}
