/* SPDX-License-Identifier: Apache-2.0 */
/* What there is, and for whom. An object nobody of a caller's roles could use does not exist for
 * that caller: asking must not tell how many profiles or jobs a household has. */

#include <stdio.h>
#include <string.h>
#include "bus/server_private.h"

bool object_has(struct bus_server *server, const char *path, const char *interface)
{
	const char *const *interfaces =
		server->config.hooks->object_interfaces(server->config.service, path);

	for (size_t i = 0; interfaces && interfaces[i]; i++)
		if (strcmp(interfaces[i], interface) == 0)
			return true;
	return false;
}

bool interface_readable(struct bus_server *server, struct peer *peer, const char *interface)
{
	const struct bus_table *table = server->config.table;

	for (size_t i = 0; i < table->n_properties; i++)
		if (strcmp(table->properties[i].interface, interface) == 0 &&
		    peer_holds(peer, table->properties[i].roles))
			return true;
	return false;
}

bool interface_seen(struct bus_server *server, struct peer *peer, const char *interface)
{
	const struct bus_table *table = server->config.table;

	for (size_t i = 0; i < table->n_methods; i++)
		if (strcmp(table->methods[i].interface, interface) == 0 &&
		    peer_might_hold(peer, table->methods[i].roles))
			return true;
	for (size_t i = 0; i < table->n_properties; i++)
		if (strcmp(table->properties[i].interface, interface) == 0 &&
		    peer_might_hold(peer, table->properties[i].roles))
			return true;
	return false;
}

const char *const *object_seen(struct bus_server *server, struct peer *peer, const char *path)
{
	const char *const *interfaces =
		server->config.hooks->object_interfaces(server->config.service, path);

	for (size_t i = 0; interfaces && interfaces[i]; i++)
		if (interface_seen(server, peer, interfaces[i]))
			return interfaces;
	return NULL;
}

const char **object_children(struct bus_server *server, struct peer *peer, const char *path)
{
	const struct bus_server_hooks *hooks = server->config.hooks;

	return hooks->object_children ?
		       hooks->object_children(server->config.service, &peer->caller, path) :
		       NULL;
}

bool object_below(const char *path, const char *child, char ret_below[static OBJECT_PATH_BYTES])
{
	int n = snprintf(ret_below, OBJECT_PATH_BYTES, "%s/%s", path, child);

	return n > 0 && n < OBJECT_PATH_BYTES;
}

bool object_leads_somewhere(struct bus_server *server, struct peer *peer, const char *path,
			    unsigned level)
{
	_cleanup_(cleanup_free) const char **children = NULL;
	char below[OBJECT_PATH_BYTES];

	if (object_seen(server, peer, path))
		return true;
	if (level >= OBJECT_LEVELS_MAX)
		return false;
	children = object_children(server, peer, path);
	for (size_t i = 0; children && children[i]; i++)
		if (object_below(path, children[i], below) &&
		    object_leads_somewhere(server, peer, below, level + 1))
			return true;
	return false;
}
