/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A real dbus-daemon of one's own, on a socket in a private directory, ended with the test. */

#include <stdbool.h>
#include <sys/types.h>

struct bus_fixture {
	pid_t pid;
	char directory[64];
	char address[256];
};

/* extra: more of the configuration ("<include>…", "<policy …>", "<limit …>"), or NULL. Everybody
 * may own, send and receive everything unless `extra` says otherwise. 0, or -errno. */
int bus_fixture_start(struct bus_fixture *bus, const char *extra);
void bus_fixture_stop(struct bus_fixture *bus);

/* Whoever connects between these two calls is uid with the one group gid, for the bus as for the
 * kernel. False when this process may not (it is not root). */
bool bus_fixture_become(uid_t uid, gid_t gid);
void bus_fixture_become_self(void);
