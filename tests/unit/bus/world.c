/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of a bus share. All of it is real but the service. */

#include "world.h"

#include <signal.h>
#include <sys/wait.h>

#include "bus/message_private.h"

static struct message *reply;
static struct why why;

pid_t world_toy(struct world *world, unsigned burst, unsigned refill)
{
	char ear[16], parents[16], burst_text[16], refill_text[16];
	int says[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(says), 0);
	snprintf(ear, sizeof(ear), "%d", EAR_GID);
	snprintf(parents, sizeof(parents), "%d", PARENTS_GID);
	snprintf(burst_text, sizeof(burst_text), "%u", burst);
	snprintf(refill_text, sizeof(refill_text), "%u", refill);
	pid = fork();
	if (pid == 0) {
		dup2(says[1], 1);
		execl(getenv("BUS_TOY"), "bus-toy", world->bus.address, ear, parents, burst_text,
		      refill_text, NULL);
		_exit(127);
	}
	close(says[1]);
	n = read(says[0], world->toy_says, sizeof(world->toy_says) - 1);
	world->toy_says[n > 0 ? n : 0] = '\0';
	world->toy_says[strcspn(world->toy_says, "\n")] = '\0';
	close(says[0]);
	return pid;
}

void world_start(struct world *world, unsigned burst, unsigned refill)
{
	assert_int_equal(bus_fixture_start(&world->bus, NULL), 0);
	world->toy = world_toy(world, burst, refill);
	assert_string_equal(world->toy_says, "ready");
}

void world_stop(struct world *world, int code)
{
	int status;

	reply = message_free(reply);
	if (code == 0)
		kill(world->toy, SIGTERM);
	assert_int_equal(waitpid(world->toy, &status, 0), world->toy);
	bus_fixture_stop(&world->bus);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

struct bus_client *world_self(struct world *world)
{
	struct bus_client *client = NULL;
	int r = bus_client_open(world->bus.address, &client, &why);

	bus_fixture_become_self();
	if (r != 0)
		fail_msg("no connection: %s", why.text);
	return client;
}

struct bus_client *world_client(struct world *world, gid_t gid)
{
	if (!bus_fixture_become(SOME_UID, gid))
		skip();
	return world_self(world);
}

static int call_send(struct bus_client *client, struct message *request)
{
	reply = message_free(reply);
	memset(&why, 0, sizeof(why));
	return bus_call(client, request, 10000, &reply, &why);
}

int toy_call(struct bus_client *client, const char *member, const char *signature, ...)
{
	_cleanup_(message_freep) struct message *request = NULL;
	va_list list;

	assert_int_equal(bus_request_new(client, NULL, "Toy", member, &request), 0);
	va_start(list, signature);
	assert_int_equal(message_append_list(request, signature, &list), 0);
	va_end(list);
	assert_int_equal(message_open(request, 'a', "{sv}"), 0);
	assert_int_equal(message_close(request), 0);
	return call_send(client, request);
}

int any_call(struct bus_client *client, const char *path, const char *interface, const char *member,
	     const char *signature, ...)
{
	_cleanup_(message_freep) struct message *request = NULL;
	va_list list;

	assert_int_equal(bus_request_new(client, path, interface, member, &request), 0);
	va_start(list, signature);
	assert_int_equal(message_append_list(request, signature, &list), 0);
	va_end(list);
	return call_send(client, request);
}

struct message *toy_reply(void)
{
	return reply;
}

struct why *toy_why(void)
{
	return &why;
}
