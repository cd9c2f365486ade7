/* SPDX-License-Identifier: Apache-2.0 */
/* org.freedesktop.DBus.ObjectManager at BUS_PATH. Who may read nothing of an object is not told
 * that it is there, that it came, or that it went. */

#include <string.h>
#include "bus/server_private.h"

#define MANAGER "org.freedesktop.DBus.ObjectManager"

/* {interface: {name: value}} of what this peer may read of an object. */
static int object_append(struct bus_server *server, struct peer *peer, const char *path,
			 const char *const *interfaces, struct message *message)
{
	int r;

	r = message_open(message, 'a', "{sa{sv}}");
	for (size_t i = 0; r == 0 && interfaces[i]; i++) {
		if (!interface_readable(server, peer, interfaces[i]))
			continue;
		if ((r = message_open(message, 'e', "sa{sv}")) == 0 &&
		    (r = message_append(message, "s", interfaces[i])) == 0 &&
		    (r = property_append_all(server, peer, path, interfaces[i], message)) == 0)
			r = message_close(message);
	}
	if (r == 0)
		r = message_close(message);
	return r < 0 ? fault_trace(r) : r;
}

static bool object_readable(struct bus_server *server, struct peer *peer,
			    const char *const *interfaces)
{
	for (size_t i = 0; interfaces && interfaces[i]; i++)
		if (interface_readable(server, peer, interfaces[i]))
			return true;
	return false;
}

static int object_entry(struct call *call, const char *path)
{
	const struct bus_server_config *config = &call->server->config;
	const char *const *interfaces = config->hooks->object_interfaces(config->service, path);
	struct message *reply = call_reply(call);
	int r;

	if (!object_readable(call->server, call->peer, interfaces))
		return 0;
	if ((r = message_open(reply, 'e', "oa{sa{sv}}")) == 0 &&
	    (r = message_append(reply, "o", path)) == 0 &&
	    (r = object_append(call->server, call->peer, path, interfaces, reply)) == 0)
		r = message_close(reply);
	return r < 0 ? fault_trace(r) : r;
}

/* Everything below `path`, itself not included. */
static int objects_append(struct call *call, const char *path, unsigned level)
{
	_cleanup_(cleanup_free) const char **children = NULL;
	char below[OBJECT_PATH_BYTES];
	int r = 0;

	if (level < OBJECT_LEVELS_MAX)
		children = object_children(call->server, call->peer, path);
	for (size_t i = 0; children && children[i] && r == 0; i++) {
		if (!object_below(path, children[i], below))
			return fault_origin(-ENAMETOOLONG);
		r = object_entry(call, below);
		if (r == 0)
			r = objects_append(call, below, level + 1);
	}
	return r < 0 ? fault_trace(r) : r;
}

int manager_answer(struct call *call, void *service)
{
	int r;

	if (strcmp(call_path(call), BUS_PATH) != 0)
		return call_refuse(call, DBUS_ERROR_UNKNOWN_OBJECT,
				   "the object manager is at " BUS_PATH);
	if ((r = message_open(call_reply(call), 'a', "{oa{sa{sv}}}")) == 0 &&
	    (r = objects_append(call, BUS_PATH, 0)) == 0)
		r = message_close(call_reply(call));
	return r < 0 ? fault_trace(r) : r;
}

struct change {
	struct bus_server *server;
	struct peer *peer;
	const char *path;
	const char *const *interfaces;
};

static int added_append(struct message *arguments, void *context)
{
	struct change *change = context;
	int r;

	r = message_append(arguments, "o", change->path);
	if (r == 0)
		r = object_append(change->server, change->peer, change->path, change->interfaces,
				  arguments);
	return r < 0 ? fault_trace(r) : r;
}

static int removed_append(struct message *arguments, void *context)
{
	struct change *change = context;
	int r;

	r = message_append(arguments, "o", change->path);
	if (r == 0)
		r = message_open(arguments, 'a', "s");
	for (size_t i = 0; r == 0 && change->interfaces[i]; i++)
		if (interface_readable(change->server, change->peer, change->interfaces[i]))
			r = message_append(arguments, "s", change->interfaces[i]);
	if (r == 0)
		r = message_close(arguments);
	return r < 0 ? fault_trace(r) : 0;
}

static int change_tell(struct change *change, const char *member,
		       int (*append)(struct message *arguments, void *context))
{
	struct bus_server *server = change->server;
	int r, result = 0;

	for (size_t i = 0; i < SERVER_CHAINS; i++) {
		for (struct peer *peer = server->chains[i]; peer; peer = peer->next) {
			if (!object_readable(server, peer, change->interfaces))
				continue;
			change->peer = peer;
			r = bus_server_signal(server, &peer->caller, BUS_PATH, MANAGER, member,
					      append, change);
			if (r != 0 && result == 0)
				result = r;
		}
	}
	return result < 0 ? fault_trace(result) : result;
}

int bus_server_object_added(struct bus_server *server, const char *path)
{
	struct change change = { .server = server, .path = path };
	int r;

	change.interfaces = server->config.hooks->object_interfaces(server->config.service, path);
	if (!change.interfaces)
		return fault_origin(-ENOENT);
	r = change_tell(&change, "InterfacesAdded", added_append);
	return r < 0 ? fault_trace(r) : r;
}

int bus_server_object_removed(struct bus_server *server, const char *path,
			      const char *const *interfaces)
{
	struct change change = { .server = server, .path = path, .interfaces = interfaces };
	int r;

	r = change_tell(&change, "InterfacesRemoved", removed_append);
	return r < 0 ? fault_trace(r) : r;
}
