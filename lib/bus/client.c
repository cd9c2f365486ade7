/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling side. Nothing here runs a main loop or leaves the caller waiting without a bound, and
 * no signal is believed that does not come from the connection that answered before.
 */

#include <stdio.h>
#include <string.h>
#include "bus/client.h"
#include "bus/connection.h"
#include "bus/message_private.h"

#define ERROR_PREFIX BUS_NAME ".Error."
#define NAME_BYTES 256

struct bus_client {
	DBusConnection *connection;
	char keeper[NAME_BYTES];	/* unique name of who answered for BUS_NAME last */
	void (*handle)(void *context, const char *path, const char *interface, const char *member,
		       struct message *arguments);
	void *context;
	bool watching;			/* bus_client_watch_keeper() */
};

int bus_client_open(const char *address, struct bus_client **ret, struct why *why)
{
	_cleanup_(bus_client_freep) struct bus_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return fault_origin(-ENOMEM);
	r = connection_open(address, &client->connection, why);
	if (r < 0)
		return fault_trace(r);
	if (r > 0)
		return r;
	*ret = take(client);
	return 0;
}

struct bus_client *bus_client_free(struct bus_client *client)
{
	if (client)
		connection_free(client->connection);
	free(client);
	return NULL;
}

const char *bus_client_name(struct bus_client *client)
{
	return dbus_bus_get_unique_name(client->connection);
}

bool bus_client_connected(struct bus_client *client)
{
	return dbus_connection_get_is_connected(client->connection);
}

int bus_request_new(struct bus_client *client, const char *path, const char *interface,
		    const char *member, struct message **ret)
{
	_cleanup_(dbus_message_unrefp) DBusMessage *dbus = NULL;
	char full[NAME_BYTES];
	int n;

	n = snprintf(full, sizeof(full), "%s%s", strchr(interface, '.') ? "" : BUS_NAME ".",
		     interface);
	if (n < 0 || (size_t)n >= sizeof(full) || !dbus_validate_interface(full, NULL) ||
	    !dbus_validate_member(member, NULL) || (path && !dbus_validate_path(path, NULL)))
		return fault_origin(-EINVAL);
	dbus = dbus_message_new_method_call(BUS_NAME, path ? path : BUS_PATH, full, member);
	if (!dbus)
		return fault_origin(-ENOMEM);
	*ret = message_wrap(dbus);
	return *ret ? 0 : fault_origin(-ENOMEM);
}

/* Errors that are the keeper's own keep its text. */
static int keeper_error(const char *name, const char *text, struct why *why)
{
	int answer = answer_from_name(name + strlen(ERROR_PREFIX));

	if (answer < ANSWER_NOT_AUTHORIZED || answer > ANSWER_BUS_LAST)
		answer = ANSWER_FAILED;
	return answer_why(why, answer, "%s", text);
}

static int gone(struct why *why)
{
	return answer_why(why, ANSWER_NO_DAEMON, "the message bus is gone: connect again");
}

static int no_keeper(struct why *why)
{
	return answer_why(why, ANSWER_NO_DAEMON,
			  "the keeper is not running: start it with \"systemctl start cubbyd\"");
}

/* Errors that the bus made, or libdbus in this process (no sender). */
static int bus_error(struct bus_client *client, DBusMessage *reply, const char *text,
		     struct why *why)
{
	static const struct {
		const char *name;
		int answer;
	} answers[] = {
		{ DBUS_ERROR_LIMITS_EXCEEDED, ANSWER_BUSY },
		{ DBUS_ERROR_INVALID_ARGS, ANSWER_INVALID_ARGUMENT },
		{ DBUS_ERROR_UNKNOWN_OBJECT, ANSWER_NOT_FOUND },
		{ DBUS_ERROR_PROPERTY_READ_ONLY, ANSWER_NOT_AUTHORIZED },
	};
	const char *name = dbus_message_get_error_name(reply);
	bool local = !dbus_message_get_sender(reply);

	if (local && !bus_client_connected(client))
		return gone(why);
	if (local && strcmp(name, DBUS_ERROR_NO_REPLY) == 0)
		return answer_why(why, ANSWER_TIMEOUT, "the keeper did not answer in time");
	if (strcmp(name, DBUS_ERROR_SERVICE_UNKNOWN) == 0 ||
	    strcmp(name, DBUS_ERROR_NAME_HAS_NO_OWNER) == 0 ||
	    strcmp(name, DBUS_ERROR_NO_REPLY) == 0 ||
	    strncmp(name, "org.freedesktop.DBus.Error.Spawn.", 33) == 0)
		return no_keeper(why);
	if (strcmp(name, DBUS_ERROR_ACCESS_DENIED) == 0)
		return answer_why(why, ANSWER_NOT_AUTHORIZED,
				  "the bus does not let this user do that: parents are in the "
				  "group cubby-parents, ears in cubby-ear; log in again after "
				  "being added");
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (strcmp(name, answers[i].name) == 0)
			return answer_why(why, answers[i].answer, "%s", text);
	return answer_why(why, ANSWER_FAILED, "%s (%s)", text, name);
}

static int reply_error(struct bus_client *client, DBusMessage *reply, struct why *why)
{
	const char *name = dbus_message_get_error_name(reply);
	const char *text = NULL;

	if (!dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID))
		text = "no reason was given";
	if (strncmp(name, ERROR_PREFIX, strlen(ERROR_PREFIX)) == 0)
		return keeper_error(name, text, why);
	return bus_error(client, reply, text, why);
}

/* Who answered is whose signals are believed from now on; the bus and libdbus do not count. */
static void keeper_note(struct bus_client *client, DBusMessage *reply)
{
	const char *sender = dbus_message_get_sender(reply);

	if (sender && sender[0] == ':')
		snprintf(client->keeper, sizeof(client->keeper), "%s", sender);
}

/* The bus writes every sender itself, so this one is its own word. */
static bool owner_changed(DBusMessage *dbus)
{
	const char *name = NULL;

	return dbus_message_has_sender(dbus, DBUS_SERVICE_DBUS) &&
	       dbus_message_is_signal(dbus, DBUS_INTERFACE_DBUS, "NameOwnerChanged") &&
	       dbus_message_get_args(dbus, NULL, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID) &&
	       strcmp(name, BUS_NAME) == 0;
}

static void signal_take(struct bus_client *client, DBusMessage *dbus)
{
	_cleanup_(message_freep) struct message *arguments = NULL;
	const char *sender = dbus_message_get_sender(dbus);

	if (!client->handle || !sender ||
	    (strcmp(sender, client->keeper) != 0 && !(client->watching && owner_changed(dbus))))
		return;
	arguments = message_wrap(dbus);
	if (arguments)
		client->handle(client->context, dbus_message_get_path(dbus),
			       dbus_message_get_interface(dbus), dbus_message_get_member(dbus),
			       arguments);
}

/* Empties the queue: anybody may have sent anything, and nothing may pile up. */
static void queue_drain(struct bus_client *client)
{
	DBusMessage *dbus;

	while ((dbus = dbus_connection_pop_message(client->connection))) {
		if (dbus_message_get_type(dbus) == DBUS_MESSAGE_TYPE_SIGNAL)
			signal_take(client, dbus);
		dbus_message_unref(dbus);
	}
}

struct bus_pending *bus_pending_free(struct bus_pending *pending)
{
	if (!pending)
		return NULL;
	dbus_pending_call_cancel((DBusPendingCall *)pending);
	dbus_pending_call_unref((DBusPendingCall *)pending);
	return NULL;
}

int bus_send(struct bus_client *client, struct message *request, int timeout_ms,
	     struct bus_pending **ret, struct why *why)
{
	DBusPendingCall *pending = NULL;

	/* A container left open would go out as a message that nobody can read. */
	if (request->mode == MESSAGE_WRITING && request->depth > 0)
		return fault_origin(-EINVAL);
	queue_drain(client);
	if (!bus_client_connected(client))
		return gone(why);
	if (!dbus_connection_send_with_reply(client->connection, request->dbus, &pending,
					     timeout_ms > 0 ? timeout_ms : BUS_TIMEOUT_MS))
		return fault_origin(-ENOMEM);
	if (!pending)
		return gone(why);
	dbus_connection_flush(client->connection);
	*ret = (struct bus_pending *)pending;
	return 0;
}

int bus_receive(struct bus_client *client, struct bus_pending *pending, struct message **ret_reply,
		struct why *why)
{
	_cleanup_(dbus_message_unrefp) DBusMessage *reply = NULL;
	struct message *wrapped;

	dbus_pending_call_block((DBusPendingCall *)pending);
	reply = dbus_pending_call_steal_reply((DBusPendingCall *)pending);
	bus_pending_free(pending);
	if (!reply)
		return fault_origin(-ENOMEM);
	keeper_note(client, reply);
	queue_drain(client);
	if (dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_ERROR)
		return reply_error(client, reply, why);
	wrapped = message_wrap(reply);
	if (!wrapped)
		return fault_origin(-ENOMEM);
	*ret_reply = wrapped;
	return 0;
}

int bus_call(struct bus_client *client, struct message *request, int timeout_ms,
	     struct message **ret_reply, struct why *why)
{
	struct bus_pending *pending;
	int r = bus_send(client, request, timeout_ms, &pending, why);

	return fault_trace(r ? r : bus_receive(client, pending, ret_reply, why));
}

void bus_client_on_signal(struct bus_client *client,
			  void (*handle)(void *context, const char *path, const char *interface,
					 const char *member, struct message *arguments),
			  void *context)
{
	client->handle = handle;
	client->context = context;
}

void bus_client_watch_keeper(struct bus_client *client)
{
	client->watching = true;
	/* Without a place for the error it does not wait for the bus. */
	dbus_bus_add_match(client->connection,
			   "type='signal',sender='" DBUS_SERVICE_DBUS "',interface='"
			   DBUS_INTERFACE_DBUS "',member='NameOwnerChanged',arg0='" BUS_NAME "'",
			   NULL);
}

int bus_client_poll(struct bus_client *client, int timeout_ms)
{
	queue_drain(client);
	if (!dbus_connection_read_write(client->connection, timeout_ms))
		return ANSWER_NO_DAEMON;
	queue_drain(client);
	return bus_client_connected(client) ? 0 : ANSWER_NO_DAEMON;
}

int bus_client_fd(struct bus_client *client)
{
	int fd;

	return dbus_connection_get_unix_fd(client->connection, &fd) ? fd : -1;
}
