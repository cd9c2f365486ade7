/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libdbus on our loop. Messages are handled in small bundles, so that a flood on the bus leaves
 * turns for everything else the loop does; nothing here waits.
 */

#include <sys/eventfd.h>
#include "bus/server_private.h"

#define BUNDLE_MESSAGES 32

struct watch {
	struct bus_server *server;
	DBusWatch *dbus;
	struct loop_io *io;
};

struct timeout {
	struct bus_server *server;
	DBusTimeout *dbus;
	struct loop_timer *timer;
};

/* A bundle of messages; the rest in the next turn of the loop. */
static void dispatch_bundle(struct bus_server *server)
{
	DBusDispatchStatus status = dbus_connection_get_dispatch_status(server->connection);

	for (int i = 0; i < BUNDLE_MESSAGES && status == DBUS_DISPATCH_DATA_REMAINS; i++)
		status = dbus_connection_dispatch(server->connection);
	loop_io_enable(server->wake, status != DBUS_DISPATCH_COMPLETE);
}

static void wake_ready(void *context, unsigned events)
{
	dispatch_bundle(context);
}

/* libdbus forbids to dispatch in here. */
static void status_changed(DBusConnection *connection, DBusDispatchStatus status, void *context)
{
	struct bus_server *server = context;

	if (status != DBUS_DISPATCH_COMPLETE)
		loop_io_enable(server->wake, true);
}

static void watch_ready(void *context, unsigned events)
{
	struct watch *watch = context;
	struct bus_server *server = watch->server;

	/* May remove the watch: it is not touched afterwards. */
	dbus_watch_handle(watch->dbus, (events & LOOP_READ ? DBUS_WATCH_READABLE : 0) |
					       (events & LOOP_WRITE ? DBUS_WATCH_WRITABLE : 0));
	dispatch_bundle(server);
}

static dbus_bool_t watch_add(DBusWatch *dbus, void *context)
{
	_cleanup_(cleanup_free) struct watch *watch = calloc(1, sizeof(*watch));
	unsigned flags = dbus_watch_get_flags(dbus);
	unsigned events = (flags & DBUS_WATCH_READABLE ? LOOP_READ : 0) |
			  (flags & DBUS_WATCH_WRITABLE ? LOOP_WRITE : 0);

	if (!watch)
		return FALSE;
	watch->server = context;
	watch->dbus = dbus;
	if (loop_io_new(watch->server->loop, dbus_watch_get_unix_fd(dbus), events, watch_ready,
			watch, &watch->io) < 0)
		return FALSE;
	loop_io_enable(watch->io, dbus_watch_get_enabled(dbus));
	dbus_watch_set_data(dbus, take(watch), NULL);
	return TRUE;
}

static void watch_remove(DBusWatch *dbus, void *context)
{
	struct watch *watch = dbus_watch_get_data(dbus);

	if (watch)
		loop_io_free(watch->io);
	free(watch);
	dbus_watch_set_data(dbus, NULL, NULL);
}

static void watch_toggled(DBusWatch *dbus, void *context)
{
	struct watch *watch = dbus_watch_get_data(dbus);

	loop_io_enable(watch->io, dbus_watch_get_enabled(dbus));
}

static void timeout_expired(void *context)
{
	struct timeout *timeout = context;

	/* May remove the timeout; what it set free is dispatched from the wake. */
	dbus_timeout_handle(timeout->dbus);
}

static dbus_bool_t timeout_add(DBusTimeout *dbus, void *context)
{
	_cleanup_(cleanup_free) struct timeout *timeout = calloc(1, sizeof(*timeout));
	int interval_ms = dbus_timeout_get_interval(dbus);

	if (!timeout)
		return FALSE;
	timeout->server = context;
	timeout->dbus = dbus;
	if (loop_timer_new(timeout->server->loop, interval_ms > 0 ? (uint64_t)interval_ms : 1,
			   timeout_expired, timeout, &timeout->timer) < 0)
		return FALSE;
	loop_timer_enable(timeout->timer, dbus_timeout_get_enabled(dbus));
	dbus_timeout_set_data(dbus, take(timeout), NULL);
	return TRUE;
}

static void timeout_remove(DBusTimeout *dbus, void *context)
{
	struct timeout *timeout = dbus_timeout_get_data(dbus);

	if (timeout)
		loop_timer_free(timeout->timer);
	free(timeout);
	dbus_timeout_set_data(dbus, NULL, NULL);
}

static void timeout_toggled(DBusTimeout *dbus, void *context)
{
	/* The interval may have changed as well. */
	timeout_remove(dbus, context);
	timeout_add(dbus, context);
}

int watch_start(struct bus_server *server)
{
	int r;

	server->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->wake_fd < 0)
		return fault_origin(-errno);
	r = loop_io_new(server->loop, server->wake_fd, LOOP_READ, wake_ready, server,
			&server->wake);
	if (r < 0)
		return fault_trace(r);
	if (!dbus_connection_set_watch_functions(server->connection, watch_add, watch_remove,
						 watch_toggled, server, NULL) ||
	    !dbus_connection_set_timeout_functions(server->connection, timeout_add, timeout_remove,
						   timeout_toggled, server, NULL))
		return fault_origin(-ENOMEM);
	dbus_connection_set_dispatch_status_function(server->connection, status_changed, server,
						     NULL);
	return 0;
}

void watch_stop(struct bus_server *server)
{
	if (server->connection) {
		dbus_connection_set_dispatch_status_function(server->connection, NULL, NULL, NULL);
		dbus_connection_set_watch_functions(server->connection, NULL, NULL, NULL, NULL,
						    NULL);
		dbus_connection_set_timeout_functions(server->connection, NULL, NULL, NULL, NULL,
						      NULL);
	}
	server->wake = loop_io_free(server->wake);
	cleanup_close(&server->wake_fd);
	server->wake_fd = -1;
}
