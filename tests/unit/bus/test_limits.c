/* SPDX-License-Identifier: Apache-2.0 */
/* One sender must neither end the keeper, nor fill it, nor keep the others from it. */

#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "bus/connection.h"
#include "bus/message_private.h"

#ifdef __SANITIZE_ADDRESS__
/* The sanitizer keeps freed memory for a while, and looks for the leaks itself. */
#define ECHOES 10000
#define GROWTH_MAX_KIB (1024 * 1024)
#else
#define ECHOES 100000
#define GROWTH_MAX_KIB 1024
#endif

static struct world world;

static int stop(void **state)
{
	world_stop(&world, 0);
	return 0;
}

static int start_default(void **state)
{
	world_start(&world, 0, 0);
	return 0;
}

static int start_strict(void **state)
{
	world_start(&world, 20, 50);
	return 0;
}

static int start_generous(void **state)
{
	world_start(&world, 1000000, 1000000);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void assert_alive(void)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);

	assert_int_equal(toy_call(client, "Echo", "s", "alive"), 0);
	assert_int_equal(waitpid(world.toy, NULL, WNOHANG), 0);
}

static int echo_sized(struct bus_client *client, size_t n)
{
	_cleanup_(cleanup_free) char *text = malloc(n + 1);

	memset(text, 'a', n);
	text[n] = '\0';
	return toy_call(client, "Echo", "s", text);
}

static void test_large_calls_are_refused_and_end_nothing(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);

	assert_int_equal(echo_sized(client, BUS_CALL_MAX_BYTES - 512), 0);
	assert_int_equal(echo_sized(client, BUS_CALL_MAX_BYTES), ANSWER_INVALID_ARGUMENT);
	assert_non_null(strstr(toy_why()->text, "too large"));
	assert_int_equal(echo_sized(client, 2 * BUS_REPLY_MAX_BYTES), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(echo_sized(client, 20 * 1024 * 1024), ANSWER_INVALID_ARGUMENT);
	/* The same connection goes on, and so does the keeper. */
	assert_int_equal(echo_sized(client, 10), 0);
	assert_alive();
}

static void echo_send(DBusConnection *connection, const char *text, int n_fds, bool wants_reply)
{
	DBusMessage *dbus = dbus_message_new_method_call(BUS_NAME, BUS_PATH, TOY, "Echo");
	struct message *message = message_wrap(dbus);
	_cleanup_(cleanup_close) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	dbus_message_set_no_reply(dbus, !wants_reply);
	assert_int_equal(message_append(message, "s", text), 0);
	assert_int_equal(message_open(message, 'a', "{sv}"), 0);
	assert_int_equal(message_close(message), 0);
	for (int i = 0; i < n_fds; i++)
		assert_int_equal(message_append(message, "h", fd), 0);
	assert_true(dbus_connection_send(connection, dbus, NULL));
	message_free(message);
	dbus_message_unref(dbus);
}

static DBusConnection *raw_client(void)
{
	DBusConnection *connection = NULL;

	assert_int_equal(connection_open(world.bus.address, &connection, toy_why()), 0);
	return connection;
}

/* Takes replies until there are n; *ret_names gets the error names, "" for a reply. */
static void replies_take(DBusConnection *connection, int n, char names[][64])
{
	int64_t end_ms = now_ms() + 10000;

	for (int got = 0; got < n && now_ms() < end_ms;) {
		DBusMessage *message;

		dbus_connection_read_write(connection, 100);
		while ((message = dbus_connection_pop_message(connection))) {
			const char *error = dbus_message_get_error_name(message);

			if (dbus_message_get_reply_serial(message) != 0 &&
			    dbus_message_has_sender(message, DBUS_SERVICE_DBUS) == FALSE && got < n)
				snprintf(names[got++], 64, "%s", error ? error : "");
			dbus_message_unref(message);
		}
		if (got == n)
			return;
	}
	fail_msg("replies are missing");
}

static void test_many_descriptors_end_nothing(void **state)
{
	_cleanup_(connection_freep) DBusConnection *connection = raw_client();
	char names[40][64];

	/* 16 in a message is what the bus lets pass; here several such messages at once. */
	for (int i = 0; i < 40; i++)
		echo_send(connection, "fds", 16, true);
	replies_take(connection, 40, names);
	for (int i = 0; i < 40; i++)
		assert_true(strcmp(names[i], BUS_NAME ".Error.InvalidArgument") == 0 ||
			    strcmp(names[i], BUS_NAME ".Error.Busy") == 0);
	assert_alive();
}

static void test_calls_before_credentials_wait_in_order(void **state)
{
	_cleanup_(connection_freep) DBusConnection *connection = raw_client();
	char names[2 * BUS_CALLS_OUTSTANDING][64];
	int replies = 0;

	for (int i = 0; i < 2 * BUS_CALLS_OUTSTANDING; i++)
		echo_send(connection, "first", 0, true);
	replies_take(connection, 2 * BUS_CALLS_OUTSTANDING, names);
	for (int i = 0; i < 2 * BUS_CALLS_OUTSTANDING; i++) {
		if (!names[i][0])
			replies++;
		else
			assert_string_equal(names[i], BUS_NAME ".Error.Busy");
	}
	assert_in_range(replies, BUS_CALLS_OUTSTANDING, 2 * BUS_CALLS_OUTSTANDING);
}

static void test_large_first_calls_of_many_do_not_stall(void **state)
{
	static char text[BUS_CALL_MAX_BYTES - 1024];
	DBusConnection *connections[12];
	char names[BUS_CALLS_OUTSTANDING][64];

	memset(text, 'a', sizeof(text) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(connections); i++)
		connections[i] = raw_client();
	for (size_t i = 0; i < ARRAY_SIZE(connections); i++)
		for (int call = 0; call < BUS_CALLS_OUTSTANDING; call++)
			echo_send(connections[i], text, 0, true);
	for (size_t i = 0; i < ARRAY_SIZE(connections); i++)
		dbus_connection_flush(connections[i]);
	for (size_t i = 0; i < ARRAY_SIZE(connections); i++) {
		replies_take(connections[i], BUS_CALLS_OUTSTANDING, names);
		connection_free(connections[i]);
	}
	assert_alive();
}

static void test_sender_beyond_its_rate_is_refused_alone(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *greedy = world_self(&world);
	_cleanup_(bus_client_freep) struct bus_client *modest = world_self(&world);
	int refused = 0;

	for (int i = 0; i < 200; i++) {
		int r = toy_call(greedy, "Echo", "s", "again");

		assert_true(r == 0 || r == ANSWER_RATE_LIMITED);
		refused += r != 0;
	}
	assert_true(refused > 50);
	assert_int_equal(toy_call(modest, "Echo", "s", "once"), 0);
	/* Patience is enough. */
	usleep(200 * 1000);
	assert_int_equal(toy_call(greedy, "Echo", "s", "later"), 0);
}

/* Sends and never listens; the bus itself bounds how many replies one may let wait. */
static pid_t flood_start(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		DBusConnection *connection = NULL;
		struct why why;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (connection_open(world.bus.address, &connection, &why) != 0)
			_exit(1);
		for (int i = 0; i < 100000; i++) {
			echo_send(connection, "flood", 0, false);
			if (i % 64 == 0)
				dbus_connection_flush(connection);
		}
		_exit(0);
	}
	return pid;
}

static void test_flood_starves_nobody(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);
	int64_t worst_ms = 0;
	pid_t flood;

	assert_int_equal(toy_call(client, "Echo", "s", "before"), 0);
	flood = flood_start();
	for (int i = 0; i < 100; i++) {
		int64_t begin_ms = now_ms();

		assert_int_equal(toy_call(client, "Echo", "s", "through"), 0);
		if (now_ms() - begin_ms > worst_ms)
			worst_ms = now_ms() - begin_ms;
		usleep(10000);
	}
	kill(flood, SIGKILL);
	waitpid(flood, NULL, 0);
	assert_in_range(worst_ms, 0, 2000);
	assert_alive();
}

static long toy_rss_kib(void)
{
	char path[64];
	long pages, resident;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", world.toy);
	file = fopen(path, "r");
	assert_int_equal(fscanf(file, "%ld %ld", &pages, &resident), 2);
	fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int toy_fds(void)
{
	char path[64];
	int n = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", world.toy);
	directory = opendir(path);
	while (readdir(directory))
		n++;
	closedir(directory);
	return n;
}

static void test_100000_calls_leave_nothing_behind(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);
	int fds[2], fds_before;
	long before;

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	for (int i = 0; i < ECHOES / 20; i++)
		assert_int_equal(toy_call(client, "Echo", "s", "warm"), 0);
	before = toy_rss_kib();
	fds_before = toy_fds();
	for (int i = 0; i < ECHOES; i++) {
		/* Some with descriptors, some refused. */
		int r = i % 10 == 0 ? toy_call(client, "Take", "h", fds[0]) :
			i % 10 == 1 ? toy_call(client, "ForParent", "") :
				      toy_call(client, "Echo", "s", "again");

		assert_int_equal(r, i % 10 == 1 ? ANSWER_NOT_AUTHORIZED : 0);
	}
	close(fds[0]);
	close(fds[1]);
	assert_in_range(toy_rss_kib() - before + GROWTH_MAX_KIB, 0, 2 * GROWTH_MAX_KIB);
	assert_int_equal(toy_fds(), fds_before);
}

static void test_callers_that_leave_leave_nothing_behind(void **state)
{
	long before = 0;

	for (int i = 0; i < ECHOES / 40; i++) {
		_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);

		assert_int_equal(toy_call(client, "Echo", "s", "hello"), 0);
		if (i == ECHOES / 400)
			before = toy_rss_kib();
	}
	assert_in_range(toy_rss_kib() - before + GROWTH_MAX_KIB, 0, 2 * GROWTH_MAX_KIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_large_calls_are_refused_and_end_nothing,
						start_default, stop),
		cmocka_unit_test_setup_teardown(test_many_descriptors_end_nothing, start_default,
						stop),
		cmocka_unit_test_setup_teardown(test_calls_before_credentials_wait_in_order,
						start_default, stop),
		cmocka_unit_test_setup_teardown(test_large_first_calls_of_many_do_not_stall,
						start_default, stop),
		cmocka_unit_test_setup_teardown(test_sender_beyond_its_rate_is_refused_alone,
						start_strict, stop),
		cmocka_unit_test_setup_teardown(test_flood_starves_nobody, start_default, stop),
		cmocka_unit_test_setup_teardown(test_100000_calls_leave_nothing_behind,
						start_generous, stop),
		cmocka_unit_test_setup_teardown(test_callers_that_leave_leave_nothing_behind,
						start_generous, stop),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
