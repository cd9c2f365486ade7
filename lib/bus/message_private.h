/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the other files of this room know of a message. */

#include <dbus/dbus.h>
#include "bus/message.h"

/* Deep enough for every signature in schemas/dbus with room to grow; D-Bus itself allows 64. */
#define MESSAGE_DEPTH 16

struct message {
	DBusMessage *dbus;
	enum { MESSAGE_IDLE, MESSAGE_READING, MESSAGE_WRITING } mode;
	unsigned depth;
	DBusMessageIter at[MESSAGE_DEPTH];	/* at[depth] is where the next argument is */
};

/* Takes a reference of its own. NULL when there is no memory. */
struct message *message_wrap(DBusMessage *dbus);
/* As message_read(), from a caller's list. */
int message_read_list(struct message *message, const char *signature, va_list *list) _must_use_;
/* Are the options at this place, an a{sv}, nothing but these keys, each once? Moves nothing. */
bool message_keys_allowed(DBusMessageIter *options, const char *const *keys, const char **ret_bad);
