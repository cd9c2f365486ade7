/* SPDX-License-Identifier: Apache-2.0 */
/* The process that stands for the bus: authentication, Hello, the name, and who callers are. It
 * answers nothing else, and reads all that it is sent. */

#include "bus_stand_in.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ROOM_BYTES (4 << 20)

static void text_send(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void reply_send(int fd, DBusMessage *reply)
{
	static dbus_uint32_t serial = 1;
	char *bytes;
	int n;

	dbus_message_set_serial(reply, serial++);
	dbus_message_set_sender(reply, DBUS_SERVICE_DBUS);
	if (!dbus_message_marshal(reply, &bytes, &n) ||
	    send(fd, bytes, (size_t)n, MSG_NOSIGNAL) < 0)
		_exit(1);
	dbus_free(bytes);
	dbus_message_unref(reply);
}

static gid_t gid_of(const char *name)
{
	struct group *group = getgrnam(name);

	return group ? group->gr_gid : 0;
}

static void entry_append(DBusMessageIter *entries, const char *key, const char *signature,
			 DBusMessageIter *ret_entry, DBusMessageIter *ret_value)
{
	dbus_message_iter_open_container(entries, DBUS_TYPE_DICT_ENTRY, NULL, ret_entry);
	dbus_message_iter_append_basic(ret_entry, DBUS_TYPE_STRING, &key);
	dbus_message_iter_open_container(ret_entry, DBUS_TYPE_VARIANT, signature, ret_value);
}

/* ":1.N": the N-th of stand_in_callers. */
static DBusMessage *credentials(DBusMessage *request)
{
	DBusMessage *reply = dbus_message_new_method_return(request);
	DBusMessageIter at, entries, entry, value, gids;
	const struct stand_in_caller *caller;
	const char *name = "";
	dbus_uint32_t uid, gid;
	unsigned number;

	dbus_message_get_args(request, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
	if (sscanf(name, ":1.%u", &number) != 1 || number >= STAND_IN_CALLERS)
		return dbus_message_new_error(request, DBUS_ERROR_NAME_HAS_NO_OWNER, name);
	caller = &stand_in_callers[number];
	uid = caller->uid;
	dbus_message_iter_init_append(reply, &at);
	dbus_message_iter_open_container(&at, DBUS_TYPE_ARRAY, "{sv}", &entries);
	entry_append(&entries, "UnixUserID", "u", &entry, &value);
	dbus_message_iter_append_basic(&value, DBUS_TYPE_UINT32, &uid);
	dbus_message_iter_close_container(&entry, &value);
	dbus_message_iter_close_container(&entries, &entry);
	entry_append(&entries, "UnixGroupIDs", "au", &entry, &value);
	dbus_message_iter_open_container(&value, DBUS_TYPE_ARRAY, "u", &gids);
	if (caller->group) {
		gid = gid_of(caller->group);
		dbus_message_iter_append_basic(&gids, DBUS_TYPE_UINT32, &gid);
	}
	dbus_message_iter_close_container(&value, &gids);
	dbus_message_iter_close_container(&entry, &value);
	dbus_message_iter_close_container(&entries, &entry);
	dbus_message_iter_close_container(&at, &entries);
	return reply;
}

static void answer(int fd, DBusMessage *request)
{
	const char *member = dbus_message_get_member(request), *name = ":1.1000";
	dbus_uint32_t owner = DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER;
	DBusMessage *reply;

	if (dbus_message_get_type(request) != DBUS_MESSAGE_TYPE_METHOD_CALL ||
	    !dbus_message_has_destination(request, DBUS_SERVICE_DBUS))
		return;
	if (strcmp(member, "GetConnectionCredentials") == 0) {
		reply_send(fd, credentials(request));
		return;
	}
	reply = dbus_message_new_method_return(request);
	if (strcmp(member, "Hello") == 0)
		dbus_message_append_args(reply, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
	if (strcmp(member, "RequestName") == 0)
		dbus_message_append_args(reply, DBUS_TYPE_UINT32, &owner, DBUS_TYPE_INVALID);
	reply_send(fd, reply);
}

/* A line of the handshake ends with "\r\n"; what follows BEGIN are messages. */
static bool handshake(int fd, const char *line)
{
	if (strstr(line, "AUTH EXTERNAL"))
		text_send(fd, "OK 0123456789abcdef0123456789abcdef\r\n");
	else if (strncmp(line, "NEGOTIATE_UNIX_FD", 17) == 0)
		text_send(fd, "AGREE_UNIX_FD\r\n");
	return strncmp(line, "BEGIN", 5) != 0;
}

/* Descriptors that come with messages are closed by who does not take them: the kernel. */
static void serve(int fd)
{
	static char room[ROOM_BYTES];
	bool shaking = true;
	size_t n = 0;
	ssize_t got;

	while ((got = recv(fd, room + n, sizeof(room) - n, 0)) > 0) {
		size_t at = 0;

		n += (size_t)got;
		while (shaking) {
			char *end = memmem(room + at, n - at, "\r\n", 2);

			if (!end)
				break;
			*end = '\0';
			/* A zero byte comes first of all. */
			at += room[at] == '\0' && at == 0;
			shaking = handshake(fd, room + at);
			at = (size_t)(end + 2 - room);
		}
		while (!shaking) {
			int size = dbus_message_demarshal_bytes_needed(room + at, (int)(n - at));
			DBusMessage *message;

			if (size <= 0 || (size_t)size > n - at)
				break;
			message = dbus_message_demarshal(room + at, size, NULL);
			if (message) {
				answer(fd, message);
				dbus_message_unref(message);
			}
			at += (size_t)size;
		}
		memmove(room, room + at, n - at);
		n -= at;
	}
}

pid_t stand_in_start(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listening, 4) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int fd = accept(listening, NULL, NULL);

			serve(fd);
			close(fd);
		}
	}
	close(listening);
	return pid;
}
