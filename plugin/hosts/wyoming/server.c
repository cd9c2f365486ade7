/* SPDX-License-Identifier: Apache-2.0 */

/* Letting clients in, so many to a listener and no more, and passing the ear's news on to them. */

#include "hosts/wyoming/server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/log.h"
#include "hosts/wyoming/connection.h"
#include "hosts/wyoming/door.h"
#include "hosts/wyoming/info.h"

#define TICK_MS 500

struct client {
	struct connection *connection;
	struct listener *listener;
	struct client *next;
};

/* One socket of it. */
struct entrance {
	struct listener *listener;
	bool is_unix;
	int fd;
	struct loop_io *io;
};

struct listener {
	struct server *server;
	const struct listener_config *config;
	struct desk desk;
	char *info;
	struct entrance entrances[2];
	unsigned n_entrances;
	unsigned n_clients;
};

struct server {
	struct loop *loop;
	struct hearing *hearing;
	const struct config *config;
	char wake_model[CONFIG_NAME_BYTES];
	struct listener listeners[CONFIG_LISTENERS_MAX];
	unsigned n_listeners;
	struct client *clients;
	struct loop_io *news;
	struct loop_timer *tick;
};

static struct client *client_free(struct client *client)
{
	client->listener->n_clients--;
	connection_free(client->connection);
	free(client);
	return NULL;
}

static void client_gone(void *context, struct connection *connection)
{
	struct server *server = context;

	for (struct client **link = &server->clients; *link; link = &(*link)->next) {
		struct client *client = *link;

		if (client->connection != connection)
			continue;
		*link = client->next;
		client_free(client);
		return;
	}
}

static void on_news(void *context, unsigned events)
{
	struct server *server = context;
	struct client *next;

	hearing_news_clear(server->hearing);
	for (struct client *client = server->clients; client; client = next) {
		next = client->next;
		connection_news(client->connection);
	}
}

static void on_tick(void *context)
{
	struct server *server = context;
	int64_t now_ms = clock_boot_ms(&clock_system);
	struct client *next;

	for (struct client *client = server->clients; client; client = next) {
		next = client->next;
		connection_tick(client->connection, now_ms);
	}
	/* Where accept() failed for want of something, try again. */
	for (unsigned i = 0; i < server->n_listeners; i++)
		for (unsigned k = 0; k < server->listeners[i].n_entrances; k++)
			loop_io_enable(server->listeners[i].entrances[k].io, true);
}

/* Told, not kept waiting; whether it is read is not waited for. */
static void turn_away(int fd, const char *code, const char *text)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "{\"type\":\"error\",\"data\":{\"text\":\"%s\","
			 "\"code\":\"%s\"}}\n", text, code);

	if (send(fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) == n)
		shutdown(fd, SHUT_WR);
	close(fd);
}

static void client_add(struct listener *listener, int fd)
{
	struct server *server = listener->server;
	struct client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	if (connection_new(&listener->desk, fd, &client->connection) < 0) {
		free(client);
		return;
	}
	client->listener = listener;
	listener->n_clients++;
	client->next = server->clients;
	server->clients = client;
}

static void on_knock(void *context, unsigned events)
{
	struct entrance *entrance = context;
	struct listener *listener = entrance->listener;
	int fd = accept4(entrance->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		log_warning("[%s]: no more clients for now: %s", listener->config->name,
			    strerror(errno));
		loop_io_enable(entrance->io, false);
	}
	if (fd < 0)
		return;
	if (entrance->is_unix && !door_admits(listener->config, fd))
		turn_away(fd, "not-authorized", "this user may not use this listener (users)");
	else if (listener->n_clients >= listener->server->config->connections)
		turn_away(fd, "busy", "too many connections to this listener (connections)");
	else
		client_add(listener, fd);
}

static int entrance_add(struct listener *listener, bool is_unix, struct why *why)
{
	struct entrance *entrance = &listener->entrances[listener->n_entrances];
	const struct listener_config *config = listener->config;
	int r;

	entrance->listener = listener;
	entrance->is_unix = is_unix;
	entrance->fd = -1;
	listener->n_entrances++;
	r = is_unix ? door_unix(config->path, &entrance->fd, why) :
		      door_tcp(&config->tcp, &entrance->fd, why);
	if (r)
		return r;
	return loop_io_new(listener->server->loop, entrance->fd, LOOP_READ, on_knock, entrance,
			   &entrance->io);
}

static int listener_open(struct server *server, unsigned number, struct why *why)
{
	struct listener *listener = &server->listeners[number];
	const struct listener_config *config = &server->config->listeners[number];
	int r;

	listener->server = server;
	listener->config = config;
	server->n_listeners++;
	r = info_make(server->config, config->service, server->wake_model, &listener->info);
	if (r < 0)
		return fault_trace(r);
	listener->desk = (struct desk) {
		.loop = server->loop, .hearing = server->hearing, .config = server->config,
		.listener = config, .number = number, .info = listener->info,
		.wake_model = server->wake_model, .gone = client_gone, .context = server,
	};
	if (config->tcp.any.sa_family != AF_UNSPEC)
		r = entrance_add(listener, false, why);
	if (r == 0 && *config->path)
		r = entrance_add(listener, true, why);
	return r;
}

int server_new(struct loop *loop, struct hearing *hearing, const struct config *config,
	       struct server **ret, struct why *why)
{
	_cleanup_(server_freep) struct server *server = calloc(1, sizeof(*server));
	int r = 0;

	if (!server)
		return fault_origin(-ENOMEM);
	server->loop = loop;
	server->hearing = hearing;
	server->config = config;
	info_wake_model(config, server->wake_model);
	for (unsigned i = 0; r == 0 && i < config->n_listeners; i++)
		r = listener_open(server, i, why);
	if (r == 0)
		r = loop_io_new(loop, hearing_fd(hearing), LOOP_READ, on_news, server,
				&server->news);
	if (r == 0)
		r = loop_timer_new(loop, TICK_MS, on_tick, server, &server->tick);
	if (r)
		return r;
	*ret = take(server);
	return 0;
}

struct server *server_free(struct server *server)
{
	struct client *next;

	if (!server)
		return NULL;
	for (struct client *client = server->clients; client; client = next) {
		next = client->next;
		client_free(client);
	}
	for (unsigned i = 0; i < server->n_listeners; i++) {
		struct listener *listener = &server->listeners[i];

		for (unsigned k = 0; k < listener->n_entrances; k++) {
			loop_io_free(listener->entrances[k].io);
			cleanup_close(&listener->entrances[k].fd);
		}
		free(listener->info);
	}
	loop_io_free(server->news);
	loop_timer_free(server->tick);
	free(server);
	return NULL;
}
