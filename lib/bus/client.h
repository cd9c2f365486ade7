/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The calling side: a private connection to the bus, never shared with the host's own, never
 * exiting on disconnect, and calls that block the calling thread for a bounded time. One thread
 * at a time. */

#include "bus/message.h"

#define BUS_NAME "org.cubby.Cubby1"
#define BUS_PATH "/org/cubby/Cubby1"
#define BUS_TIMEOUT_MS 25000

struct bus_client;

/* address NULL or "system": the system bus (DBUS_SYSTEM_BUS_ADDRESS is honoured); "session"; or
 * an address. ANSWER_NO_DAEMON: no bus there. ANSWER_INVALID_ARGUMENT: that is no address. */
int bus_client_open(const char *address, struct bus_client **ret, struct why *why);
struct bus_client *bus_client_free(struct bus_client *client);
CLEANUP_DEFINE(struct bus_client *, bus_client_free)

/* This connection's unique name, ":1.42". */
const char *bus_client_name(struct bus_client *client);
bool bus_client_connected(struct bus_client *client);

/* interface is the last part ("Archive"; a name with dots is taken whole). path NULL: BUS_PATH. */
int bus_request_new(struct bus_client *client, const char *path, const char *interface,
		    const char *member, struct message **ret);
/* Sends and waits; timeout_ms INT_MAX waits for ever. The answers are those of enum answer, by the
 * error's name; `why` carries the keeper's text. ANSWER_NO_DAEMON: nobody owns the name, or the bus
 * went away. ANSWER_TIMEOUT: no reply in time. A denial by the bus policy is ANSWER_NOT_AUTHORIZED.
 */
int bus_call(struct bus_client *client, struct message *request, int timeout_ms,
	     struct message **ret_reply, struct why *why);

/* The two halves of bus_call(), for who has something to do meanwhile; nothing else may be asked of
 * the client in between. bus_receive() takes `pending` over. */
struct bus_pending;
int bus_send(struct bus_client *client, struct message *request, int timeout_ms,
	     struct bus_pending **ret, struct why *why);
int bus_receive(struct bus_client *client, struct bus_pending *pending, struct message **ret_reply,
		struct why *why);
/* For one whose reply is not wanted any more. */
struct bus_pending *bus_pending_free(struct bus_pending *pending);
CLEANUP_DEFINE(struct bus_pending *, bus_pending_free)

/* Signals reach a client only from the keeper it has called before, and only while it waits in
 * bus_call() or bus_client_poll(). `handle` must not call the client. NULL drops them. */
void bus_client_on_signal(struct bus_client *client,
			  void (*handle)(void *context, const char *path, const char *interface,
					 const char *member, struct message *arguments),
			  void *context);
/* Tells the handler, too, when a keeper comes or goes on a bus that stays: as the bus's own signal
 * "NameOwnerChanged" of the interface "org.freedesktop.DBus". */
void bus_client_watch_keeper(struct bus_client *client);
/* Takes in what arrives within timeout_ms (0: what is there). ANSWER_NO_DAEMON: the bus is gone. */
int bus_client_poll(struct bus_client *client, int timeout_ms);
/* Readable when bus_client_poll() has something to do; owned by the client. -1: gone. */
int bus_client_fd(struct bus_client *client);
