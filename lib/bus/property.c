/* SPDX-License-Identifier: Apache-2.0 */
/* org.freedesktop.DBus.Properties over the table. Each value has its own guard; GetAll is no way
 * around it, and nothing is ever set. */

#include <string.h>
#include "bus/server_private.h"

static const struct property *property_find(const struct bus_table *table, const char *interface,
					    const char *name)
{
	for (size_t i = 0; i < table->n_properties; i++)
		if (strcmp(table->properties[i].interface, interface) == 0 &&
		    strcmp(table->properties[i].name, name) == 0)
			return &table->properties[i];
	return NULL;
}

static int value_append(struct bus_server *server, struct peer *peer, const char *path,
			const struct property *property, struct message *message)
{
	int r;

	r = message_open(message, 'v', property->signature);
	if (r < 0)
		return fault_trace(r);
	r = property->get(&peer->caller, server->config.service, path, message);
	if (r != 0)
		return r < 0 ? fault_trace(r) : r;
	r = message_close(message);
	return r < 0 ? fault_trace(r) : 0;
}

static int deny(struct call *call, const struct property *property)
{
	const struct method method = {
		.interface = property->interface,
		.member = property->name,
		.roles = property->roles,
	};

	return call_deny(call, &method);
}

static int no_object(struct call *call, const char *interface)
{
	return call_refuse(call, DBUS_ERROR_UNKNOWN_OBJECT, "there is no %s at %s",
			   *interface ? interface : "object", call_path(call));
}

int property_get(struct call *call, void *service)
{
	const struct property *property;
	const char *interface, *name;
	int r;

	r = message_read(call_arguments(call), "ss", &interface, &name);
	if (r != 0)
		return r;
	property = property_find(call->server->config.table, interface, name);
	if (!property)
		return call_refuse(call, DBUS_ERROR_UNKNOWN_PROPERTY,
				   "there is no property %.128s.%.64s", interface, name);
	if (!peer_holds(call->peer, property->roles))
		return deny(call, property);
	if (!object_has(call->server, call_path(call), interface))
		return no_object(call, interface);
	r = value_append(call->server, call->peer, call_path(call), property, call_reply(call));
	return r < 0 ? fault_trace(r) : r;
}

/* The entries of one interface, into an open a{sv}. */
static int entries_append(struct bus_server *server, struct peer *peer, const char *path,
			  const char *interface, struct message *message)
{
	const struct bus_table *table = server->config.table;
	int r;

	for (size_t i = 0; i < table->n_properties; i++) {
		const struct property *property = &table->properties[i];

		if (strcmp(property->interface, interface) != 0 ||
		    !peer_holds(peer, property->roles))
			continue;
		if ((r = message_open(message, 'e', "sv")) < 0 ||
		    (r = message_append(message, "s", property->name)) < 0)
			return fault_trace(r);
		r = value_append(server, peer, path, property, message);
		if (r != 0)
			return r < 0 ? fault_trace(r) : r;
		r = message_close(message);
		if (r < 0)
			return fault_trace(r);
	}
	return 0;
}

int property_append_all(struct bus_server *server, struct peer *peer, const char *path,
			const char *interface, struct message *message)
{
	int r;

	r = message_open(message, 'a', "{sv}");
	if (r < 0)
		return fault_trace(r);
	r = entries_append(server, peer, path, interface, message);
	if (r != 0)
		return r < 0 ? fault_trace(r) : r;
	r = message_close(message);
	return r < 0 ? fault_trace(r) : 0;
}

/* Interfaces that have properties, none of which this caller may read, are denied; an empty
 * dictionary would look like an answer. */
static int readable_check(struct call *call, const char *interface)
{
	const struct bus_table *table = call->server->config.table;

	if (interface_readable(call->server, call->peer, interface))
		return 0;
	for (size_t i = 0; i < table->n_properties; i++)
		if (strcmp(table->properties[i].interface, interface) == 0)
			return deny(call, &table->properties[i]);
	return 0;
}

static int all_of_object(struct call *call, const char *const *interfaces)
{
	int r;

	r = message_open(call_reply(call), 'a', "{sv}");
	for (size_t i = 0; r == 0 && interfaces[i]; i++)
		r = entries_append(call->server, call->peer, call_path(call), interfaces[i],
				   call_reply(call));
	if (r == 0)
		r = message_close(call_reply(call));
	return r < 0 ? fault_trace(r) : r;
}

int property_get_all(struct call *call, void *service)
{
	const char *const *interfaces;
	const char *interface;
	int r;

	r = message_read(call_arguments(call), "s", &interface);
	if (r != 0)
		return r;
	r = readable_check(call, interface);
	if (r != 0)
		return r;
	interfaces = object_seen(call->server, call->peer, call_path(call));
	if (!interfaces)
		return no_object(call, interface);
	if (!*interface)
		return all_of_object(call, interfaces);
	/* Interfaces of the bus itself are on every object and have no properties. */
	if (!object_has(call->server, call_path(call), interface) &&
	    strncmp(interface, "org.freedesktop.DBus.", 21) != 0)
		return no_object(call, interface);
	r = property_append_all(call->server, call->peer, call_path(call), interface,
				call_reply(call));
	return r < 0 ? fault_trace(r) : r;
}

int property_set(struct call *call, void *service)
{
	return call_refuse(call, DBUS_ERROR_PROPERTY_READ_ONLY,
			   "properties are not set; there are methods for what can be changed");
}
