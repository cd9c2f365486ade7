/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the answering files of this room share. */

#include <dbus/dbus.h>
#include "bus/client.h"
#include "bus/connection.h"
#include "bus/message_private.h"
#include "bus/server.h"

/* Chains of the table of peers. */
#define SERVER_CHAINS 256
/* Calls waiting or deferred, of all senders together; below what libdbus may hold, so that it never
 * stops reading for the credentials those calls wait for. */
#define SERVER_HELD_MAX_BYTES (512 * 1024)
#define SERVER_RECEIVED_MAX_BYTES (1024 * 1024)
/* The same for descriptors: the bus lets 16 pass in a message. */
#define SERVER_HELD_MAX_FD_CALLS 8
#define SERVER_RECEIVED_MAX_FDS 256

/* A caller, and what only the server knows of it. */
struct peer {
	struct caller caller;
	struct bus_server *server;
	struct peer *next;		/* in its chain */
	bool known;			/* credentials have come */
	DBusPendingCall *asking;
	struct call *waiting, **waiting_end;	/* for the credentials, in order */
	unsigned outstanding;
	int64_t tokens_milli;
	int64_t refilled_ms;
	char name[];
};

struct call {
	struct bus_server *server;	/* NULL: freed meanwhile */
	struct peer *peer;		/* NULL: left meanwhile */
	DBusMessage *request;
	const struct method *method;
	struct message *arguments, *reply;
	struct why why;
	const char *error;		/* a name outside enum answer, for CALL_REFUSED */
	size_t size_bytes;
	bool fds;
	struct call *next_waiting;
	struct call *next, **previous;	/* among all of the server */
};

struct bus_server {
	struct bus_server_config config;
	struct loop *loop;
	DBusConnection *connection;
	struct peer *chains[SERVER_CHAINS];
	struct call *calls;
	size_t held_bytes;
	unsigned held_fd_calls;
	int wake_fd;			/* always readable; watched while messages are left over */
	struct loop_io *wake;
};

/* A refusal with call->error for a name. */
#define CALL_REFUSED 1001

/* watch.c */
int watch_start(struct bus_server *server);
void watch_stop(struct bus_server *server);

/* caller.c */
struct peer *peer_find(struct bus_server *server, const char *name);
/* Finds or begins to ask who it is. */
int peer_get(struct bus_server *server, const char *name, struct peer **ret);
void peer_left(struct peer *peer);
bool peer_token_take(struct peer *peer);
/* Does it hold one of these roles now? */
bool peer_holds(struct peer *peer, unsigned roles);
/* Might it, with a proof? Who may not even then is not told what exists. */
bool peer_might_hold(struct peer *peer, unsigned roles);

/* call.c; calls end with call_finish() */
int call_new(struct peer *peer, DBusMessage *request, size_t size_bytes, struct call **ret);
/* Makes the arguments to be read and the reply to be filled. */
int call_prepare(struct call *call);
__attribute__((format(printf, 3, 4)))
int call_refuse(struct call *call, const char *error, const char *format, ...);
int message_size(DBusMessage *dbus, size_t *ret_bytes);
void message_send(struct bus_server *server, DBusMessage *dbus);
/* The error of an answer. `why` may be cut at its end to be UTF-8. */
void answer_send(struct bus_server *server, DBusMessage *request, int answer, struct why *why);

/* dispatch.c */
void call_arrived(struct bus_server *server, DBusMessage *request);
void call_run(struct call *call);
/* ANSWER_NOT_AUTHORIZED, with the reason written and the service told. */
int call_deny(struct call *call, const struct method *method);

/* object.c: what there is for whom */
bool object_has(struct bus_server *server, const char *path, const char *interface);
/* NULL unless the peer might read or call something there. */
const char *const *object_seen(struct bus_server *server, struct peer *peer, const char *path);
#define OBJECT_PATH_BYTES 256
/* How far below BUS_PATH objects are looked for. */
#define OBJECT_LEVELS_MAX 4
/* What the service says is below; the caller frees the array. May be NULL. */
const char **object_children(struct bus_server *server, struct peer *peer, const char *path);
/* False: too long. */
bool object_below(const char *path, const char *child, char ret_below[static OBJECT_PATH_BYTES]);
/* Does the peer see the object, or one below it? `level`: how deep `path` is. */
bool object_leads_somewhere(struct bus_server *server, struct peer *peer, const char *path,
			    unsigned level);
bool interface_seen(struct bus_server *server, struct peer *peer, const char *interface);
bool interface_readable(struct bus_server *server, struct peer *peer, const char *interface);

/* property.c: {name: value} of those properties of one interface that the peer may read */
int property_append_all(struct bus_server *server, struct peer *peer, const char *path,
			const char *interface, struct message *message);

/* The rows the server answers itself. */
int property_get(struct call *call, void *service);
int property_get_all(struct call *call, void *service);
int property_set(struct call *call, void *service);
int introspect_answer(struct call *call, void *service);
int manager_answer(struct call *call, void *service);
