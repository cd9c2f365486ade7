/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, kinds and clocks: the small tables everybody relies on. */

#include "unit/test.h"

#include "base/clock.h"
#include "base/kind.h"

static void test_answer_names_round_trip(void **state)
{
	for (int answer = ANSWER_NOT_AUTHORIZED; answer <= ANSWER_TIMEOUT; answer++)
		assert_int_equal(answer_from_name(answer_name(answer)), answer);
	assert_string_equal(answer_name(ANSWER_NOT_FOUND), "NotFound");
	assert_int_equal(answer_from_name("notfound"), 0);
	assert_int_equal(answer_from_name(""), 0);
	assert_int_equal(answer_from_name(NULL), 0);
}

static void test_unknown_answer_is_a_failure(void **state)
{
	const int unknown[] = { -1, 0, ANSWER_TIMEOUT + 1, 1000 };

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_string_equal(answer_name(unknown[i]), "Failed");
}

static void test_why_is_cut_not_overrun(void **state)
{
	struct why why;
	char value[2048];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(answer_why(&why, ANSWER_EXISTS, "the name %s", value), ANSWER_EXISTS);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	assert_int_equal(answer_why(NULL, ANSWER_BUSY, "%s", value), ANSWER_BUSY);
}

static void test_fault_passes_its_value(void **state)
{
	assert_int_equal(fault_origin(-ENOMEM), -ENOMEM);
	assert_int_equal(fault_trace(-ENOMEM), -ENOMEM);
	assert_int_equal(fault_trace(0), 0);
	assert_int_equal(fault_trace(ANSWER_LOCKED), ANSWER_LOCKED);
}

static void test_kind_names_round_trip(void **state)
{
	for (int kind = 1; kind <= KIND_MAX; kind++)
		assert_int_equal(kind_from_name(kind_name(kind)), kind);
	assert_null(kind_name(0));
	assert_null(kind_name(KIND_MAX + 1));
	assert_null(kind_name(-1));
	assert_int_equal(kind_from_name("training"), 0);
	assert_int_equal(kind_from_name(NULL), 0);
}

static void test_r2_every_kind_has_an_end(void **state)
{
	for (int kind = 1; kind <= KIND_MAX; kind++) {
		assert_true(kind_keep_max_s(kind) >= 60);
		assert_true(kind_keep_max_s(kind) <= 90 * 86400);
	}
	assert_int_equal(kind_keep_max_s(0), 0);
	assert_int_equal(kind_keep_max_s(KIND_MAX + 1), 0);
}

static int64_t fake_wall_s(void *context)
{
	return *(int64_t *)context;
}

static void test_clock_is_substituted(void **state)
{
	int64_t now = 1700000000;
	const struct clock fake = { .wall_s = fake_wall_s,
				    .boot_ms = fake_wall_s,
				    .context = &now };
	int64_t before;

	assert_int_equal(clock_wall_s(&fake), 1700000000);
	assert_true(clock_wall_s(&clock_system) > 1700000000);
	before = clock_boot_ms(&clock_system);
	usleep(3000);
	assert_true(clock_boot_ms(&clock_system) - before >= 2);
}

static void test_take_leaves_nothing(void **state)
{
	char *text = strdup("x");
	char *taken = take(text);
	int fd = 7;

	assert_null(text);
	assert_string_equal(taken, "x");
	free(taken);
	assert_int_equal(take_fd(fd), 7);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_names_round_trip),
		cmocka_unit_test(test_unknown_answer_is_a_failure),
		cmocka_unit_test(test_why_is_cut_not_overrun),
		cmocka_unit_test(test_fault_passes_its_value),
		cmocka_unit_test(test_kind_names_round_trip),
		cmocka_unit_test(test_r2_every_kind_has_an_end),
		cmocka_unit_test(test_clock_is_substituted),
		cmocka_unit_test(test_take_leaves_nothing),
	};

	return cmocka_run_group_tests_name("base/fault", tests, NULL, NULL);
}
