/* SPDX-License-Identifier: Apache-2.0 */
/* The age clock under clocks that jump. */

#include "room.h"

#include "age.h"
#include "crypt/secret.h"

#define HOUR_S 3600
#define DAY_S (24 * HOUR_S)
#define YEARS_S (INT64_C(10) * 365 * DAY_S)
#define T0_S INT64_C(1800000000)
#define T0_MIN (T0_S / 60)

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

static struct age *opened(struct room *room, int64_t floor_min, int64_t leapt_min)
{
	struct age *age = NULL;

	assert_int_equal(age_open(room->dir, &fake, floor_min, leapt_min, &age, &room->why), 0);
	return age;
}

/* Both hands go on, watched every minute; every leap that is due is taken. Their sum. */
static int64_t run(struct age *age, int64_t minutes)
{
	int64_t leapt_min = 0;

	while (minutes-- > 0) {
		int64_t due_min;

		hands.wall_s += 60;
		hands.boot_ms += 60 * 1000;
		due_min = age_watch(age);
		if (due_min > 0)
			age_leap(age, due_min);
		leapt_min += due_min;
	}
	return leapt_min;
}

static void test_follows_boot_time_only(void **state)
{
	struct age *age;

	hands = (struct hands){ T0_S, 5000 };
	age = opened(*state, 0, 0);
	assert_int_equal(age_now_min(age), T0_MIN);
	hands.wall_s = T0_S + YEARS_S;
	assert_int_equal(age_now_min(age), T0_MIN);
	hands.wall_s = 1;
	hands.boot_ms += 7200 * 1000;
	assert_int_equal(age_now_min(age), T0_MIN + 120);
	hands.boot_ms = 0;	/* cannot be; and must not go back */
	assert_int_equal(age_now_min(age), T0_MIN + 120);
	age_free(age);
}

static void test_r29_restarts_with_jumping_clocks(void **state)
{
	struct age *age;
	int64_t least_min = T0_MIN;

	hands = (struct hands){ T0_S, 5000 };
	age_free(opened(*state, 0, 0));
	for (int i = 0; i < 30; i++) {
		hands.wall_s = T0_S + (i % 2 ? YEARS_S : -YEARS_S);
		hands.boot_ms = 1000 + i;
		age = opened(*state, T0_MIN, 0);
		assert_int_equal(age_now_min(age), least_min);
		assert_int_equal(run(age, 30), 0);
		assert_int_equal(age_now_min(age), least_min + 30);
		least_min += 30;
		age_free(age);
	}
}

/* What was not saved is gone, and the wall clock went on for a while. */
static struct age *cut(struct room *room, struct age *age, int64_t leapt_min, int64_t off_s)
{
	char path[320], bytes[8192];
	int fd = open(room_path(room, AGE_FILE, path), O_RDWR);
	const ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

	assert_true(n > 4096);
	age_free(age);
	assert_int_equal(pwrite(fd, bytes, (size_t)n, 0), n);
	close(fd);
	hands = (struct hands){ hands.wall_s + off_s, 3000 };
	return opened(room, T0_MIN, leapt_min);
}

static void flip(struct room *room, off_t at)
{
	char path[320];
	uint8_t byte;
	int fd = open(room_path(room, AGE_FILE, path), O_RDWR);

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* Finding of a review: eight starts, each a day ahead, ate a week. */
static void test_r29_starts_gain_nothing(void **state)
{
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(*state, 0, 0);
	for (int i = 0; i < 30; i++) {
		age = cut(*state, age, 0, 23 * HOUR_S);
		assert_int_equal(age_now_min(age), T0_MIN);
		assert_int_equal(run(age, 4), 0);
		assert_int_equal(age_now_min(age), T0_MIN + 4);
	}
	age_free(age);
}

static void test_r29_a_restart_loses_one_save_interval(void **state)
{
	int64_t least_min = T0_MIN;
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(*state, 0, 0);
	for (int i = 0; i < 30; i++) {
		run(age, 60);
		assert_int_equal(age_save(age), 0);
		run(age, 4);
		age = cut(*state, age, 0, 10);
		least_min += 60;
		assert_int_equal(age_now_min(age), least_min);
	}
	age_free(age);
}

static void test_r29_a_jump_is_believed_after_a_day(void **state)
{
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(*state, 0, 0);
	run(age, 60);
	assert_int_equal(age_sight(age).ahead_min, 0);
	hands.wall_s += YEARS_S;
	assert_int_equal(age_sight(age).ahead_min, YEARS_S / 60);
	assert_int_equal(age_sight(age).now_min, T0_MIN + 60);
	assert_int_equal(run(age, 24 * 60 - 1), 0);
	assert_int_equal(age_now_min(age), T0_MIN + 25 * 60 - 1);
	/* The hour in which it came counts for the time before, too. */
	assert_int_equal(run(age, 66), YEARS_S / 60);
	assert_int_equal(age_sight(age).ahead_min, 0);
	assert_int_equal(age_now_min(age), hands.wall_s / 60);
	age_free(age);
}

static void test_r29_a_jump_that_comes_back_is_forgotten(void **state)
{
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(*state, 0, 0);
	for (int i = 0; i < 5; i++) {
		hands.wall_s += YEARS_S;
		assert_int_equal(run(age, 23 * 60), 0);
		assert_true(age_sight(age).ahead_min > 0);
		hands.wall_s -= YEARS_S;
		assert_int_equal(age_sight(age).ahead_min, 0);
		assert_int_equal(run(age, 10), 0);
	}
	age_free(age);
}

/* Six hours on, eighteen off, for two weeks: it lags by four of its days, and no more. */
static void test_r29_agreement_adds_up_across_restarts(void **state)
{
	int64_t leapt_min = 0;
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(*state, 0, 0);
	for (int day = 0; day < 14; day++) {
		leapt_min += run(age, 6 * 60);
		assert_int_equal(age_save(age), 0);
		age = cut(*state, age, leapt_min, 18 * HOUR_S);
	}
	assert_in_range(hands.wall_s / 60 - age_now_min(age), 3 * 18 * 60, 5 * 18 * 60);
	age_free(age);
}

static void test_r29_no_clock_chip(void **state)
{
	struct age *age;

	/* Boots in 1970; the network tells the time after a minute. Nothing is kept yet. */
	hands = (struct hands){ 20, 20000 };
	age = opened(*state, 0, 0);
	assert_int_equal(age_now_min(age), AGE_FIRST_S / 60);
	run(age, 1);
	hands.wall_s = T0_S;
	age_follow(age);
	assert_int_equal(age_now_min(age), T0_MIN);
	run(age, 60);
	assert_int_equal(age_save(age), 0);
	/* And again, with items there: they keep their age, and what is shown its time. */
	for (int day = 1; day <= 30; day++) {
		age = cut(*state, age, 0, 0);
		hands.wall_s = 20;
		run(age, 3);
		assert_int_equal(age_now_min(age), T0_MIN + 60 * day + 3 * day);
		assert_int_equal(age_wall_min(age), age_now_min(age));
		assert_int_equal(age_wall_error_min(age), age_now_min(age) - hands.wall_s / 60);
		assert_int_equal(age_sight(age).ahead_min, 0);
		hands.wall_s = age_now_min(age) * 60;
		run(age, 60);
		assert_int_equal(age_wall_error_min(age), 0);
		assert_int_equal(age_save(age), 0);
	}
	age_free(age);
}

/* A machine that boots in 1970 every time, and stays there for ten minutes, still learns that it
 * was off for a while: those minutes tell nothing, neither for nor against. */
static void test_r29_a_clock_that_is_not_set_tells_nothing(void **state)
{
	int64_t leapt_min = 0, real_s = T0_S;
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(*state, 0, 0);
	for (int day = 0; day < 10; day++) {
		hands.wall_s = 20;
		leapt_min += run(age, 10);
		real_s += 600;
		hands.wall_s = real_s;
		leapt_min += run(age, 6 * 60);
		assert_int_equal(age_save(age), 0);
		age = cut(*state, age, leapt_min, 4 * HOUR_S);
		real_s = hands.wall_s;
	}
	assert_in_range(leapt_min, 4 * 4 * 60, 9 * 4 * 60);
	age_free(age);
}

static void test_r29_suspend_counts_but_proves_nothing(void **state)
{
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(*state, 0, 0);
	run(age, 60);
	hands.wall_s += YEARS_S;
	run(age, 60);
	hands.boot_ms += 48 * HOUR_S * INT64_C(1000);
	hands.wall_s += 48 * HOUR_S;
	assert_int_equal(age_now_min(age), T0_MIN + 120 + 48 * 60);
	assert_int_equal(run(age, 22 * 60), 0);
	age_free(age);
}

static void test_removed_file_begins_at_the_newest_row(void **state)
{
	struct room *room = *state;
	char path[320];
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age_free(opened(room, 0, 0));
	assert_int_equal(unlink(room_path(room, AGE_FILE, path)), 0);
	hands.wall_s = T0_S + 1000 * HOUR_S;
	age = opened(room, T0_MIN + 7, 0);
	assert_true(age_was_lost(age));
	assert_int_equal(age_now_min(age), T0_MIN + 7);
	age_free(age);
	age = opened(room, T0_MIN + 7, 0);
	assert_false(age_was_lost(age));
	age_free(age);
}

/* Finding of a review: a file that was cut short stopped the keeper. */
static void test_r29_a_damaged_file_goes_on_from_the_newest_row(void **state)
{
	static const off_t sizes[] = { 1, 15, 17, 288, 4096 + 10 };
	struct room *room = *state;
	char path[320];
	struct age *age;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		hands = (struct hands){ T0_S, 0 };
		unlink(room_path(room, AGE_FILE, path));
		age = opened(room, T0_MIN, 0);
		run(age, 1000);
		age_free(age);
		flip(room, 100);
		assert_int_equal(truncate(path, sizes[i]), 0);
		hands.wall_s = T0_S + YEARS_S;
		age = opened(room, T0_MIN + 900, 0);
		assert_true(age_was_lost(age));
		assert_int_equal(age_now_min(age), T0_MIN + 900);
		age_free(age);
	}
}

/* Any one byte: the other record stands, one save older. */
static void test_r29_a_torn_record_costs_one_save(void **state)
{
	struct room *room = *state;
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(room, 0, 0);
	for (int place = 0; place < 2; place++)
		for (off_t at = 0; at < 288; at++) {
			const int64_t before_min = age_now_min(age);

			run(age, 5);
			age_free(age);
			flip(room, place * 4096 + at);
			age = opened(room, T0_MIN, 0);
			assert_false(age_was_lost(age));
			assert_true(age_now_min(age) >= before_min);
			assert_true(age_now_min(age) <= before_min + 5);
		}
	age_free(age);
}

static void test_r29_yesterdays_database_makes_nothing_younger(void **state)
{
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(*state, 0, 0);
	run(age, 48 * 60);
	age_free(age);
	age = opened(*state, T0_MIN, 0);
	assert_int_equal(age_now_min(age), T0_MIN + 48 * 60);
	age_free(age);
}

/* The other way round: what is kept already says that it is later. */
static void test_r29_last_months_clock_file_makes_nothing_younger(void **state)
{
	const struct room *room = *state;
	char file[320], aside[320];
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age_free(opened(*state, 0, 0));
	room_path(room, "clock", file);
	room_path(room, "clock.aside", aside);
	assert_int_equal(link(file, aside), 0);
	assert_int_equal(unlink(file), 0);
	age = opened(*state, T0_MIN, 0);
	run(age, 48 * 60);
	age_free(age);
	assert_int_equal(rename(aside, file), 0);
	age = opened(*state, T0_MIN + 48 * 60, 0);
	assert_int_equal(age_now_min(age), T0_MIN + 48 * 60);
	age_free(age);
}

static void test_expiries_are_shown_by_the_wall_clock(void **state)
{
	struct age *age;

	hands = (struct hands){ T0_S, 0 };
	age = opened(*state, 0, 0);
	assert_int_equal(age_expiry_s(age, T0_MIN + 60), T0_S + HOUR_S);
	hands.wall_s += 42 * HOUR_S;
	assert_int_equal(age_expiry_s(age, T0_MIN + 60), T0_S + 43 * HOUR_S);
	assert_int_equal(age_wall_min(age), T0_MIN + 42 * 60);
	hands.wall_s = 0;
	assert_int_equal(age_expiry_s(age, T0_MIN + 60), HOUR_S);
	assert_int_equal(age_expiry_s(age, T0_MIN - 60), 0);
	age_free(age);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, room_make, room_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_follows_boot_time_only),
		TEST(test_r29_restarts_with_jumping_clocks),
		TEST(test_r29_starts_gain_nothing),
		TEST(test_r29_a_restart_loses_one_save_interval),
		TEST(test_r29_a_jump_is_believed_after_a_day),
		TEST(test_r29_a_jump_that_comes_back_is_forgotten),
		TEST(test_r29_agreement_adds_up_across_restarts),
		TEST(test_r29_no_clock_chip),
		TEST(test_r29_a_clock_that_is_not_set_tells_nothing),
		TEST(test_r29_suspend_counts_but_proves_nothing),
		TEST(test_removed_file_begins_at_the_newest_row),
		TEST(test_r29_a_damaged_file_goes_on_from_the_newest_row),
		TEST(test_r29_a_torn_record_costs_one_save),
		TEST(test_r29_yesterdays_database_makes_nothing_younger),
		TEST(test_r29_last_months_clock_file_makes_nothing_younger),
		TEST(test_expiries_are_shown_by_the_wall_clock),
	};

	if (crypt_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("age", tests, NULL, NULL);
}
