/* SPDX-License-Identifier: Apache-2.0 */
/* The age clock under clocks that jump. */

#include "room.h"

#include "age.h"

#define HOUR_S 3600
#define T0_S INT64_C(1800000000)

static struct hands {
	int64_t wall_s, boot_ms;
} hands;

static int64_t wall(void *context)
{
	return ((struct hands *)context)->wall_s;
}

static int64_t boot(void *context)
{
	return ((struct hands *)context)->boot_ms;
}

static const struct clock fake = { wall, boot, &hands };

static struct age *opened(struct room *room, int64_t floor_min)
{
	struct age *age = NULL;

	assert_int_equal(age_open(room->dir, &fake, floor_min, &age, &room->why), 0);
	return age;
}

static void test_follows_boot_time_only(void **state)
{
	struct age *age;

	hands = (struct hands){ T0_S, 5000 };
	age = opened(*state, 0);
	assert_int_equal(age_now_min(age), T0_S / 60);
	hands.wall_s = T0_S + 10 * 365 * 24 * HOUR_S;
	assert_int_equal(age_now_min(age), T0_S / 60);
	hands.wall_s = 1;
	hands.boot_ms += 7200 * 1000;
	assert_int_equal(age_now_min(age), T0_S / 60 + 120);
	hands.boot_ms = 0;	/* cannot be; and must not go back */
	assert_int_equal(age_now_min(age), T0_S / 60 + 120);
	age_free(age);
}

static void test_r29_restarts_with_jumping_clocks(void **state)
{
	const int64_t years_s = INT64_C(10) * 365 * 24 * HOUR_S;
	struct age *age;
	int64_t least_min = T0_S / 60;

	hands = (struct hands){ T0_S, 5000 };
	age_free(opened(*state, 0));
	for (int i = 0; i < 30; i++) {
		hands.wall_s = T0_S + (i % 2 ? years_s : -years_s);
		hands.boot_ms = 1000 + i;
		age = opened(*state, T0_S / 60);
		assert_int_equal(age_now_min(age), least_min);
		hands.boot_ms += 30 * 60 * 1000;
		assert_int_equal(age_now_min(age), least_min + 30);
		least_min += 30;
		age_free(age);
	}
}

static void test_a_day_ahead_is_adopted_and_no_more(void **state)
{
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age_free(opened(*state, 0));
	hands.wall_s = T0_S + 24 * HOUR_S + 60;
	age = opened(*state, T0_S / 60);
	assert_int_equal(age_now_min(age), T0_S / 60);
	age_free(age);
	hands.wall_s = T0_S + 24 * HOUR_S;
	age = opened(*state, T0_S / 60);
	assert_int_equal(age_now_min(age), T0_S / 60 + 24 * 60);
	age_free(age);
}

static void test_removed_file_begins_at_the_newest_row(void **state)
{
	struct room *room = *state;
	char path[320];
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age_free(opened(room, 0));
	assert_int_equal(unlink(room_path(room, AGE_FILE, path)), 0);
	hands.wall_s = T0_S - 1000 * HOUR_S;
	age = opened(room, T0_S / 60 + 7);
	assert_int_equal(age_now_min(age), T0_S / 60 + 7);
	age_free(age);
}

static void test_damage_is_refused(void **state)
{
	struct room *room = *state;
	struct age *age = NULL;

	hands = (struct hands){ T0_S, 0 };
	age_free(opened(room, 0));
	room_write(room, AGE_FILE, 20, "9", 1);
	assert_int_equal(age_open(room->dir, &fake, 1, &age, &room->why), ANSWER_FAILED);
	assert_non_null(strstr(room->why.text, "damaged"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, room_make, room_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_follows_boot_time_only),
		TEST(test_r29_restarts_with_jumping_clocks),
		TEST(test_a_day_ahead_is_adopted_and_no_more),
		TEST(test_removed_file_begins_at_the_newest_row),
		TEST(test_damage_is_refused),
	};

	return cmocka_run_group_tests_name("age", tests, NULL, NULL);
}
