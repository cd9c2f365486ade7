/* SPDX-License-Identifier: Apache-2.0 */
/* What "forget that" may reach, and what it must leave alone. */

#include "house.h"

#include <time.h>

#include "forget.h"

#define DAY_S 86400

static const char *const audio[] = {"audio"};

static uint64_t reached(struct house *house, const char *span, uint32_t uid,
			const struct id *profile)
{
	struct archive_selection selection;
	struct archive_count count;

	assert_int_equal(forget_select(span, &uid, house->age, &selection, &house->why), 0);
	selection.profile = profile;
	assert_int_equal(archive_count(house->archive, &selection, &count, &house->why), 0);
	return count.items;
}

static void minutes_pass(struct house *house, int minutes)
{
	house->wall_s += minutes * 60;
	house->boot_ms += minutes * INT64_C(60000);
}

static void told(struct house *house, uint32_t uid, const char *profile)
{
	struct intake_asker ear = house_ear(house);
	struct id id;

	ear.uid = uid;
	assert_int_equal(house_keep(house, &ear, profile, audio, 1, &id), 0);
}

static void test_r10_each_span_reaches_what_its_words_say(void **state)
{
	struct house *house = *state;
	struct profile mia, ben;

	setenv("TZ", "Pacific/Auckland", 1);
	tzset();
	house_setup(house);
	mia = house_add(house, "mia", "child");
	ben = house_add(house, "ben", "child");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 5 * DAY_S), 0);
	assert_int_equal(house_grant(house, &ben, KIND_AUDIO, 5 * DAY_S), 0);
	assert_int_equal(reached(house, "last", 900, NULL), 0);
	/* The clock of the house says 21:00 in Auckland. */
	told(house, 900, "mia");
	minutes_pass(house, 30);
	told(house, 900, "ben");
	told(house, 900, "mia");
	told(house, 901, "mia");
	assert_int_equal(reached(house, "last", 900, NULL), 1);
	assert_int_equal(reached(house, "ten-minutes", 900, NULL), 2);
	assert_int_equal(reached(house, "ten-minutes", 900, &mia.id), 1);
	assert_int_equal(reached(house, "today", 900, NULL), 3);
	assert_int_equal(reached(house, "today", 900, &mia.id), 2);
	assert_int_equal(reached(house, "today", 901, NULL), 1);
	assert_int_equal(reached(house, "today", 902, NULL), 0);
	/* After the midnight of the house, today is another day. */
	minutes_pass(house, 3 * 60);
	assert_int_equal(reached(house, "today", 900, NULL), 0);
	assert_int_equal(reached(house, "ten-minutes", 900, NULL), 0);
	assert_int_equal(reached(house, "last", 900, &ben.id), 1);
	minutes_pass(house, 24 * 60);
	assert_int_equal(reached(house, "last", 900, NULL), 0);
}

static void test_a_span_must_be_one(void **state)
{
	struct house *house = *state;
	struct archive_selection selection;
	const char *const wrong[] = {"", "all", "Today", "10", "yesterday"};
	uint32_t uid = 900;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_answer(forget_select(wrong[i], &uid, house->age, &selection, &house->why),
			      ANSWER_INVALID_ARGUMENT, house->why);
}

#define HOUSE_TEST(test) cmocka_unit_test_setup_teardown(test, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_r10_each_span_reaches_what_its_words_say),
		HOUSE_TEST(test_a_span_must_be_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
