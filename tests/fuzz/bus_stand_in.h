/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A process that stands for the bus daemon, for a keeper that is called from within. */

#include <dbus/dbus.h>
#include <stdbool.h>
#include <sys/types.h>

struct stand_in_caller {
	dbus_uint32_t uid;
	const char *group;	/* NULL: none */
};
#define STAND_IN_CALLERS 5
extern const struct stand_in_caller stand_in_callers[STAND_IN_CALLERS];

/* Listens at `path`; the process dies with this one. -1: errno. */
pid_t stand_in_start(const char *path);
