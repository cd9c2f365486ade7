/* SPDX-License-Identifier: Apache-2.0 */
/* What there is, and for whom. An object nobody of a caller's roles could use does not exist for
 * that caller: asking must not tell how many profiles or jobs a household has. */

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
