/* SPDX-License-Identifier: Apache-2.0 */
/* Times and durations as people write them. The tests run in UTC, and once in a zone with summer
 * time. */

#include "unit/test.h"

#include <time.h>

#include "moment.h"

/* 2026-05-31T07:30:15Z, a Sunday. */
#define NOW_S 1780212615

static int64_t parsed(const char *text)
{
	struct why why = { "" };
	int64_t time_s = -1;

	assert_int_equal(moment_parse(text, NOW_S, &time_s, &why), 0);
	return time_s;
}

static void test_moment_words(void **state)
{
	assert_int_equal(parsed("now"), NOW_S);
	assert_int_equal(parsed("today"), NOW_S - NOW_S % 86400);
	assert_int_equal(parsed("yesterday"), NOW_S - NOW_S % 86400 - 86400);
	assert_int_equal(parsed("Yesterday"), parsed("yesterday"));
	assert_int_equal(parsed("2h ago"), NOW_S - 7200);
	assert_int_equal(parsed("2 hours ago"), NOW_S - 7200);
	assert_int_equal(parsed("1d12h ago"), NOW_S - 36 * 3600);
	assert_int_equal(parsed("3 days ago"), NOW_S - 3 * 86400);
	assert_int_equal(parsed("90s ago"), NOW_S - 90);
}

static void test_moment_iso_8601(void **state)
{
	assert_int_equal(parsed("2026-05-31T07:30:15Z"), NOW_S);
	assert_int_equal(parsed("2026-05-31T07:30:15"), NOW_S);
	assert_int_equal(parsed("2026-05-31 07:30:15"), NOW_S);
	assert_int_equal(parsed("2026-05-31T07:30Z"), NOW_S - 15);
	assert_int_equal(parsed("2026-05-31"), NOW_S - NOW_S % 86400);
	assert_int_equal(parsed("2026-05-31T09:30:15+02:00"), NOW_S);
	assert_int_equal(parsed("2026-05-31T09:30:15+0200"), NOW_S);
	assert_int_equal(parsed("2026-05-31T02:30:15-05"), NOW_S);
	assert_int_equal(parsed("2024-02-29"), 1709164800);
}

static void test_moment_local_time_and_summer_time(void **state)
{
	char text[MOMENT_TEXT];

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_int_equal(parsed("2026-05-31T09:30:15"), NOW_S);
	assert_int_equal(parsed("today"), NOW_S - NOW_S % 86400 - 7200);
	assert_string_equal(moment_local(NOW_S, text), "2026-05-31 09:30");
	assert_string_equal(moment_iso(NOW_S, text), "2026-05-31T07:30:15Z");
	setenv("TZ", "UTC", 1);
	tzset();
}

static void test_moment_nonsense_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "tomorrow", "2026", "2026-05", "2026-13-01", "2026-02-30", "2023-02-29",
		"2026-05-31T", "2026-05-31T25:00", "2026-05-31T07:3", "2026-05-31T07:30:15+",
		"2026-05-31T07:30:15+2", "2026-05-31T07:30:15+15:00", "2026-05-31x", "ago", "2h",
		"2 fortnights ago", "-2h ago", "2h agone", "99999999999999999999h ago",
		"1960-01-01",
		"2026-05-31T-7:30", "100 years ago", "300w 300w 300w",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct why why = { "" };
		int64_t time_s = -1;

		assert_answer(moment_parse(bad[i], NOW_S, &time_s, &why),
			      ANSWER_INVALID_ARGUMENT, why);
	}
}

static void test_duration_units(void **state)
{
	static const struct {
		const char *text;
		uint32_t s;
	} good[] = {
		{ "12h", 43200 }, { "7d", 604800 }, { "30 d", 2592000 }, { "2w", 1209600 },
		{ "90m", 5400 }, { "45s", 45 }, { "1d12h", 129600 }, { "1 hour", 3600 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct why why = { "" };
		uint32_t duration_s = 0;

		assert_int_equal(duration_parse(good[i].text, &duration_s, &why), 0);
		assert_int_equal(duration_s, good[i].s);
	}
}

static void test_r2_forever_is_refused(void **state)
{
	static const char *const bad[] = {
		"0", "0d", "-1", "-1d", "forever", "never", "unlimited", "", "d", "7", "7x", "7d!",
		"99999999999999999999d", "4000000000d", "1e9d", "NULL", "max",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct why why = { "" };
		uint32_t duration_s = 7;

		assert_answer(duration_parse(bad[i], &duration_s, &why), ANSWER_INVALID_ARGUMENT,
			      why);
		assert_int_equal(duration_s, 7);
	}
}

static void test_durations_are_readable(void **state)
{
	char text[MOMENT_TEXT];

	assert_string_equal(duration_text(20, text), "20 s");
	assert_string_equal(duration_text(2700, text), "45 min");
	assert_string_equal(duration_text(43200, text), "12 h");
	assert_string_equal(duration_text(45000, text), "12 h 30 min");
	assert_string_equal(duration_text(2592000, text), "30 d");
	assert_string_equal(duration_text(108000, text), "1 d 6 h");
	assert_string_equal(moment_until(NOW_S + 2591000, NOW_S, text), "in 30 d");
	assert_string_equal(moment_until(NOW_S + 8000, NOW_S, text), "in 2 h");
	assert_string_equal(moment_until(NOW_S + 36 * 3600 - 1, NOW_S, text), "in 1 d");
	assert_string_equal(moment_until(NOW_S - 1, NOW_S, text), "now");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moment_words),
		cmocka_unit_test(test_moment_iso_8601),
		cmocka_unit_test(test_moment_local_time_and_summer_time),
		cmocka_unit_test(test_moment_nonsense_is_refused),
		cmocka_unit_test(test_duration_units),
		cmocka_unit_test(test_r2_forever_is_refused),
		cmocka_unit_test(test_durations_are_readable),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
