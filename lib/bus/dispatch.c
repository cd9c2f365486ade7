/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a message to a handler. Whatever is not plainly allowed by a row of the table ends
 * here with an error; no handler runs before every check has passed.
 */

#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "bus/server_private.h"

static const struct method own_methods[] = {
	{ DBUS_INTERFACE_PROPERTIES, "Get", "ss", "v", NULL, NULL, ROLE_ANYONE, property_get },
	{ DBUS_INTERFACE_PROPERTIES, "GetAll", "s", "a{sv}", NULL, NULL, ROLE_ANYONE,
	  property_get_all },
	{ DBUS_INTERFACE_PROPERTIES, "Set", "ssv", "", NULL, NULL, ROLE_ANYONE, property_set },
	{ DBUS_INTERFACE_INTROSPECTABLE, "Introspect", "", "s", NULL, NULL, ROLE_ANYONE,
	  introspect_answer },
	{ "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "", "a{oa{sa{sv}}}", NULL,
	  NULL, ROLE_PARENT, manager_answer },
};

/* Refused before there is a call. */
__attribute__((format(printf, 4, 5)))
static void message_refuse(struct bus_server *server, DBusMessage *request, int answer,
			   const char *format, ...)
{
	struct why why = { 0 };
	va_list list;

	va_start(list, format);
	vsnprintf(why.text, sizeof(why.text), format, list);
	va_end(list);
	answer_send(server, request, answer, &why);
}

/* False: refused. */
static bool limits_hold(struct peer *peer, DBusMessage *request, size_t size_bytes)
{
	struct bus_server *server = peer->server;
	bool fds = dbus_message_contains_unix_fds(request);

	if (size_bytes > BUS_CALL_MAX_BYTES) {
		message_refuse(server, request, ANSWER_INVALID_ARGUMENT,
			       "a call of %zu bytes is too large: at most %d", size_bytes,
			       BUS_CALL_MAX_BYTES);
		return false;
	}
	if (peer->outstanding >= BUS_CALLS_OUTSTANDING) {
		message_refuse(server, request, ANSWER_BUSY,
			       "%d calls of this connection are waiting: let one of them end first",
			       BUS_CALLS_OUTSTANDING);
		return false;
	}
	if (server->held_bytes + size_bytes > SERVER_HELD_MAX_BYTES ||
	    server->held_fd_calls + fds > SERVER_HELD_MAX_FD_CALLS) {
		message_refuse(server, request, ANSWER_BUSY,
			       "too much is waiting at the moment: try again in a second");
		return false;
	}
	return true;
}

void call_arrived(struct bus_server *server, DBusMessage *request)
{
	const char *sender = dbus_message_get_sender(request);
	struct peer *peer;
	struct call *call = NULL;
	size_t size_bytes;

	/* Who cannot be accounted for is not heard. */
	if (!sender || peer_get(server, sender, &peer) < 0)
		return;
	if (!peer_token_take(peer)) {
		message_refuse(server, request, ANSWER_RATE_LIMITED,
			       "more than %u calls a second: wait a moment",
			       server->config.refill_calls_per_s);
		return;
	}
	if (message_size(request, &size_bytes) < 0 || !limits_hold(peer, request, size_bytes) ||
	    call_new(peer, request, size_bytes, &call) < 0)
		return;
	if (peer->known) {
		call_run(call);
		return;
	}
	*peer->waiting_end = call;
	peer->waiting_end = &call->next_waiting;
}

static const struct method *method_in(const struct method *methods, size_t n, const char *interface,
				      const char *member, bool *interface_known)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(methods[i].interface, interface) != 0)
			continue;
		*interface_known = true;
		if (strcmp(methods[i].member, member) == 0)
			return &methods[i];
	}
	return NULL;
}

static int method_find(struct call *call)
{
	const struct bus_table *table = call->server->config.table;
	const char *interface = dbus_message_get_interface(call->request);
	const char *member = dbus_message_get_member(call->request);
	bool known = false;

	/* Bus policies match interfaces: a call without one would have passed under them. */
	if (!interface)
		return call_refuse(call, DBUS_ERROR_UNKNOWN_INTERFACE,
				   "the call of %s does not name its interface", member);
	call->method = method_in(own_methods, ARRAY_SIZE(own_methods), interface, member, &known);
	if (!call->method)
		call->method =
			method_in(table->methods, table->n_methods, interface, member, &known);
	if (call->method)
		return 0;
	return call_refuse(call, known ? DBUS_ERROR_UNKNOWN_METHOD : DBUS_ERROR_UNKNOWN_INTERFACE,
			   "there is no method %s.%s", interface, member);
}

int call_deny(struct call *call, const struct method *method)
{
	const struct bus_server_config *config = &call->server->config;
	bool unproved = method->roles & ROLE_PROOF && call->peer->caller.roles & ROLE_PARENT;

	if (config->hooks->denied)
		config->hooks->denied(config->service, &call->peer->caller, method,
				      unproved ? "no proof" : "no role");
	if (unproved)
		return answer_why(&call->why, ANSWER_NOT_AUTHORIZED,
				  "%s needs a parent's passphrase on this connection first",
				  method->member);
	return answer_why(&call->why, ANSWER_NOT_AUTHORIZED,
			  "%s is for members of the group of %s%s%s only%s", method->member,
			  method->roles & (ROLE_PARENT | ROLE_PROOF) ? "parents" : "",
			  method->roles & ROLE_EAR && method->roles & (ROLE_PARENT | ROLE_PROOF) ?
				  " or " : "",
			  method->roles & ROLE_EAR ? "ears" : "",
			  call->peer->caller.uid == 0 ? "; root is not one of them" : "");
}

/* The server's own methods ask for their objects themselves. */
static int object_check(struct call *call)
{
	const char *path = dbus_message_get_path(call->request);

	if (call->method >= own_methods && call->method < own_methods + ARRAY_SIZE(own_methods))
		return 0;
	if (!object_has(call->server, path, call->method->interface))
		return call_refuse(call, DBUS_ERROR_UNKNOWN_OBJECT, "there is no %s at %s",
				   call->method->interface, path);
	return 0;
}

static int arguments_check(struct call *call)
{
	const struct method *method = call->method;
	DBusMessageIter at;
	const char *bad = NULL;

	if (!dbus_message_has_signature(call->request, method->in_signature))
		return answer_why(&call->why, ANSWER_INVALID_ARGUMENT,
				  "%s takes the arguments \"%s\", not \"%s\"", method->member,
				  method->in_signature, dbus_message_get_signature(call->request));
	if (call->fds && !strchr(method->in_signature, 'h'))
		return answer_why(&call->why, ANSWER_INVALID_ARGUMENT,
				  "%s takes no file descriptor", method->member);
	if (!method->options)
		return 0;
	dbus_message_iter_init(call->request, &at);
	while (dbus_message_iter_has_next(&at))
		dbus_message_iter_next(&at);
	if (!message_keys_allowed(&at, method->options, &bad))
		return answer_why(&call->why, ANSWER_INVALID_ARGUMENT,
				  "%s does not take the option \"%.64s\", or not twice",
				  method->member, bad);
	return 0;
}

static int call_guard(struct call *call)
{
	int r;

	r = method_find(call);
	if (r != 0)
		return r;
	if (!peer_holds(call->peer, call->method->roles))
		return call_deny(call, call->method);
	if ((r = object_check(call)) != 0 || (r = arguments_check(call)) != 0)
		return r;
	return 0;
}

void call_run(struct call *call)
{
	int r;

	r = call_guard(call);
	if (r == 0)
		r = call_prepare(call);
	if (r == 0)
		r = call->method->handle(call, call->server->config.service);
	/* A deferred call may already be finished and gone. */
	if (r != CALL_DEFERRED)
		call_finish(call, r);
}
