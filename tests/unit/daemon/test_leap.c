/* SPDX-License-Identifier: Apache-2.0 */
/* What parents are told of a wall clock that jumps, and when the age clock follows it. */

#include "house.h"

#include "leap.h"
#include "store/leap.h"

#define YEARS_S (INT64_C(10) * 365 * 86400)

static size_t shown(struct house *house, const char *text)
{
	size_t n, count = 0;
	char **texts;

	assert_int_equal(alerts_texts(house->alerts, &texts, &n), 0);
	for (size_t i = 0; i < n; i++)
		count += strstr(texts[i], text) != NULL;
	alerts_texts_free(texts, n);
	return count;
}

static void watch(struct house *house, struct leap *leap, int minutes)
{
	leap->ground = house->ground;
	while (minutes-- > 0) {
		house->wall_s += 60;
		house->boot_ms += 60 * 1000;
		assert_int_equal(leap_watch(leap), 0);
	}
}

static void test_r29_the_clock_follows_while_nothing_is_kept(void **state)
{
	struct house *house = *state;
	struct leap leap = {0};

	house->wall_s += YEARS_S;
	watch(house, &leap, 1);
	assert_int_equal(age_now_min(house->age), house->wall_s / 60);
	assert_int_equal(shown(house, ""), 0);
	/* Set up within the same minute in which the network told the time. */
	house->wall_s += YEARS_S;
	house_setup(house);
	assert_int_equal(age_now_min(house->age), house->wall_s / 60);
	house->wall_s += YEARS_S;
	watch(house, &leap, 1);
	assert_true(age_now_min(house->age) < house->wall_s / 60 - 1000);
}

static void test_r29_a_jump_is_told_until_it_is_over(void **state)
{
	struct house *house = *state;
	struct leap leap = {0};

	house_setup(house);
	watch(house, &leap, 10);
	assert_string_equal(house->told, "");
	house->wall_s += YEARS_S;
	watch(house, &leap, 10);
	assert_string_equal(house->told, " clock");
	assert_int_equal(shown(house, "87600 hours"), 1);
	house->wall_s -= YEARS_S;
	watch(house, &leap, 1);
	assert_int_equal(shown(house, ""), 0);
	/* Also when it was over before the next start. */
	house->wall_s += YEARS_S;
	watch(house, &leap, 1);
	assert_int_equal(shown(house, "87600 hours"), 1);
	house->wall_s -= YEARS_S;
	house_restart(house);
	leap = (struct leap){0};
	watch(house, &leap, 1);
	assert_int_equal(shown(house, ""), 0);
}

static void test_r29_a_leap_is_logged_and_kept(void **state)
{
	struct house *house = *state;
	struct leap leap = {0};
	int64_t leapt_min;

	house_setup(house);
	watch(house, &leap, 10);
	house->wall_s += YEARS_S;
	watch(house, &leap, 24 * 60);
	assert_int_equal(house_logged(house, "\"clock\""), 0);
	watch(house, &leap, 66);
	assert_int_equal(house_logged(house, "\"clock\""), 1);
	assert_int_equal(shown(house, ""), 0);
	assert_int_equal(store_leapt_min(house->store, &leapt_min), 0);
	assert_int_equal(leapt_min, YEARS_S / 60);
	assert_int_equal(age_now_min(house->age), house->wall_s / 60);
	house_restart(house);
	assert_int_equal(age_now_min(house->age), house->wall_s / 60);
}

static void test_r29_a_lost_file_is_told(void **state)
{
	struct house *house = *state;
	struct leap leap = {0};
	char path[80];

	house_setup(house);
	watch(house, &leap, 1);
	snprintf(path, sizeof(path), "%s/" AGE_FILE, house->dir);
	house_restart(house);
	assert_int_equal(unlink(path), 0);
	/* The keeper has it open; the next start finds none. */
	house_restart(house);
	leap = (struct leap){0};
	watch(house, &leap, 2);
	assert_string_equal(house->told, " clock-lost");
	assert_int_equal(shown(house, "damaged or missing"), 1);
	assert_int_equal(alerts_seen(house->alerts), 0);
	assert_int_equal(shown(house, ""), 0);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_r29_the_clock_follows_while_nothing_is_kept),
		HOUSE_TEST(test_r29_a_jump_is_told_until_it_is_over),
		HOUSE_TEST(test_r29_a_leap_is_logged_and_kept),
		HOUSE_TEST(test_r29_a_lost_file_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
