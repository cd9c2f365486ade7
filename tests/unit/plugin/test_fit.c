/* SPDX-License-Identifier: Apache-2.0 */
/* Words held against phones: what they cost, and what is known of that before there are phones. */

#include "../test.h"

#include <math.h>
#include "fit.h"

/* "go on" twice, half a second for each, which lack this much a frame; and phones that lack 18 and
 * last 0.1 s: those of the words, or others. */
static void make(struct fit *fit, struct phones *phones, int lack, bool other)
{
	static const char *const said[] = { "G", "OW", "AA", "N", "SIL" };
	static const char *const others[] = { "S", "M", "K", "UW", "SIL" };

	*fit = (struct fit) { .n = 0 };
	*phones = (struct phones) { .n = 0 };
	fit_word(fit, 0, 49, -50 * lack, "G OW AA N");
	fit_word(fit, 50, 99, -50 * lack, "G OW AA N");
	for (int i = 0; i < 10; i++)
		phones_add(phones, 10 * i, 10 * i + 9, -180, (other ? others : said)[i % 5]);
}

static void test_without_words_nothing_fits(void **state)
{
	struct fit fit = { .n = 0 };
	struct phones phones;
	bool sure;

	assert_true(isinf(fit_cost(&fit)) && isinf(fit_guess(&fit, &sure)) && sure);
	assert_true(isinf(fit_excess(&fit, 9)));
	make(&fit, &phones, 40, false);
	fit.n = 0;
	fit_phones(&fit, &phones);
	assert_true(isinf(fit_cost(&fit)));
	assert_true(fit_confidence(fit_cost(&fit), 0.0) == 0.0);
}

static void test_words_that_fit_badly_cost_more(void **state)
{
	for (int other = 0; other < 2; other++) {
		double last = -INFINITY;

		for (int lack = 20; lack <= 90; lack += 10) {
			struct phones phones;
			struct fit fit;

			make(&fit, &phones, lack, other);
			fit_phones(&fit, &phones);
			assert_true(fit_cost(&fit) > last);
			last = fit_cost(&fit);
			/* Whatever is trained: at its best it was said. */
			assert_true(other || lack > 20 || last < 0.0);
		}
		assert_true(!other || last > 0.0);
	}
}

/* It must not decide what the phones would decide otherwise. */
static void test_a_guess_that_is_sure_is_right(void **state)
{
	unsigned sures = 0;

	for (int lack = 0; lack <= 120; lack += 10) {
		struct phones phones;
		struct fit fit;
		double guess;
		bool sure;

		make(&fit, &phones, lack, lack > 50);
		guess = fit_guess(&fit, &sure);
		fit_phones(&fit, &phones);
		sures += sure;
		if (sure && (guess > 0.0) != (fit_cost(&fit) > 0.0))
			fail_msg("%d: %g for %g", lack, guess, fit_cost(&fit));
	}
	assert_in_range(sures, 2, 12);
}

static void test_other_phones_than_the_words_have_cost(void **state)
{
	struct phones phones;
	struct fit one, other;

	make(&one, &phones, 40, false);
	fit_phones(&one, &phones);
	make(&other, &phones, 40, true);
	fit_phones(&other, &phones);
	assert_true(fit_excess(&one, 0) == fit_excess(&other, 0));
	assert_true(one.agreement > 0.0 && other.agreement < 0.0);
	assert_true(fit_cost(&one) < fit_cost(&other));
}

static void test_heard_is_what_lies_in_the_word_by_half(void **state)
{
	struct phones phones = { .n = 0 };
	struct fit fit = { .n = 0 };
	uint8_t heard[AGREE_MAX];

	fit_word(&fit, 10, 29, -100, "S");
	phones_add(&phones, 0, 18, -1, "AA");		/* 9 of 19 frames */
	phones_add(&phones, 19, 23, -1, "SIL");
	phones_add(&phones, 24, 35, -1, "S");		/* 6 of 12 */
	assert_int_equal(fit_heard(&fit, 0, &phones, heard), 1);
	assert_int_equal(heard[0], agree_phone("S"));
}

static void test_phones_may_be_used_twice(void **state)
{
	struct fit one, other;
	struct phones phones;

	make(&one, &phones, 30, false);
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

	make(&fit, &phones, 30, false);
	phones_add(&phones, 100, 139, -720, "AA");
	phones_add(&phones, 140, 199, -100, "+NSN+");
	fit_phones(&fit, &phones);
	assert_true(fit_excess(&fit, 40) == 30.0 - 18.0);
	assert_true(isinf(fit_excess(&fit, 39)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_words_nothing_fits),
		cmocka_unit_test(test_words_that_fit_badly_cost_more),
		cmocka_unit_test(test_a_guess_that_is_sure_is_right),
		cmocka_unit_test(test_other_phones_than_the_words_have_cost),
		cmocka_unit_test(test_heard_is_what_lies_in_the_word_by_half),
		cmocka_unit_test(test_phones_may_be_used_twice),
		cmocka_unit_test(test_r10_phones_outside_of_the_words_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
