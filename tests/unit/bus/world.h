/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A bus, the toy service on it, and clients of every role. */

#include "unit/test.h"

#include "bus/client.h"
#include "bus/server.h"
#include "support/bus_fixture.h"

#define TOY BUS_NAME ".Toy"
#define EAR_GID 54001
#define PARENTS_GID 54002
#define OTHER_GID 54003
/* "nobody": the bus turns away users that are not in the user database. */
#define SOME_UID 65534

struct world {
	struct bus_fixture bus;
	pid_t toy;
	char toy_says[256];	/* "ready", or why it did not start */
};

/* burst, refill: 0 for the defaults. */
void world_start(struct world *world, unsigned burst, unsigned refill);
/* Ends the toy, which must exit with `code`, and the bus. */
void world_stop(struct world *world, int code);
/* One more toy on the same bus; its exit code is returned at once if it does not start. */
pid_t world_toy(struct world *world, unsigned burst, unsigned refill);

/* A connection of SOME_UID with one group. Skips the test where this process may not. */
struct bus_client *world_client(struct world *world, gid_t gid);
/* A connection of this process as it is. */
struct bus_client *world_self(struct world *world);

/* Calls a method of the toy; `signature` and the arguments are followed by an empty a{sv}. The
 * reply is kept until the next call. */
int toy_call(struct bus_client *client, const char *member, const char *signature, ...);
struct message *toy_reply(void);
struct why *toy_why(void);
/* Calls without arguments of its own, for instance of the interfaces of the bus. */
int any_call(struct bus_client *client, const char *path, const char *interface, const char *member,
	     const char *signature, ...);
