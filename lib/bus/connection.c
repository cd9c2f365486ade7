/* SPDX-License-Identifier: Apache-2.0 */
/* Getting onto the bus. The connection is never one that somebody else in this process shares, and
 * its loss never ends the process behind its host's back. */

#include <string.h>

#include "base/words.h"
#include "bus/connection.h"

/* Why there is no connection, in words that say what to do. */
static int open_failed(const DBusError *error, const char *address, struct why *why)
{
	if (dbus_error_has_name(error, DBUS_ERROR_NO_MEMORY))
		return fault_origin(-ENOMEM);
	if (dbus_error_has_name(error, DBUS_ERROR_BAD_ADDRESS))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%s\" is no bus address: use system, session or an address "
				  "like unix:path=/run/dbus/system_bus_socket",
				  address ? address : "system");
	return answer_why(why, ANSWER_NO_DAEMON,
			  "no message bus at %s (%s): is dbus-daemon running, and is the address "
			  "right?",
			  address ? address : _("the system bus"), error->message);
}

static DBusConnection *open_address(const char *address, DBusError *error)
{
	_cleanup_(connection_freep) DBusConnection *connection = NULL;

	if (!address || strcmp(address, "system") == 0)
		return dbus_bus_get_private(DBUS_BUS_SYSTEM, error);
	if (strcmp(address, "session") == 0)
		return dbus_bus_get_private(DBUS_BUS_SESSION, error);
	connection = dbus_connection_open_private(address, error);
	if (!connection || !dbus_bus_register(connection, error))
		return NULL;
	return take(connection);
}

int connection_open(const char *address, DBusConnection **ret, struct why *why)
{
	_cleanup_(dbus_error_clean) DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection;

	if (!dbus_threads_init_default())
		return fault_origin(-ENOMEM);
	/* The host's SIGPIPE is the host's; libdbus sends with MSG_NOSIGNAL. */
	dbus_connection_set_change_sigpipe(FALSE);
	connection = open_address(address, &error);
	if (!connection) {
		int r = open_failed(&error, address, why);
		return r < 0 ? fault_trace(r) : r;
	}
	dbus_connection_set_exit_on_disconnect(connection, FALSE);
	*ret = connection;
	return 0;
}

DBusConnection *connection_free(DBusConnection *connection)
{
	if (connection) {
		dbus_connection_close(connection);
		dbus_connection_unref(connection);
	}
	return NULL;
}
