/* SPDX-License-Identifier: Apache-2.0 */
/* What is raised is told at once, is shown until it was seen or is over, and goes with the profile
 * it is about. */

#include "house.h"

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

static void test_r15_an_alert_is_told_and_shown_until_seen(void **state)
{
	struct house *house = *state;
	struct profile mia;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	assert_int_equal(alert_raise(house->alerts, ALERT_BULK_ACCESS, &mia.id, 20), 0);
	assert_int_equal(alert_raise(house->alerts, ALERT_DRILL_FAILED, NULL, 0), 0);
	assert_string_equal(house->told, " bulk-access drill-failed");
	house_restart(house);
	assert_int_equal(shown(house, "20 items of mia"), 1);
	assert_int_equal(shown(house, "drill failed"), 1);
	/* Seeing what happened is enough; what still holds stays until it is over. */
	assert_int_equal(alerts_seen(house->alerts), 0);
	assert_int_equal(shown(house, "items of mia"), 0);
	assert_int_equal(shown(house, "drill failed"), 1);
	assert_int_equal(alert_clear(house->alerts, ALERT_DRILL_FAILED), 0);
	assert_int_equal(shown(house, ""), 0);
}

static void test_r15_a_newer_alert_takes_the_place_of_the_older(void **state)
{
	struct house *house = *state;
	struct profile mia, ben;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	ben = house_add(house, "ben", "child");
	for (int count = 1; count <= 3; count++) {
		assert_int_equal(alert_raise(house->alerts, ALERT_FORGOT_TODAY, &mia.id, count), 0);
		assert_int_equal(alert_raise(house->alerts, ALERT_FORGOT_TODAY, NULL, count), 0);
	}
	assert_int_equal(alert_raise(house->alerts, ALERT_FORGOT_TODAY, &ben.id, 1), 0);
	assert_int_equal(shown(house, ""), 3);
	assert_int_equal(shown(house, "3 items of mia"), 1);
	assert_int_equal(shown(house, "1 item of ben"), 1);
	assert_int_equal(shown(house, "3 items."), 1);
}

static void test_every_kind_has_a_name_and_a_sentence(void **state)
{
	for (int kind = 1; kind <= ALERT_KIND_LAST; kind++) {
		_cleanup_(cleanup_free) char *text = NULL;

		assert_non_null(alert_name(kind));
		assert_int_equal(alert_text(kind, "mia", 2, &text), 0);
		assert_null(strchr(text, '{'));
		assert_int_equal(text[strlen(text) - 1], '.');
	}
	assert_null(alert_name(0));
	assert_null(alert_name(ALERT_KIND_LAST + 1));
}

static void test_raising_within_a_transaction_goes_with_it(void **state)
{
	struct house *house = *state;
	struct store *transaction;

	house_setup(house);
	assert_int_equal(store_begin(house->store, &transaction), 0);
	assert_int_equal(alert_raise(house->alerts, ALERT_BULK_ACCESS, NULL, 21), 0);
	store_rollback(transaction);
	assert_int_equal(shown(house, ""), 0);
	assert_string_equal(house->told, " bulk-access");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_r15_an_alert_is_told_and_shown_until_seen,
						house_make, house_drop),
		cmocka_unit_test_setup_teardown(
			test_r15_a_newer_alert_takes_the_place_of_the_older, house_make,
			house_drop),
		cmocka_unit_test(test_every_kind_has_a_name_and_a_sentence),
		cmocka_unit_test_setup_teardown(test_raising_within_a_transaction_goes_with_it,
						house_make, house_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
