/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One way onto the bus for both sides of this room. */

#include <dbus/dbus.h>
#include "base/cleanup.h"
#include "base/fault.h"

/* address NULL or "system": the system bus; "session": the session bus; else a D-Bus address.
 * Private, registered, and never ending the process. ANSWER_NO_DAEMON: no bus there.
 * ANSWER_INVALID_ARGUMENT: that is no address. */
int connection_open(const char *address, DBusConnection **ret, struct why *why);
DBusConnection *connection_free(DBusConnection *connection);
CLEANUP_DEFINE(DBusConnection *, connection_free)

static inline void dbus_message_unrefp(DBusMessage **message)
{
	if (*message)
		dbus_message_unref(*message);
}

static inline void dbus_error_clean(DBusError *error)
{
	dbus_error_free(error);
}
