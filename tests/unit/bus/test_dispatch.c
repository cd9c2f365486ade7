/* SPDX-License-Identifier: Apache-2.0 */
/* The guard before each handler, and how a call ends. */

#include "world.h"

#include <signal.h>
#include <sys/wait.h>

#include "bus/connection.h"
#include "bus/message_private.h"

static struct world world;

static int start(void **state)
{
	world_start(&world, 0, 0);
	return 0;
}

static int stop(void **state)
{
	world_stop(&world, 0);
	return 0;
}

static void test_echo_comes_back(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);
	const char *text;

	assert_int_equal(toy_call(client, "Echo", "s", "hello"), 0);
	assert_int_equal(message_read(toy_reply(), "s", &text), 0);
	assert_string_equal(text, "hello");
}

static int echo_with(struct bus_client *client, const char *key, const char *signature, int value)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *text;
	int r;

	assert_int_equal(bus_request_new(client, NULL, "Toy", "Echo", &request), 0);
	assert_int_equal(message_append(request, "s", "ab"), 0);
	assert_int_equal(message_open(request, 'a', "{sv}"), 0);
	assert_int_equal(message_append_entry(request, "ignored", "u", 1u), 0);
	assert_int_equal(message_append_entry(request, key, signature, value), 0);
	assert_int_equal(message_close(request), 0);
	r = bus_call(client, request, 10000, &reply, toy_why());
	if (r == 0) {
		assert_int_equal(message_read(reply, "s", &text), 0);
		assert_string_equal(text, "abab");
	}
	return r;
}

static void test_options_are_known_typed_and_once(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);

	assert_int_equal(echo_with(client, "twice", "b", true), 0);
	assert_int_equal(echo_with(client, "twice", "u", 1), ANSWER_INVALID_ARGUMENT);
	assert_non_null(strstr(toy_why()->text, "\"twice\" must have the type \"b\""));
	assert_int_equal(echo_with(client, "thrice", "b", true), ANSWER_INVALID_ARGUMENT);
	assert_non_null(strstr(toy_why()->text, "thrice"));
	assert_int_equal(echo_with(client, "ignored", "u", 1), ANSWER_INVALID_ARGUMENT);
}

static void test_wrong_arguments_are_refused(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);

	assert_int_equal(toy_call(client, "Echo", ""), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(toy_call(client, "Echo", "u", 1u), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(toy_call(client, "Echo", "ss", "a", "b"), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(any_call(client, NULL, "Toy", "Echo", "s", "no options"),
			 ANSWER_INVALID_ARGUMENT);
	assert_non_null(strstr(toy_why()->text, "\"sa{sv}\", not \"s\""));
	assert_int_equal(any_call(client, NULL, "Toy", "Echo", ""), ANSWER_INVALID_ARGUMENT);
}

static void test_unknown_members_are_refused(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);

	assert_int_equal(toy_call(client, "Nothing", ""), ANSWER_FAILED);
	assert_non_null(strstr(toy_why()->text, "UnknownMethod"));
	assert_int_equal(any_call(client, NULL, "Nowhere", "Echo", "s", "a"), ANSWER_FAILED);
	assert_non_null(strstr(toy_why()->text, "UnknownInterface"));
	/* A member of one interface is none of another. */
	assert_int_equal(any_call(client, NULL, "org.freedesktop.DBus.Properties", "Echo", ""),
			 ANSWER_FAILED);
	assert_int_equal(any_call(client, BUS_PATH "/elsewhere", "Toy", "Who", ""),
			 ANSWER_NOT_FOUND);
	assert_int_equal(any_call(client, "/", "Toy", "Who", ""), ANSWER_NOT_FOUND);
}

/* A raw call that names no interface at all. */
static void test_call_without_interface_is_refused(void **state)
{
	_cleanup_(connection_freep) DBusConnection *connection = NULL;
	_cleanup_(dbus_error_clean) DBusError error = DBUS_ERROR_INIT;
	DBusMessage *request = dbus_message_new_method_call(BUS_NAME, BUS_PATH, NULL, "ForParent");

	assert_int_equal(connection_open(world.bus.address, &connection, toy_why()), 0);
	assert_null(dbus_connection_send_with_reply_and_block(connection, request, 10000, &error));
	assert_string_equal(error.name, DBUS_ERROR_UNKNOWN_INTERFACE);
	dbus_message_unref(request);
}

static void assert_role(gid_t gid, bool prove, const char *member, bool allowed)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_client(&world, gid);

	if (prove)
		assert_int_equal(toy_call(client, "Prove", ""), 0);
	assert_int_equal(toy_call(client, member, ""), allowed ? 0 : ANSWER_NOT_AUTHORIZED);
}

static void test_r13_each_role_gets_its_own_and_nothing_else(void **state)
{
	static const struct {
		const char *member;
		bool other, ear, parent, proved_ear, proved_parent;
	} rows[] = {
		{ "ForEar", false, true, false, true, false },
		{ "ForParent", false, false, true, false, true },
		{ "ForProof", false, false, false, false, true },
		{ "ForEarOrProof", false, true, false, true, true },
		{ "ForNobody", false, false, false, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_role(OTHER_GID, false, rows[i].member, rows[i].other);
		assert_role(OTHER_GID, true, rows[i].member, rows[i].other);
		assert_role(EAR_GID, false, rows[i].member, rows[i].ear);
		assert_role(EAR_GID, true, rows[i].member, rows[i].proved_ear);
		assert_role(PARENTS_GID, false, rows[i].member, rows[i].parent);
		assert_role(PARENTS_GID, true, rows[i].member, rows[i].proved_parent);
	}
}

static void test_r12_root_holds_no_role_in_whatever_group(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = NULL;
	const char *name;
	uint32_t uid, roles;

	if (!bus_fixture_become(0, PARENTS_GID))
		skip();
	client = world_self(&world);
	assert_int_equal(toy_call(client, "Prove", ""), 0);
	assert_int_equal(toy_call(client, "ForParent", ""), ANSWER_NOT_AUTHORIZED);
	assert_non_null(strstr(toy_why()->text, "root is not one of them"));
	assert_int_equal(toy_call(client, "ForProof", ""), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(toy_call(client, "Who", ""), 0);
	assert_int_equal(message_read(toy_reply(), "suu", &name, &uid, &roles), 0);
	assert_string_equal(name, bus_client_name(client));
	assert_int_equal(uid, 0);
	assert_int_equal(roles, 1);
}

static void test_proof_is_of_one_connection(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *one = world_client(&world, PARENTS_GID);
	_cleanup_(bus_client_freep) struct bus_client *two = world_client(&world, PARENTS_GID);

	assert_int_equal(toy_call(one, "Prove", ""), 0);
	assert_int_equal(toy_call(one, "ForProof", ""), 0);
	assert_int_equal(toy_call(two, "ForProof", ""), ANSWER_NOT_AUTHORIZED);
	assert_non_null(strstr(toy_why()->text, "passphrase"));
}

static void test_r14_denials_are_told_to_the_service(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_client(&world, EAR_GID);
	uint32_t left, before, after;
	const char *denial;

	assert_int_equal(toy_call(client, "Counts", ""), 0);
	assert_int_equal(message_read(toy_reply(), "uus", &left, &before, &denial), 0);
	assert_int_equal(toy_call(client, "ForParent", ""), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(toy_call(client, "Counts", ""), 0);
	assert_int_equal(message_read(toy_reply(), "uus", &left, &after, &denial), 0);
	assert_int_equal(after, before + 1);
	assert_string_equal(denial, "65534 " TOY ".ForParent no role");
}

static void test_role_comes_before_object_and_arguments(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_client(&world, OTHER_GID);

	assert_int_equal(any_call(client, BUS_PATH "/nowhere", "Toy", "ForParent", "s", "wrong"),
			 ANSWER_NOT_AUTHORIZED);
}

static void test_answers_and_faults(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);

	assert_int_equal(toy_call(client, "Break", "s", "declared"), ANSWER_EXISTS);
	assert_string_equal(toy_why()->text, "\"declared\" exists; choose another");
	assert_int_equal(toy_call(client, "Break", "s", "cut"), ANSWER_EXISTS);
	assert_string_equal(toy_why()->text, "a");
	/* What a handler gets wrong is Failed, without its details. */
	static const char *const wrong[] = { "fault", "undeclared", "open", "wrong" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(toy_call(client, "Break", "s", wrong[i]), ANSWER_FAILED);
		assert_string_equal(toy_why()->text,
				    "the keeper could not do it; its log says why");
	}
}

/* A connection of its own for calls that are sent without waiting; the server knows it already,
 * so that leaving does not overtake the question who it is. */
static DBusConnection *raw_client(struct world *where)
{
	DBusMessage *request =
		dbus_message_new_method_call(BUS_NAME, BUS_PATH, DBUS_INTERFACE_INTROSPECTABLE,
					     "Introspect");
	DBusConnection *connection = NULL;
	DBusMessage *reply;

	assert_int_equal(connection_open(where->bus.address, &connection, toy_why()), 0);
	reply = dbus_connection_send_with_reply_and_block(connection, request, 10000, NULL);
	assert_non_null(reply);
	dbus_message_unref(reply);
	dbus_message_unref(request);
	return connection;
}

/* Sends without waiting. */
static void later_send(DBusConnection *connection, int n)
{
	for (int i = 0; i < n; i++) {
		DBusMessage *request =
			dbus_message_new_method_call(BUS_NAME, BUS_PATH, TOY, "Later");
		struct message *message = message_wrap(request);

		assert_int_equal(message_open(message, 'a', "{sv}"), 0);
		assert_int_equal(message_close(message), 0);
		assert_true(dbus_connection_send(connection, request, NULL));
		message_free(message);
		dbus_message_unref(request);
	}
	dbus_connection_flush(connection);
}

/* The next reply or error. */
static DBusMessage *reply_next(DBusConnection *connection)
{
	for (int i = 0; i < 100; i++) {
		DBusMessage *message;

		dbus_connection_read_write(connection, 100);
		while ((message = dbus_connection_pop_message(connection))) {
			if (dbus_message_get_reply_serial(message) != 0)
				return message;
			dbus_message_unref(message);
		}
	}
	return NULL;
}

static void test_deferred_calls_end_later_and_are_bounded(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *other = world_self(&world);
	_cleanup_(connection_freep) DBusConnection *connection = raw_client(&world);
	DBusMessage *message;
	uint32_t gone;

	later_send(connection, BUS_CALLS_OUTSTANDING + 1);
	/* The ninth is refused at once; the eight wait. */
	message = reply_next(connection);
	assert_non_null(message);
	assert_string_equal(dbus_message_get_error_name(message), BUS_NAME ".Error.Busy");
	dbus_message_unref(message);
	assert_int_equal(toy_call(other, "Release", ""), 0);
	assert_int_equal(message_read(toy_reply(), "u", &gone), 0);
	assert_int_equal(gone, 0);
	for (uint32_t i = 0; i < BUS_CALLS_OUTSTANDING; i++) {
		uint32_t number;

		message = reply_next(connection);
		assert_non_null(message);
		assert_true(dbus_message_get_args(message, NULL, DBUS_TYPE_UINT32, &number,
						  DBUS_TYPE_INVALID));
		assert_int_equal(number, i);
		dbus_message_unref(message);
	}
}

/* Until the toy has seen this many proved callers leave. */
static void left_wait(struct bus_client *client, uint32_t wanted)
{
	uint32_t left = 0, denied;
	const char *denial;

	for (int i = 0; i < 200 && left < wanted; i++) {
		assert_int_equal(toy_call(client, "Counts", ""), 0);
		assert_int_equal(message_read(toy_reply(), "uus", &left, &denied, &denial), 0);
		usleep(5000);
	}
	assert_int_equal(left, wanted);
}

static void test_caller_that_leaves_is_noticed(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *other = world_self(&world);
	_cleanup_(connection_freep) DBusConnection *connection = raw_client(&world);
	struct bus_client *client = world_self(&world);
	uint32_t left, denied, gone;
	const char *denial;

	assert_int_equal(toy_call(other, "Counts", ""), 0);
	assert_int_equal(message_read(toy_reply(), "uus", &left, &denied, &denial), 0);
	assert_int_equal(toy_call(client, "Prove", ""), 0);
	later_send(connection, 3);
	connection = connection_free(connection);
	bus_client_free(client);
	left_wait(other, left + 1);
	assert_int_equal(toy_call(other, "Release", ""), 0);
	assert_int_equal(message_read(toy_reply(), "u", &gone), 0);
	assert_int_equal(gone, 3);
}

static void test_descriptor_passes_where_asked_for(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);
	_cleanup_(message_freep) struct message *request = NULL, *reply = NULL;
	const char *text;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "through", 7), 7);
	assert_int_equal(toy_call(client, "Take", "h", fds[0]), 0);
	assert_int_equal(message_read(toy_reply(), "s", &text), 0);
	assert_string_equal(text, "through");
	/* Where none is asked for, one in an option's value is refused. */
	assert_int_equal(bus_request_new(client, NULL, "Toy", "Echo", &request), 0);
	assert_int_equal(message_append(request, "s", "ab"), 0);
	assert_int_equal(message_open(request, 'a', "{sv}"), 0);
	assert_int_equal(message_append_entry(request, "ignored", "h", fds[0]), 0);
	assert_int_equal(message_close(request), 0);
	assert_int_equal(bus_call(client, request, 10000, &reply, toy_why()),
			 ANSWER_INVALID_ARGUMENT);
	assert_non_null(strstr(toy_why()->text, "no file descriptor"));
	close(fds[0]);
	close(fds[1]);
}

static void test_second_server_is_told_that_the_name_is_taken(void **state)
{
	pid_t second = world_toy(&world, 0, 0);
	int status;

	assert_int_equal(waitpid(second, &status, 0), second);
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_non_null(strstr(world.toy_says, "Exists"));
	assert_non_null(strstr(world.toy_says, "another keeper is running"));
}

static void test_lost_bus_ends_the_loop_with_a_code(void **state)
{
	struct world doomed;

	world_start(&doomed, 0, 0);
	kill(doomed.bus.pid, SIGKILL);
	world_stop(&doomed, 1);
}

static void test_calls_kept_when_the_server_stops_are_freed(void **state)
{
	_cleanup_(connection_freep) DBusConnection *connection = NULL;
	struct bus_client *client;
	struct world short_lived;
	const char *name;

	world_start(&short_lived, 0, 0);
	client = world_self(&short_lived);
	connection = raw_client(&short_lived);
	later_send(connection, 3);
	assert_int_equal(toy_call(client, "Who", ""), 0);
	assert_int_equal(message_read(toy_reply(), "s", &name), 0);
	bus_client_free(client);
	world_stop(&short_lived, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo_comes_back),
		cmocka_unit_test(test_options_are_known_typed_and_once),
		cmocka_unit_test(test_wrong_arguments_are_refused),
		cmocka_unit_test(test_unknown_members_are_refused),
		cmocka_unit_test(test_call_without_interface_is_refused),
		cmocka_unit_test(test_r13_each_role_gets_its_own_and_nothing_else),
		cmocka_unit_test(test_r12_root_holds_no_role_in_whatever_group),
		cmocka_unit_test(test_proof_is_of_one_connection),
		cmocka_unit_test(test_r14_denials_are_told_to_the_service),
		cmocka_unit_test(test_role_comes_before_object_and_arguments),
		cmocka_unit_test(test_answers_and_faults),
		cmocka_unit_test(test_deferred_calls_end_later_and_are_bounded),
		cmocka_unit_test(test_caller_that_leaves_is_noticed),
		cmocka_unit_test(test_descriptor_passes_where_asked_for),
		cmocka_unit_test(test_second_server_is_told_that_the_name_is_taken),
		cmocka_unit_test(test_lost_bus_ends_the_loop_with_a_code),
		cmocka_unit_test(test_calls_kept_when_the_server_stops_are_freed),
	};

	return cmocka_run_group_tests_name("dispatch", tests, start, stop);
}
