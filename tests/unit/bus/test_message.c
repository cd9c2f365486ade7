/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments out and in again, and everything that must not be read as what it is not. */

#include "unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "bus/message_private.h"

static struct message *message_new(void)
{
	DBusMessage *dbus = dbus_message_new_method_call("a.b", "/", "a.b", "C");
	struct message *message = message_wrap(dbus);

	dbus_message_unref(dbus);
	return message;
}

static void test_every_basic_type_comes_back(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();
	uint8_t y;
	bool b;
	uint32_t u;
	int32_t i;
	int64_t x;
	uint64_t t;
	const char *s, *o;
	const void *bytes;
	size_t n;

	assert_int_equal(message_append(message, "ybuixtsoay", 7, true, UINT32_MAX, INT32_MIN,
					INT64_MIN, UINT64_MAX, "gr\xc3\xbc\xc3\x9f", "/a/b", "\0x",
					(size_t)2),
			 0);
	assert_int_equal(message_read(message, "ybuixtsoay", &y, &b, &u, &i, &x, &t, &s, &o, &bytes,
				      &n),
			 0);
	assert_int_equal(y, 7);
	assert_true(b);
	assert_true(u == UINT32_MAX && i == INT32_MIN && x == INT64_MIN && t == UINT64_MAX);
	assert_string_equal(s, "gr\xc3\xbc\xc3\x9f");
	assert_string_equal(o, "/a/b");
	assert_int_equal(n, 2);
	assert_memory_equal(bytes, "\0x", 2);
	assert_false(message_more(message));
}

static void test_empty_bytes_are_not_null(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();
	const void *bytes = NULL;
	size_t n = 9;

	assert_int_equal(message_append(message, "ay", NULL, (size_t)0), 0);
	assert_int_equal(message_read(message, "ay", &bytes, &n), 0);
	assert_non_null(bytes);
	assert_int_equal(n, 0);
}

static void test_containers_nest(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();
	const char *id, *kind;
	uint64_t expires;
	uint32_t size;
	int rows = 0;

	assert_int_equal(message_open(message, 'a', "(ssta(stu))"), 0);
	for (int row = 0; row < 3; row++) {
		assert_int_equal(message_open(message, 'r', "ssta(stu)"), 0);
		assert_int_equal(message_append(message, "sst", "id", "profile", (uint64_t)row), 0);
		assert_int_equal(message_open(message, 'a', "(stu)"), 0);
		assert_int_equal(message_open(message, 'r', "stu"), 0);
		assert_int_equal(message_append(message, "stu", "audio", (uint64_t)60, 4096u), 0);
		assert_int_equal(message_close(message), 0);
		assert_int_equal(message_close(message), 0);
		assert_int_equal(message_close(message), 0);
	}
	assert_int_equal(message_close(message), 0);

	assert_int_equal(message_enter(message, 'a', "(ssta(stu))"), 0);
	for (; message_more(message); rows++) {
		assert_int_equal(message_enter(message, 'r', "ssta(stu)"), 0);
		assert_int_equal(message_read(message, "s", &id), 0);
		assert_int_equal(message_skip(message), 0);
		assert_int_equal(message_read(message, "t", &expires), 0);
		assert_int_equal(expires, rows);
		assert_int_equal(message_enter(message, 'a', "(stu)"), 0);
		assert_int_equal(message_enter(message, 'r', "stu"), 0);
		assert_int_equal(message_read(message, "stu", &kind, &expires, &size), 0);
		assert_string_equal(kind, "audio");
		assert_int_equal(message_leave(message), 0);
		assert_int_equal(message_leave(message), 0);
		assert_int_equal(message_leave(message), 0);
	}
	assert_int_equal(rows, 3);
	assert_int_equal(message_leave(message), 0);
	assert_int_equal(message_leave(message), -EINVAL);
}

static void test_entries_are_variants(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();
	const char *key, *text;
	const void *bytes;
	size_t n;

	assert_int_equal(message_open(message, 'a', "{sv}"), 0);
	assert_int_equal(message_append_entry(message, "name", "s", "anna"), 0);
	assert_int_equal(message_append_entry(message, "key", "ay", "abc", (size_t)3), 0);
	assert_int_equal(message_close(message), 0);

	assert_int_equal(message_enter(message, 'a', "{sv}"), 0);
	assert_int_equal(message_enter(message, 'e', "sv"), 0);
	assert_int_equal(message_read(message, "s", &key), 0);
	assert_string_equal(key, "name");
	/* The variant holds another type: it is not entered, and can still be. */
	assert_int_equal(message_enter(message, 'v', "u"), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(message_enter(message, 'v', "s"), 0);
	assert_int_equal(message_read(message, "s", &text), 0);
	assert_int_equal(message_leave(message), 0);
	assert_int_equal(message_leave(message), 0);
	assert_int_equal(message_enter(message, 'e', "sv"), 0);
	assert_int_equal(message_skip(message), 0);
	assert_int_equal(message_enter(message, 'v', NULL), 0);
	assert_int_equal(message_read(message, "ay", &bytes, &n), 0);
	assert_int_equal(n, 3);
}

static void test_wrong_types_are_refused_and_write_nothing(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();
	const char *text = "before";
	uint32_t number = 5;
	const void *bytes;
	size_t n;

	assert_int_equal(message_append(message, "su", "one", 2u), 0);
	assert_int_equal(message_read(message, "ss", &text, &text), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(message_read(message,
				      "suu",
				      &text, &number, &number),
			 ANSWER_INVALID_ARGUMENT);
	assert_string_equal(text, "before");
	assert_int_equal(number, 5);
	assert_int_equal(message_read(message, "ay", &bytes, &n), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(message_enter(message, 'a', "s"), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(message_read(message, "su", &text, &number), 0);
	assert_int_equal(message_read(message, "s", &text), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(message_skip(message), ANSWER_INVALID_ARGUMENT);
	/* Types this room does not know are a mistake of the program, not of the sender. */
	assert_int_equal(message_read(message, "d", &text), -EINVAL);
	assert_int_equal(message_read(message, "as", &text), -EINVAL);
}

static void test_array_of_other_elements_is_not_entered(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();

	assert_int_equal(message_open(message, 'a', "u"), 0);
	assert_int_equal(message_close(message), 0);
	/* Even an empty one. */
	assert_int_equal(message_enter(message, 'a', "s"), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(message_enter(message, 'a', "u"), 0);
	assert_false(message_more(message));
}

static void test_what_libdbus_would_abort_on_is_refused(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();

	assert_int_equal(message_append(message, "s", "\xff"), -EINVAL);
	assert_int_equal(message_append(message, "s", NULL), -EINVAL);
	assert_int_equal(message_append(message, "o", "no/path"), -EINVAL);
	assert_int_equal(message_append(message, "o", ""), -EINVAL);
	assert_int_equal(message_append(message, "h", -1), -EBADF);
	assert_int_equal(message_append(message, "d", 1.0), -EINVAL);
	assert_int_equal(message_open(message, 'a', ""), -EINVAL);
	assert_int_equal(message_open(message, 'a', "ss"), -EINVAL);
	assert_int_equal(message_open(message, 'v', NULL), -EINVAL);
	assert_int_equal(message_open(message, 'x', "s"), -EINVAL);
	assert_int_equal(message_close(message), -EINVAL);
	assert_string_equal(dbus_message_get_signature(message->dbus), "");
}

static void test_depth_is_bounded(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();
	int depth = 0, r;

	while ((r = message_open(message, 'v', "v")) == 0)
		depth++;
	assert_int_equal(r, -EINVAL);
	assert_int_equal(depth, MESSAGE_DEPTH - 1);
	/* Freed with its containers open. */
}

static void test_descriptor_is_a_new_one_that_closes_on_exec(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();
	_cleanup_(cleanup_close) int sent = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_(cleanup_close) int got = -1;
	struct stat a, b;

	assert_int_equal(message_append(message, "h", sent), 0);
	assert_int_equal(message_read(message, "h", &got), 0);
	assert_int_not_equal(got, sent);
	assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(sent, &a), 0);
	assert_int_equal(fstat(got, &b), 0);
	assert_true(a.st_rdev == b.st_rdev);
}

static void test_descriptor_does_not_leak_when_the_rest_is_wrong(void **state)
{
	_cleanup_(message_freep) struct message *message = message_new();
	_cleanup_(cleanup_close) int sent = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int got = -1, before, after;
	uint32_t number;

	assert_int_equal(message_append(message, "hs", sent, "text"), 0);
	before = dup(sent);
	close(before);
	assert_int_equal(message_read(message, "hu", &got, &number), ANSWER_INVALID_ARGUMENT);
	after = dup(sent);
	close(after);
	assert_int_equal(got, -1);
	assert_int_equal(before, after);
}

/* What message_keys_allowed() says of an a{sv} with these keys. */
static bool keys_allowed(const char *const *sent, const char *const *allowed)
{
	_cleanup_(message_freep) struct message *message = message_new();
	DBusMessageIter at;
	const char *bad;

	assert_int_equal(message_open(message, 'a', "{sv}"), 0);
	for (; *sent; sent++)
		assert_int_equal(message_append_entry(message, *sent, "u", 1u), 0);
	assert_int_equal(message_close(message), 0);
	dbus_message_iter_init(message->dbus, &at);
	return message_keys_allowed(&at, allowed, &bad);
}

static void test_option_keys_known_and_once(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const both[] = { "cursor", "limit", NULL };

	assert_true(keys_allowed(none, none));
	assert_true(keys_allowed(none, both));
	assert_true(keys_allowed(both, both));
	assert_false(keys_allowed(both, none));
	assert_false(keys_allowed((const char *const[]){ "limit", "Limit", NULL }, both));
	assert_false(keys_allowed((const char *const[]){ "limit", "cursor", "limit", NULL }, both));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_basic_type_comes_back),
		cmocka_unit_test(test_empty_bytes_are_not_null),
		cmocka_unit_test(test_containers_nest),
		cmocka_unit_test(test_entries_are_variants),
		cmocka_unit_test(test_wrong_types_are_refused_and_write_nothing),
		cmocka_unit_test(test_array_of_other_elements_is_not_entered),
		cmocka_unit_test(test_what_libdbus_would_abort_on_is_refused),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_descriptor_is_a_new_one_that_closes_on_exec),
		cmocka_unit_test(test_descriptor_does_not_leak_when_the_rest_is_wrong),
		cmocka_unit_test(test_option_keys_known_and_once),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
