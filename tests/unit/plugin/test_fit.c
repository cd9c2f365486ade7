/* SPDX-License-Identifier: Apache-2.0 */
/* Words held against phones: what they cost, and what is known of that before there are phones. */

#include "../test.h"

#include <math.h>
#include "fit.h"

/* Two words of half a second, `lack` a frame each, and phones that lack 18 and last 0.1 s. */
static void make(struct fit *fit, struct phones *phones, int lack)
{
	*fit = (struct fit) { .n = 0 };
	*phones = (struct phones) { .n = 0 };
	fit_word(fit, 0, 49, -50 * lack);
	fit_word(fit, 50, 99, -50 * lack);
	for (int frame = 0; frame < 100; frame += 10)
		phones_add(phones, frame, frame + 9, -180, false);
}

static void test_without_words_nothing_fits(void **state)
{
	struct fit fit = { .n = 0 };
	struct phones phones;

	assert_true(isinf(fit_cost(&fit)) && isinf(fit_guess(&fit)) && isinf(fit_excess(&fit, 9)));
	make(&fit, &phones, 40);
	fit.n = 0;
	fit_phones(&fit, &phones);
	assert_true(isinf(fit_cost(&fit)));
	assert_true(fit_confidence(fit_cost(&fit), 38.0) == 0.0);
}

/* It must not decide what the phones would decide otherwise. */
static void test_a_guess_is_near_the_cost(void **state)
{
	struct fit fit;
	struct phones phones;

	for (int lack = 20; lack <= 90; lack += 10) {
		double guess;

		make(&fit, &phones, lack);
		guess = fit_guess(&fit);
		fit_phones(&fit, &phones);
		if (fabs(guess - fit_cost(&fit)) > FIT_GUESS_ERROR)
			fail_msg("%d: %g for %g", lack, guess, fit_cost(&fit));
	}
}

static void test_phones_may_be_used_twice(void **state)
{
	struct fit one, other;
	struct phones phones;

	make(&one, &phones, 30);
	other = one;
	fit_phones(&one, &phones);
	fit_phones(&other, &phones);
	assert_true(fit_excess(&one, 0) == 30.0 - 18.0);
	assert_true(fit_excess(&other, 0) == fit_excess(&one, 0));
}

/* R10: what asks to forget says nothing else. */
static void test_r10_phones_outside_of_the_words_are_counted(void **state)
{
	struct fit fit;
	struct phones phones;

	make(&fit, &phones, 30);
	phones_add(&phones, 100, 139, -720, false);
	phones_add(&phones, 140, 199, -100, true);
	fit_phones(&fit, &phones);
	assert_true(fit_excess(&fit, 40) == 30.0 - 18.0);
	assert_true(isinf(fit_excess(&fit, 39)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_words_nothing_fits),
		cmocka_unit_test(test_a_guess_is_near_the_cost),
		cmocka_unit_test(test_phones_may_be_used_twice),
		cmocka_unit_test(test_r10_phones_outside_of_the_words_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
