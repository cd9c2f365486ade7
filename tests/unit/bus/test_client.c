/* SPDX-License-Identifier: Apache-2.0 */
/* The calling side where there is no keeper, no bus, or no answer. */

#include "world.h"

#include <limits.h>
#include <signal.h>
#include <sys/wait.h>

static const char deny[] = "  <policy context=\"mandatory\">\n"
			   "    <deny send_destination=\"" BUS_NAME "\" send_interface=\"" TOY
			   "\" send_member=\"ForEar\"/>\n"
			   "  </policy>\n";

static void test_no_bus_is_no_daemon(void **state)
{
	struct bus_client *client = NULL;
	struct why why;

	assert_answer(bus_client_open("unix:path=/nonexistent/socket", &client, &why),
		      ANSWER_NO_DAEMON, why);
	assert_non_null(strstr(why.text, "is dbus-daemon running"));
	assert_answer(bus_client_open("not an address", &client, &why), ANSWER_INVALID_ARGUMENT,
		      why);
	assert_null(client);
	assert_null(bus_client_free(NULL));
}

static void test_no_keeper_is_no_daemon(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = NULL;
	struct bus_fixture bus;
	struct why why;

	assert_int_equal(bus_fixture_start(&bus, NULL), 0);
	assert_int_equal(bus_client_open(bus.address, &client, &why), 0);
	assert_true(bus_client_connected(client));
	assert_int_equal(bus_client_name(client)[0], ':');
	assert_true(bus_client_fd(client) >= 0);
	assert_answer(toy_call(client, "Echo", "s", "anybody?"), ANSWER_NO_DAEMON, *toy_why());
	assert_non_null(strstr(toy_why()->text, "systemctl start cubbyd"));
	bus_fixture_stop(&bus);
	assert_answer(toy_call(client, "Echo", "s", "anybody?"), ANSWER_NO_DAEMON, *toy_why());
	assert_non_null(strstr(toy_why()->text, "bus is gone"));
	assert_int_equal(bus_client_poll(client, 0), ANSWER_NO_DAEMON);
	assert_false(bus_client_connected(client));
}

static int later(struct bus_client *client, int timeout_ms, struct why *why)
{
	_cleanup_(message_freep) struct message *request = NULL, *reply = NULL;

	assert_int_equal(bus_request_new(client, NULL, "Toy", "Later", &request), 0);
	assert_int_equal(message_open(request, 'a', "{sv}"), 0);
	/* Not yet whole: it is not sent. */
	assert_int_equal(bus_call(client, request, timeout_ms, &reply, why), -EINVAL);
	assert_int_equal(message_close(request), 0);
	return bus_call(client, request, timeout_ms, &reply, why);
}

static void test_no_answer_in_time_is_timeout(void **state)
{
	struct bus_client *client;
	struct world world;
	struct why why;

	world_start(&world, 0, 0);
	client = world_self(&world);
	assert_answer(later(client, 100, &why), ANSWER_TIMEOUT, why);
	/* The connection goes on. */
	assert_int_equal(toy_call(client, "Echo", "s", "hello"), 0);
	bus_client_free(client);
	world_stop(&world, 0);
}

/* In a moment, from another process: this one is waiting for a reply. */
static void kill_soon(pid_t pid)
{
	if (fork() == 0) {
		usleep(200 * 1000);
		kill(pid, SIGKILL);
		_exit(0);
	}
}

static void test_keeper_that_dies_during_a_call_is_no_daemon(void **state)
{
	struct bus_client *client;
	struct world world;
	struct why why;

	world_start(&world, 0, 0);
	client = world_self(&world);
	kill_soon(world.toy);
	assert_answer(later(client, 10000, &why), ANSWER_NO_DAEMON, why);
	assert_true(bus_client_connected(client));
	waitpid(world.toy, NULL, 0);
	/* Another keeper takes over; the same connection reaches it. */
	world.toy = world_toy(&world, 0, 0);
	assert_int_equal(toy_call(client, "Echo", "s", "hello"), 0);
	bus_client_free(client);
	world_stop(&world, 0);
	while (wait(NULL) > 0)
		;
}

static void test_bus_that_dies_during_a_call_is_no_daemon(void **state)
{
	struct bus_client *client;
	struct world world;
	struct why why;

	world_start(&world, 0, 0);
	client = world_self(&world);
	kill_soon(world.bus.pid);
	assert_answer(later(client, INT_MAX, &why), ANSWER_NO_DAEMON, why);
	bus_client_free(client);
	world_stop(&world, 1);
	while (wait(NULL) > 0)
		;
}

static void test_bus_policy_is_not_authorized(void **state)
{
	struct bus_client *client;
	struct world world;

	assert_int_equal(bus_fixture_start(&world.bus, deny), 0);
	world.toy = world_toy(&world, 0, 0);
	client = world_self(&world);
	assert_answer(toy_call(client, "ForEar", ""), ANSWER_NOT_AUTHORIZED, *toy_why());
	assert_non_null(strstr(toy_why()->text, "cubby-parents"));
	assert_int_equal(toy_call(client, "Echo", "s", "hello"), 0);
	bus_client_free(client);
	world_stop(&world, 0);
}

static void test_name_forbidden_by_the_bus_is_told(void **state)
{
	static const char forbid[] = "  <policy context=\"mandatory\"><deny own=\"" BUS_NAME
				     "\"/></policy>\n";
	struct world world;
	int status;

	assert_int_equal(bus_fixture_start(&world.bus, forbid), 0);
	world.toy = world_toy(&world, 0, 0);
	assert_non_null(strstr(world.toy_says, "NotAuthorized"));
	assert_non_null(strstr(world.toy_says, "packaging/dbus"));
	assert_int_equal(waitpid(world.toy, &status, 0), world.toy);
	bus_fixture_stop(&world.bus);
}

static void test_requests_with_wrong_names_are_not_made(void **state)
{
	struct message *request = NULL;

	assert_int_equal(bus_request_new(NULL, NULL, "", "Echo", &request), -EINVAL);
	assert_int_equal(bus_request_new(NULL, NULL, "T oy", "Echo", &request), -EINVAL);
	assert_int_equal(bus_request_new(NULL, NULL, "Toy", "a.b", &request), -EINVAL);
	assert_int_equal(bus_request_new(NULL, "relative", "Toy", "Echo", &request), -EINVAL);
	assert_null(request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_bus_is_no_daemon),
		cmocka_unit_test(test_no_keeper_is_no_daemon),
		cmocka_unit_test(test_no_answer_in_time_is_timeout),
		cmocka_unit_test(test_keeper_that_dies_during_a_call_is_no_daemon),
		cmocka_unit_test(test_bus_that_dies_during_a_call_is_no_daemon),
		cmocka_unit_test(test_bus_policy_is_not_authorized),
		cmocka_unit_test(test_name_forbidden_by_the_bus_is_told),
		cmocka_unit_test(test_requests_with_wrong_names_are_not_made),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
