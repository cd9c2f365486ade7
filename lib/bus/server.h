/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The answering side: one connection that owns BUS_NAME, a table of methods generated from
 * schemas/dbus, and the guard before each handler.
 *
 * Of each call, in this order: is there such an interface and member; does the caller hold one of
 * the roles its row names; is there such an object with that interface; do the arguments have the
 * row's signature; are all option keys among those the row lists, each once. Only then the handler
 * runs. The role comes before the object, so that nobody learns which objects exist by asking. A
 * call must name its interface. Whoever the caller is comes from the bus (GetConnectionCredentials,
 * asynchronous, cached until NameOwnerChanged); calls wait for it, in order.
 *
 * The server itself answers Introspectable, Properties (Get and GetAll under the rows' roles; Set
 * never), ObjectManager at BUS_PATH (parents) and Peer. It never blocks after bus_server_new() and
 * bus_server_take_name(). When the bus is lost it ends the loop with code 1.
 */

#include "base/clock.h"
#include "base/loop.h"
#include "bus/message.h"

struct bus_server;
struct call;

/* Roles are a set, not a ladder. */
enum role {
	ROLE_ANYONE = 1,
	ROLE_EAR = 2,		/* in the ear's group */
	ROLE_PARENT = 4,	/* in the parents' group */
	ROLE_PROOF = 8,		/* a parent, with a proof on this connection that has not lapsed */
};

/* Who is calling. Lives from the first call of a connection until it leaves the bus; `left` is the
 * last time the service sees it. */
struct caller {
	const char *name;	/* unique bus name */
	uint32_t uid;
	unsigned roles; /* ROLE_ANYONE, ROLE_EAR, ROLE_PARENT; uid 0 gets only ROLE_ANYONE */
	void *session;		/* the service's: proof, open intakes; see bus_server_hooks */
};

/* What the XML says of one method; rows are generated. */
struct method {
	const char *interface;		/* in full */
	const char *member;
	const char *in_signature;
	const char *out_signature;
	/* Allowed keys of the last a{sv}, NULL-ended; NULL: the method takes no options. */
	const char *const *options;
	const char *const *errors;	/* declared error names, NULL-ended */
	unsigned roles;
	int (*handle)(struct call *call, void *service);
};

struct property {
	const char *interface;
	const char *name;
	const char *signature;
	unsigned roles;
	/* Appends one value of `signature` to `value`. */
	int (*get)(struct caller *caller, void *service, const char *path, struct message *value);
};

struct bus_table {
	const struct method *methods;
	size_t n_methods;
	const struct property *properties;
	size_t n_properties;
	/* Introspection text of one interface, by full name; NULL if unknown. */
	const char *(*introspect)(const char *interface);
};

struct bus_server_hooks {
	/* The NULL-ended interfaces an object has; NULL: no such object. Called for every call. */
	const char *const *(*object_interfaces)(void *service, const char *path);
	/* The NULL-ended names of the children below `path`; may be NULL. `caller` is told only of
	 * those that hold something for its roles, itself or further down. Freed by the server with
	 * free(), the strings are borrowed. */
	const char **(*object_children)(void *service, struct caller *caller, const char *path);
	/* Does this caller hold a proof now? Asked only for rows that want ROLE_PROOF. */
	bool (*proved)(void *service, struct caller *caller);
	/* A denial made here, to be logged: the member asked for (a property comes as a row with
	 * its interface and name and no handler) and why not. May be NULL. */
	void (*denied)(void *service, struct caller *caller, const struct method *method,
		       const char *reason);
	/* The connection left the bus, or the server is being freed: drop what `caller->session`
	 * holds. May be NULL. */
	void (*left)(void *service, struct caller *caller);
};

struct bus_server_config {
	const char *address;		/* as for bus_client_open() */
	uint32_t ear_gid;		/* UINT32_MAX: there is no such group */
	uint32_t parents_gid;		/* the same */
	const struct bus_table *table;
	const struct bus_server_hooks *hooks;
	void *service;
	const struct clock *clock;	/* NULL: clock_system */
	/* A sender may have this many calls at once and so many a second after; more are
	 * RateLimited. 0: 500 and 200. */
	uint32_t burst_calls;
	uint32_t refill_calls_per_s;
};

/* One sender: so many calls that have no reply yet; more are Busy. */
#define BUS_CALLS_OUTSTANDING 8
/* A call's size on the wire; larger ones are refused (InvalidArgument). */
#define BUS_CALL_MAX_BYTES (64 * 1024)
/* What a reply may weigh. Data travel in pages and memfds, never near this. */
#define BUS_REPLY_MAX_BYTES (1024 * 1024)

/* Connects and registers the objects; the name is not taken yet. */
int bus_server_new(struct loop *loop, const struct bus_server_config *config,
		   struct bus_server **ret, struct why *why);
/* ANSWER_EXISTS: somebody owns it. ANSWER_NOT_AUTHORIZED: the bus policy forbids it. */
int bus_server_take_name(struct bus_server *server, struct why *why);
struct bus_server *bus_server_free(struct bus_server *server);
CLEANUP_DEFINE(struct bus_server *, bus_server_free)

/* In a handler: the caller (NULL once call_gone()), the object, the arguments, the reply. */
struct caller *call_caller(struct call *call);
const char *call_path(struct call *call);
struct message *call_arguments(struct call *call);
struct message *call_reply(struct call *call);
/* The value of one option; 0, or ANSWER_NOT_FOUND when absent, ANSWER_INVALID_ARGUMENT when its
 * type is not `signature` (one of s b u t x, or "ay": pointer and length). */
int call_option(struct call *call, const char *key, const char *signature, ...);
/*
 * A handler returns 0 (the reply is sent), an answer (the error is sent with `call_why()`'s text),
 * or a fault (Error.Failed with no detail, trace in the log). To answer later it returns
 * call_defer(), keeps the call, and ends it with call_finish(); call_gone() tells whether the
 * caller still listens. An answer that the row does not declare is a mistake of the handler: it is
 * logged, and Failed is sent. NotAuthorized, InvalidArgument, RateLimited, Busy and Failed need no
 * declaration. A handler must not free the server.
 */
struct why *call_why(struct call *call);
#define CALL_DEFERRED 1000
int call_defer(struct call *call);
void call_finish(struct call *call, int r);
bool call_gone(struct call *call);

/* Signals go only to connections the service names: unicast, never broadcast. `append` fills the
 * arguments. Callers are walked with bus_server_each. */
int bus_server_signal(struct bus_server *server, struct caller *to, const char *path,
		      const char *interface, const char *member,
		      int (*append)(struct message *arguments, void *context), void *context);
void bus_server_each(struct bus_server *server, void (*visit)(struct caller *caller, void *context),
		     void *context);
/* InterfacesAdded and InterfacesRemoved of BUS_PATH, unicast to those callers who may read a
 * property of the object. `added` asks the hooks what the object has; `removed` is told, as it is
 * gone. */
int bus_server_object_added(struct bus_server *server, const char *path);
int bus_server_object_removed(struct bus_server *server, const char *path,
			      const char *const *interfaces);
