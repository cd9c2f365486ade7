/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call: its arguments, its reply, and its end. Each call ends exactly once; a reply that is not
 * what the table promises does not leave the keeper.
 */

#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "bus/server_private.h"

static struct call *call_free(struct call *call)
{
	if (!call)
		return NULL;
	if (call->previous) {
		*call->previous = call->next;
		if (call->next)
			call->next->previous = call->previous;
	}
	if (call->server) {
		call->server->held_bytes -= call->size_bytes;
		call->server->held_fd_calls -= call->fds;
	}
	if (call->peer)
		call->peer->outstanding--;
	message_free(call->arguments);
	message_free(call->reply);
	if (call->request)
		dbus_message_unref(call->request);
	free(call);
	return NULL;
}

int call_new(struct peer *peer, DBusMessage *request, size_t size_bytes, struct call **ret)
{
	struct bus_server *server = peer->server;
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return fault_origin(-ENOMEM);
	call->server = server;
	call->peer = peer;
	call->request = dbus_message_ref(request);
	call->size_bytes = size_bytes;
	call->fds = dbus_message_contains_unix_fds(request);
	server->held_bytes += size_bytes;
	server->held_fd_calls += call->fds;
	peer->outstanding++;
	call->next = server->calls;
	call->previous = &server->calls;
	if (call->next)
		call->next->previous = &call->next;
	server->calls = call;
	*ret = call;
	return 0;
}

int call_prepare(struct call *call)
{
	_cleanup_(dbus_message_unrefp) DBusMessage *reply =
		dbus_message_new_method_return(call->request);

	if (!reply)
		return fault_origin(-ENOMEM);
	call->arguments = message_wrap(call->request);
	call->reply = message_wrap(reply);
	return call->arguments && call->reply ? 0 : fault_origin(-ENOMEM);
}

/* libdbus does not tell; a copy of a usual call costs less than a microsecond. */
int message_size(DBusMessage *dbus, size_t *ret_bytes)
{
	char *bytes;
	int n;

	if (!dbus_message_marshal(dbus, &bytes, &n))
		return fault_origin(-ENOMEM);
	dbus_free(bytes);
	*ret_bytes = (size_t)n;
	return 0;
}

void message_send(struct bus_server *server, DBusMessage *dbus)
{
	if (!dbus || !dbus_connection_send(server->connection, dbus, NULL))
		fault_origin(-ENOMEM);
}

/* `text` may have been cut in the middle of a letter. */
static void error_send(struct bus_server *server, DBusMessage *request, const char *name,
		       char *text)
{
	_cleanup_(dbus_message_unrefp) DBusMessage *reply = NULL;

	if (dbus_message_get_no_reply(request))
		return;
	while (!dbus_validate_utf8(text, NULL))
		text[strlen(text) - 1] = '\0';
	reply = dbus_message_new_error(request, name, text);
	message_send(server, reply);
}

void answer_send(struct bus_server *server, DBusMessage *request, int answer, struct why *why)
{
	char name[128];

	snprintf(name, sizeof(name), BUS_NAME ".Error.%s", answer_name(answer));
	error_send(server, request, name, why->text);
}

int call_refuse(struct call *call, const char *error, const char *format, ...)
{
	va_list list;

	call->error = error;
	va_start(list, format);
	vsnprintf(call->why.text, sizeof(call->why.text), format, list);
	va_end(list);
	return CALL_REFUSED;
}

static bool answer_declared(const struct method *method, int answer)
{
	if (answer == ANSWER_NOT_AUTHORIZED || answer == ANSWER_INVALID_ARGUMENT ||
	    answer == ANSWER_RATE_LIMITED || answer == ANSWER_BUSY || answer == ANSWER_FAILED)
		return true;
	if (answer < ANSWER_NOT_AUTHORIZED || answer > ANSWER_BUS_LAST)
		return false;
	/* The server's own methods pass on what a getter answers. */
	if (!method || !method->errors)
		return true;
	for (size_t i = 0; method->errors[i]; i++)
		if (strcmp(method->errors[i], answer_name(answer)) == 0)
			return true;
	return false;
}

/* 0, or why the reply cannot go out. */
static int reply_check(struct call *call)
{
	size_t size_bytes;
	int r;

	if (call->reply->depth > 0 ||
	    !dbus_message_has_signature(call->reply->dbus, call->method->out_signature)) {
		log_error("bus: %s.%s replies \"%s\", not \"%s\"", call->method->interface,
			  call->method->member, dbus_message_get_signature(call->reply->dbus),
			  call->method->out_signature);
		return ANSWER_FAILED;
	}
	r = message_size(call->reply->dbus, &size_bytes);
	if (r < 0)
		return fault_trace(r);
	if (size_bytes > BUS_REPLY_MAX_BYTES) {
		log_error("bus: %s.%s replies %zu bytes", call->method->interface,
			  call->method->member, size_bytes);
		return ANSWER_FAILED;
	}
	return 0;
}

static void call_answer(struct call *call, int r)
{
	struct why internal = { "the keeper could not do it; its log says why" };
	struct why *why = r > 0 ? &call->why : &internal;

	if (r == CALL_REFUSED) {
		error_send(call->server, call->request, call->error, why->text);
		return;
	}
	if (r > 0 && !answer_declared(call->method, r)) {
		log_error("bus: %s.%s answers %d, which its row does not declare",
			  call->method->interface, call->method->member, r);
		why = &internal;
		r = -EPROTO;
	}
	answer_send(call->server, call->request, r > 0 ? r : ANSWER_FAILED, why);
}

void call_finish(struct call *call, int r)
{
	if (!call_gone(call)) {
		if (r == 0 && (r = reply_check(call)) != 0)
			r = -EPROTO;
		if (r != 0)
			call_answer(call, r);
		else if (!dbus_message_get_no_reply(call->request))
			message_send(call->server, call->reply->dbus);
	}
	call_free(call);
}

bool call_gone(struct call *call)
{
	return !call->server || !call->peer;
}

int call_defer(struct call *call)
{
	return CALL_DEFERRED;
}

struct caller *call_caller(struct call *call)
{
	return call->peer ? &call->peer->caller : NULL;
}

const char *call_path(struct call *call)
{
	return dbus_message_get_path(call->request);
}

struct message *call_arguments(struct call *call)
{
	return call->arguments;
}

struct message *call_reply(struct call *call)
{
	return call->reply;
}

struct why *call_why(struct call *call)
{
	return &call->why;
}

/* Leaves `options` inside the variant of `key`, or answers ANSWER_NOT_FOUND. */
static int option_find(struct message *options, const char *key)
{
	const char *name;
	int r;

	while (dbus_message_iter_has_next(&options->at[0]))
		dbus_message_iter_next(&options->at[0]);
	r = message_enter(options, 'a', "{sv}");
	if (r != 0)
		return r;
	while (message_more(options)) {
		if ((r = message_enter(options, 'e', "sv")) != 0 ||
		    (r = message_read(options, "s", &name)) != 0)
			return r;
		if (strcmp(name, key) == 0)
			return message_enter(options, 'v', NULL);
		message_leave(options);
	}
	return ANSWER_NOT_FOUND;
}

int call_option(struct call *call, const char *key, const char *signature, ...)
{
	_cleanup_(message_freep) struct message *options = message_wrap(call->request);
	va_list list;
	int r;

	if (!options)
		return fault_origin(-ENOMEM);
	/* Begins to read, wherever the handler is in its arguments. */
	(void)message_more(options);
	r = option_find(options, key);
	if (r == 0) {
		va_start(list, signature);
		r = message_read_list(options, signature, &list);
		va_end(list);
	}
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(&call->why, r, "the option \"%s\" must have the type \"%s\"", key,
				  signature);
	return r < 0 ? fault_trace(r) : r;
}
