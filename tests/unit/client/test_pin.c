/* SPDX-License-Identifier: Apache-2.0 */
/* The pin file: what cannot be read is never taken for a first use. */

#include "unit/test.h"

#include <sys/stat.h>

#include "base/file.h"
#include "client/pin.h"

#define ZERO_KEY "0000000000000000000000000000000000000000000000000000000000000000"

static char dir[] = "/tmp/cubby-test-pin-XXXXXX";
static char state[sizeof(dir) + 32];

static int dir_make(void **unused)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	if (!mkdtemp(dir))
		return -1;
	snprintf(state, sizeof(state), "%s/a/state/cubby", dir);
	return 0;
}

static int dir_remove(void **unused)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_pins_round_trip(void **unused)
{
	struct pins pins = { .device = true, .founder = true }, back;
	char path[sizeof(state) + 32];
	struct why why = { "" };
	struct stat st;

	memset(pins.device_sign, 0x11, 32);
	memset(pins.device_box, 0x22, 32);
	memset(pins.founder_key, 0x33, 32);
	assert_int_equal(pins_read(state, &back, &why), 0);
	assert_false(back.device || back.founder);
	assert_int_equal(pins_write(state, &pins, &why), 0);
	assert_int_equal(pins_read(state, &back, &why), 0);
	assert_true(back.device && back.founder);
	assert_memory_equal(back.device_sign, pins.device_sign, 32);
	assert_memory_equal(back.device_box, pins.device_box, 32);
	assert_memory_equal(back.founder_key, pins.founder_key, 32);
	assert_int_equal(stat(state, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "%s/" PIN_FILE, state);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_pins_that_cannot_be_understood_are_refused(void **unused)
{
	static const char *const bad[] = {
		"", "{", "[]", "null", "{\"device_sign\": 5}", "{\"founder\": \"00\"}",
		"{\"founder\": null}",
		/* one half of a device */
		"{\"device_sign\":\"" ZERO_KEY "\"}",
		/* twice the same member: which one counts is nobody's guess */
		"{\"founder\":\"" ZERO_KEY "\","
		"\"founder\":\"" ZERO_KEY "\"}",
	};
	char path[sizeof(state) + 32];

	snprintf(path, sizeof(path), "%s/" PIN_FILE, state);
	assert_int_equal(pin_dir_make(state, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct why why = { "" };
		struct pins pins;

		assert_int_equal(file_replace(path, bad[i], strlen(bad[i]), 0600), 0);
		assert_answer(pins_read(state, &pins, &why), ANSWER_FAILED, why);
		assert_non_null(strstr(why.text, path));
	}
}

static void test_pins_where_nothing_can_be_written(void **unused)
{
	struct pins pins = { .founder = true };
	struct why why = { "" };

	assert_answer(pins_write("/proc/cubby", &pins, &why), ANSWER_FAILED, why);
	assert_non_null(strstr(why.text, "XDG_STATE_HOME"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pins_round_trip, dir_make, dir_remove),
		cmocka_unit_test_setup_teardown(test_pins_that_cannot_be_understood_are_refused,
						dir_make, dir_remove),
		cmocka_unit_test(test_pins_where_nothing_can_be_written),
	};

	return cmocka_run_group_tests_name("pin", tests, NULL, NULL);
}
