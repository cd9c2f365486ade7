/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service with a table of its own, so that the dispatcher is tested with handlers that misbehave
 * on request. Usage: bus-toy ADDRESS EAR_GID PARENTS_GID BURST REFILL. Prints "ready".
 */

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "bus/client.h"
#include "bus/server.h"

#define TOY BUS_NAME ".Toy"
#define THING BUS_NAME ".Thing"
#define DEFERRED_MAX 64

struct toy {
	struct bus_server *server;
	struct call *deferred[DEFERRED_MAX];
	size_t n_deferred;
	uint32_t left;		/* callers with a proof that have left */
	uint32_t denied;
	char denial[256];
	bool thing;
};

static int toy_echo(struct call *call, void *service)
{
	const char *text;
	bool twice = false;
	char reply[512];
	int r;

	r = message_read(call_arguments(call), "s", &text);
	if (r != 0)
		return r;
	r = call_option(call, "twice", "b", &twice);
	if (r != 0 && r != ANSWER_NOT_FOUND)
		return r;
	snprintf(reply, sizeof(reply), "%s%s", text, twice ? text : "");
	return message_append(call_reply(call), "s", reply);
}

static int toy_who(struct call *call, void *service)
{
	struct caller *caller = call_caller(call);

	return message_append(call_reply(call), "suu", caller->name, caller->uid,
			      (uint32_t)caller->roles);
}

static int toy_nothing(struct call *call, void *service)
{
	return 0;
}

static int toy_prove(struct call *call, void *service)
{
	call_caller(call)->session = service;
	return 0;
}

static int toy_later(struct call *call, void *service)
{
	struct toy *toy = service;

	if (toy->n_deferred == DEFERRED_MAX)
		return answer_why(call_why(call), ANSWER_BUSY, "no more room");
	toy->deferred[toy->n_deferred++] = call;
	return call_defer(call);
}

/* Ends all deferred calls; tells how many of them nobody waits for any more. */
static int toy_release(struct call *call, void *service)
{
	struct toy *toy = service;
	uint32_t gone = 0;

	for (size_t i = 0; i < toy->n_deferred; i++) {
		struct call *deferred = toy->deferred[i];
		int r = message_append(call_reply(deferred), "u", (uint32_t)i);

		gone += call_gone(deferred) && !call_caller(deferred);
		call_finish(deferred, r);
	}
	toy->n_deferred = 0;
	return message_append(call_reply(call), "u", gone);
}

static int toy_take(struct call *call, void *service)
{
	_cleanup_(cleanup_close) int fd = -1;
	char bytes[64];
	ssize_t n;
	int r;

	r = message_read(call_arguments(call), "h", &fd);
	if (r != 0)
		return r;
	n = read(fd, bytes, sizeof(bytes) - 1);
	bytes[n > 0 ? n : 0] = '\0';
	return message_append(call_reply(call), "s", bytes);
}

static int toy_break(struct call *call, void *service)
{
	const char *how;
	int r;

	r = message_read(call_arguments(call), "s", &how);
	if (r != 0)
		return r;
	if (strcmp(how, "fault") == 0)
		return fault_origin(-EIO);
	if (strcmp(how, "declared") == 0)
		return answer_why(call_why(call), ANSWER_EXISTS, "\"%s\" exists; choose another",
				  how);
	if (strcmp(how, "undeclared") == 0)
		return answer_why(call_why(call), ANSWER_LOCKED, "secret detail");
	if (strcmp(how, "cut") == 0)
		return answer_why(call_why(call), ANSWER_EXISTS, "a\xc3");
	if (strcmp(how, "open") == 0)
		return message_open(call_reply(call), 'a', "s");
	/* "wrong": the row promises a string. */
	return message_append(call_reply(call), "u", 1u);
}

static int toy_tell_one(struct message *arguments, void *context)
{
	return message_append(arguments, "s", context);
}

static void toy_tell_each(struct caller *caller, void *context)
{
	struct toy *toy = context;
	static char word[] = "told";

	if (caller->roles & ROLE_PARENT)
		bus_server_signal(toy->server, caller, BUS_PATH, TOY, "Told", toy_tell_one, word);
}

static int toy_tell(struct call *call, void *service)
{
	struct toy *toy = service;

	bus_server_each(toy->server, toy_tell_each, toy);
	return 0;
}

static int toy_thing(struct call *call, void *service)
{
	static const char *const interfaces[] = { THING, NULL };
	struct toy *toy = service;
	bool there;
	int r;

	r = message_read(call_arguments(call), "b", &there);
	if (r != 0)
		return r;
	toy->thing = there;
	return there ? bus_server_object_added(toy->server, BUS_PATH "/thing/new") :
		       bus_server_object_removed(toy->server, BUS_PATH "/thing/new", interfaces);
}

static int toy_counts(struct call *call, void *service)
{
	struct toy *toy = service;

	return message_append(call_reply(call), "uus", toy->left, toy->denied, toy->denial);
}

static int toy_public_get(struct caller *caller, void *service, const char *path,
			  struct message *value)
{
	return message_append(value, "s", "for all");
}

static int toy_private_get(struct caller *caller, void *service, const char *path,
			   struct message *value)
{
	return message_append(value, "u", 42u);
}

static int toy_proved_get(struct caller *caller, void *service, const char *path,
			  struct message *value)
{
	return message_append(value, "b", true);
}

static int thing_name_get(struct caller *caller, void *service, const char *path,
			  struct message *value)
{
	return message_append(value, "s", strrchr(path, '/') + 1);
}

static const char *const no_options[] = { NULL };
static const char *const no_errors[] = { NULL };
static const char *const echo_options[] = { "twice", "ignored", NULL };
static const char *const break_errors[] = { "Exists", NULL };

static const struct method methods[] = {
	{ TOY, "Echo", "sa{sv}", "s", echo_options, no_errors, ROLE_ANYONE, toy_echo },
	{ TOY, "Who", "a{sv}", "suu", no_options, no_errors, ROLE_ANYONE, toy_who },
	{ TOY, "ForEar", "a{sv}", "", no_options, no_errors, ROLE_EAR, toy_nothing },
	{ TOY, "ForParent", "a{sv}", "", no_options, no_errors, ROLE_PARENT, toy_nothing },
	{ TOY, "ForProof", "a{sv}", "", no_options, no_errors, ROLE_PROOF, toy_nothing },
	{ TOY, "ForEarOrProof", "a{sv}", "", no_options, no_errors, ROLE_EAR | ROLE_PROOF,
	  toy_nothing },
	{ TOY, "ForNobody", "a{sv}", "", no_options, no_errors, 0, toy_nothing },
	{ TOY, "Prove", "a{sv}", "", no_options, no_errors, ROLE_ANYONE, toy_prove },
	{ TOY, "Later", "a{sv}", "u", no_options, no_errors, ROLE_ANYONE, toy_later },
	{ TOY, "Release", "a{sv}", "u", no_options, no_errors, ROLE_ANYONE, toy_release },
	{ TOY, "Take", "ha{sv}", "s", no_options, no_errors, ROLE_ANYONE, toy_take },
	{ TOY, "Break", "sa{sv}", "s", no_options, break_errors, ROLE_ANYONE, toy_break },
	{ TOY, "Tell", "a{sv}", "", no_options, no_errors, ROLE_ANYONE, toy_tell },
	{ TOY, "Thing", "ba{sv}", "", no_options, no_errors, ROLE_ANYONE, toy_thing },
	{ TOY, "Counts", "a{sv}", "uus", no_options, no_errors, ROLE_ANYONE, toy_counts },
};

static const struct property properties[] = {
	{ TOY, "Public", "s", ROLE_ANYONE, toy_public_get },
	{ TOY, "Private", "u", ROLE_PARENT, toy_private_get },
	{ TOY, "Proved", "b", ROLE_PROOF, toy_proved_get },
	{ THING, "Name", "s", ROLE_PARENT, thing_name_get },
};

static const char *toy_introspect(const char *interface)
{
	if (strcmp(interface, TOY) == 0)
		return "  <interface name=\"" TOY "\">\n"
		       "    <property name=\"Public\" type=\"s\" access=\"read\"/>\n"
		       "  </interface>\n";
	return NULL;
}

static const struct bus_table table = {
	methods, ARRAY_SIZE(methods), properties, ARRAY_SIZE(properties), toy_introspect,
};

static const char *const *toy_interfaces(void *service, const char *path)
{
	static const char *const root[] = { TOY, NULL };
	static const char *const thing[] = { THING, NULL };
	struct toy *toy = service;

	if (strcmp(path, BUS_PATH) == 0)
		return root;
	if (strcmp(path, BUS_PATH "/thing/one") == 0)
		return thing;
	return toy->thing && strcmp(path, BUS_PATH "/thing/new") == 0 ? thing : NULL;
}

static const char **toy_children(void *service, struct caller *caller, const char *path)
{
	struct toy *toy = service;
	const char **children = calloc(3, sizeof(*children));

	if (children && strcmp(path, BUS_PATH) == 0)
		children[0] = "thing";
	if (children && strcmp(path, BUS_PATH "/thing") == 0) {
		children[0] = "one";
		children[1] = toy->thing ? "new" : NULL;
	}
	return children;
}

/* Everybody may "prove"; only a parent's proof counts, and that is the server's to see. */
static bool toy_proved(void *service, struct caller *caller)
{
	return caller->session != NULL;
}

static void toy_denied(void *service, struct caller *caller, const struct method *method,
		       const char *reason)
{
	struct toy *toy = service;

	toy->denied++;
	snprintf(toy->denial, sizeof(toy->denial), "%u %s.%s %s", caller->uid, method->interface,
		 method->member, reason);
}

static void toy_left(void *service, struct caller *caller)
{
	struct toy *toy = service;

	toy->left += caller->session != NULL;
}

static const struct bus_server_hooks hooks = {
	toy_interfaces, toy_children, toy_proved, toy_denied, toy_left,
};

static int toy_run(char **argv)
{
	static struct toy toy;
	_cleanup_(loop_freep) struct loop *loop = NULL;
	_cleanup_(bus_server_freep) struct bus_server *server = NULL;
	struct why why = { 0 };
	struct bus_server_config config = {
		.address = argv[1],
		.ear_gid = (uint32_t)atoi(argv[2]),
		.parents_gid = (uint32_t)atoi(argv[3]),
		.table = &table,
		.hooks = &hooks,
		.service = &toy,
		.burst_calls = (uint32_t)atoi(argv[4]),
		.refill_calls_per_s = (uint32_t)atoi(argv[5]),
	};
	int r;

	if ((r = loop_new(&loop)) != 0 || (r = bus_server_new(loop, &config, &server, &why)) != 0 ||
	    (toy.server = server, r = bus_server_take_name(server, &why)) != 0) {
		printf("%s %s\n", answer_name(r), why.text);
		return 3;
	}
	puts("ready");
	fflush(stdout);
	r = loop_run(loop);
	for (size_t i = 0; i < toy.n_deferred; i++) {
		/* One is ended after the server is gone, to see that this is allowed. */
		if (i == 0)
			server = bus_server_free(server);
		call_finish(toy.deferred[i], 0);
	}
	return r;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	log_open("bus-toy", LOG_LEVEL_ERROR);
	return toy_run(argv);
}
