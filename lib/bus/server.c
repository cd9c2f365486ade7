/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answering side of the bus: the connection, the name, and what the bus itself tells. Losing
 * either connection or name ends the loop; a keeper that nobody can reach must not look alive.
 */

#include <string.h>
#include "base/log.h"
#include "bus/server_private.h"

#define BURST_CALLS 500
#define REFILL_CALLS_PER_S 200
/* Every connection that leaves the bus: the new owner of its name is nobody. */
#define MATCH_LEFT "type='signal',sender='" DBUS_SERVICE_DBUS "',path='" DBUS_PATH_DBUS "'," \
		   "interface='" DBUS_INTERFACE_DBUS "',member='NameOwnerChanged',arg2=''"

static void name_owner_changed(struct bus_server *server, DBusMessage *message)
{
	const char *name, *old, *new;
	struct peer *peer;

	if (!dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_STRING, &old,
				   DBUS_TYPE_STRING, &new, DBUS_TYPE_INVALID))
		return;
	peer = *new ? NULL : peer_find(server, name);
	if (peer)
		peer_left(peer);
}

static void name_lost(struct bus_server *server, DBusMessage *message)
{
	const char *name;

	if (dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID) &&
	    strcmp(name, BUS_NAME) == 0) {
		log_error("bus: the name " BUS_NAME " was lost; stopping");
		loop_quit(server->loop, 1);
	}
}

/* Signals count only from the bus, and the loss of the connection only from libdbus itself, which
 * lets no other message with its interface through. */
static void signal_arrived(struct bus_server *server, DBusMessage *message)
{
	if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected")) {
		log_error("bus: the connection was lost; stopping");
		loop_quit(server->loop, 1);
		return;
	}
	if (!dbus_message_has_sender(message, DBUS_SERVICE_DBUS))
		return;
	if (dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameOwnerChanged"))
		name_owner_changed(server, message);
	else if (dbus_message_is_signal(message, DBUS_INTERFACE_DBUS, "NameLost"))
		name_lost(server, message);
}

static DBusHandlerResult message_arrived(DBusConnection *connection, DBusMessage *message,
					 void *context)
{
	struct bus_server *server = context;

	switch (dbus_message_get_type(message)) {
	case DBUS_MESSAGE_TYPE_METHOD_CALL:
		call_arrived(server, message);
		return DBUS_HANDLER_RESULT_HANDLED;
	case DBUS_MESSAGE_TYPE_SIGNAL:
		signal_arrived(server, message);
		return DBUS_HANDLER_RESULT_HANDLED;
	default:
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	}
}

/*
 * libdbus drops the whole connection when a message exceeds dbus_connection_set_max_message_size(),
 * and any stranger may send one that only the bus has measured. So that limit, and the one on
 * descriptors, stay as wide as the bus allows, and the dispatcher refuses the call; what is bounded
 * here only makes libdbus pause reading.
 */
static void limits_set(DBusConnection *connection)
{
	dbus_connection_set_max_received_size(connection, SERVER_RECEIVED_MAX_BYTES);
	dbus_connection_set_max_received_unix_fds(connection, SERVER_RECEIVED_MAX_FDS);
}

static int server_start(struct bus_server *server)
{
	_cleanup_(dbus_error_clean) DBusError error = DBUS_ERROR_INIT;
	int r;

	limits_set(server->connection);
	dbus_bus_add_match(server->connection, MATCH_LEFT, &error);
	if (dbus_error_is_set(&error)) {
		log_error("bus: %s", error.message);
		return fault_origin(-EIO);
	}
	r = watch_start(server);
	if (r < 0)
		return fault_trace(r);
	if (!dbus_connection_add_filter(server->connection, message_arrived, server, NULL))
		return fault_origin(-ENOMEM);
	return 0;
}

int bus_server_new(struct loop *loop, const struct bus_server_config *config,
		   struct bus_server **ret, struct why *why)
{
	_cleanup_(bus_server_freep) struct bus_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return fault_origin(-ENOMEM);
	server->loop = loop;
	server->config = *config;
	server->wake_fd = -1;
	if (!server->config.clock)
		server->config.clock = &clock_system;
	if (server->config.burst_calls == 0)
		server->config.burst_calls = BURST_CALLS;
	if (server->config.refill_calls_per_s == 0)
		server->config.refill_calls_per_s = REFILL_CALLS_PER_S;
	r = connection_open(config->address, &server->connection, why);
	if (r != 0)
		return r < 0 ? fault_trace(r) : r;
	r = server_start(server);
	if (r < 0)
		return fault_trace(r);
	*ret = take(server);
	return 0;
}

int bus_server_take_name(struct bus_server *server, struct why *why)
{
	_cleanup_(dbus_error_clean) DBusError error = DBUS_ERROR_INIT;
	int owner;

	owner = dbus_bus_request_name(server->connection, BUS_NAME, DBUS_NAME_FLAG_DO_NOT_QUEUE,
				      &error);
	if (dbus_error_has_name(&error, DBUS_ERROR_ACCESS_DENIED))
		return answer_why(why, ANSWER_NOT_AUTHORIZED,
				  "the bus does not let this user own " BUS_NAME
				  ": run the keeper as the user of "
				  "packaging/dbus/org.cubby.Cubby1.conf, and install that file");
	if (owner < 0) {
		log_error("bus: %s", error.message);
		return fault_origin(-EIO);
	}
	if (owner != DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER &&
	    owner != DBUS_REQUEST_NAME_REPLY_ALREADY_OWNER)
		return answer_why(why, ANSWER_EXISTS,
				  BUS_NAME " is taken on this bus: another keeper is running; stop "
					   "it first");
	return 0;
}

struct bus_server *bus_server_free(struct bus_server *server)
{
	if (!server)
		return NULL;
	for (size_t i = 0; i < SERVER_CHAINS; i++)
		while (server->chains[i])
			peer_left(server->chains[i]);
	/* Calls that a handler still keeps: it ends them, to nobody. */
	while (server->calls) {
		struct call *call = server->calls;

		server->calls = call->next;
		call->server = NULL;
		call->previous = NULL;
		call->next = NULL;
	}
	if (server->connection)
		dbus_connection_flush(server->connection);
	watch_stop(server);
	connection_free(server->connection);
	free(server);
	return NULL;
}

int bus_server_signal(struct bus_server *server, struct caller *to, const char *path,
		      const char *interface, const char *member,
		      int (*append)(struct message *arguments, void *context), void *context)
{
	_cleanup_(dbus_message_unrefp) DBusMessage *dbus = NULL;
	_cleanup_(message_freep) struct message *arguments = NULL;
	int r;

	if (!dbus_validate_path(path, NULL) || !dbus_validate_interface(interface, NULL) ||
	    !dbus_validate_member(member, NULL))
		return fault_origin(-EINVAL);
	dbus = dbus_message_new_signal(path, interface, member);
	if (!dbus || !dbus_message_set_destination(dbus, to->name))
		return fault_origin(-ENOMEM);
	arguments = message_wrap(dbus);
	if (!arguments)
		return fault_origin(-ENOMEM);
	r = append ? append(arguments, context) : 0;
	if (r != 0)
		return r < 0 ? fault_trace(r) : r;
	if (arguments->depth > 0)
		return fault_origin(-EINVAL);
	if (!dbus_connection_send(server->connection, dbus, NULL))
		return fault_origin(-ENOMEM);
	return 0;
}

void bus_server_each(struct bus_server *server, void (*visit)(struct caller *caller, void *context),
		     void *context)
{
	for (size_t i = 0; i < SERVER_CHAINS; i++)
		for (struct peer *peer = server->chains[i]; peer; peer = peer->next)
			if (peer->known)
				visit(&peer->caller, context);
}
