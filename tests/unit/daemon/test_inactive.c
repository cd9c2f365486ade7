/* SPDX-License-Identifier: Apache-2.0 */
/* R11: a child's profile that nobody uses is told of, then erased, unless it is used or kept. */

#include "house.h"

#include "inactive.h"
#include "store/leap.h"

#define DAY_S 86400

struct erased {
	char names[64];
};

static void erase(void *context, const struct profile *profile)
{
	struct erased *erased = context;

	strcat(erased->names, " ");
	strcat(erased->names, profile->name);
}

/* The names of those to erase after so many more days, a sweep on each of them. */
static const char *after_days(struct house *house, unsigned days, struct erased *erased)
{
	struct inactive_hooks hooks = {erase, erased};

	memset(erased, 0, sizeof(*erased));
	for (unsigned day = 0; day < days; day++) {
		house->boot_ms += DAY_S * INT64_C(1000);
		house->wall_s += DAY_S;
		erased->names[0] = '\0';
		assert_int_equal(inactive_sweep(&house->ground, &hooks), 0);
	}
	return erased->names;
}

static void household(struct house *house)
{
	house_setup(house);
	house_add(house, "mia", "child");
	house_add(house, "dad", "adult");
}

static void test_r11_told_after_90_days_and_erased_30_later(void **state)
{
	struct house *house = *state;
	struct erased erased;

	household(house);
	assert_string_equal(after_days(house, 89, &erased), "");
	assert_string_equal(house->told, "");
	assert_string_equal(after_days(house, 1, &erased), "");
	assert_string_equal(house->told, " inactive");
	assert_int_equal(house_logged(house, "\"what\": \"inactive\""), 1);
	/* Told once; never before the notice has had its days; an adult never. */
	house_restart(house);
	assert_string_equal(after_days(house, 29, &erased), "");
	assert_string_equal(house->told, " inactive");
	assert_string_equal(after_days(house, 1, &erased), " mia");
}

static void test_r11_keep_calls_it_off(void **state)
{
	struct house *house = *state;
	struct profile mia;
	struct erased erased;

	household(house);
	assert_string_equal(after_days(house, 119, &erased), "");
	assert_int_equal(profile_find(&house->ground, "mia", &mia, &house->why), 0);
	assert_int_equal(inactive_keep(&house->ground, &mia, HOUSE_UID, &house->why), 0);
	assert_int_equal(house_logged(house, "profile-keep"), 1);
	/* And from then on it counts anew, with a notice of its own. */
	assert_string_equal(after_days(house, 119, &erased), "");
	assert_string_equal(house->told, " inactive inactive");
	assert_string_equal(after_days(house, 1, &erased), " mia");
}

static void test_r11_new_use_calls_it_off(void **state)
{
	const char *kinds[] = {"audio"};
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	struct profile mia;
	struct erased erased;
	struct id id;

	household(house);
	assert_int_equal(profile_find(&house->ground, "mia", &mia, &house->why), 0);
	assert_string_equal(after_days(house, 100, &erased), "");
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, DAY_S), 0);
	assert_string_equal(after_days(house, 100, &erased), "");
	assert_string_equal(house->told, " inactive inactive");
	assert_int_equal(house_keep(house, &ear, "mia", kinds, 1, &id), 0);
	assert_string_equal(after_days(house, 119, &erased), "");
	assert_string_equal(after_days(house, 1, &erased), " mia");
}

/* However far a clock jumps at once, parents are told first and the notice has its days. */
static void test_r11_r29_a_jump_of_the_clock_tells_before_it_erases(void **state)
{
	struct house *house = *state;
	struct inactive_hooks hooks;
	struct erased erased = {""};

	household(house);
	hooks = (struct inactive_hooks){erase, &erased};
	house->boot_ms += 3650 * DAY_S * INT64_C(1000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(inactive_sweep(&house->ground, &hooks), 0);
	assert_string_equal(erased.names, "");
	assert_string_equal(house->told, " inactive");
	assert_string_equal(after_days(house, 29, &erased), "");
	assert_string_equal(after_days(house, 1, &erased), " mia");
}

/* A notice given before the clock leaps still has its days after it. */
static void test_r11_r29_a_leap_takes_no_day_from_the_notice(void **state)
{
	struct house *house = *state;
	struct erased erased;

	household(house);
	assert_string_equal(after_days(house, 91, &erased), "");
	assert_string_equal(house->told, " inactive");
	assert_int_equal(store_leap(house->store, 3650 * DAY_S / 60), 0);
	age_leap(house->age, 3650 * DAY_S / 60);
	assert_string_equal(after_days(house, 28, &erased), "");
	assert_string_equal(after_days(house, 1, &erased), " mia");
}

static void test_the_configuration_lowers_the_days(void **state)
{
	struct house *house = *state;
	struct erased erased;

	house->config.inactive_days = 2;
	house->config.notice_days = 1;
	house_restart(house);
	household(house);
	assert_non_null(strstr(house->policy->text, "for 2 days, parents are told, and 1 day"));
	assert_string_equal(after_days(house, 2, &erased), "");
	assert_string_equal(house->told, " inactive");
	assert_string_equal(after_days(house, 1, &erased), " mia");
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_r11_told_after_90_days_and_erased_30_later),
		HOUSE_TEST(test_r11_keep_calls_it_off),
		HOUSE_TEST(test_r11_new_use_calls_it_off),
		HOUSE_TEST(test_r11_r29_a_jump_of_the_clock_tells_before_it_erases),
		HOUSE_TEST(test_r11_r29_a_leap_takes_no_day_from_the_notice),
		HOUSE_TEST(test_the_configuration_lowers_the_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
