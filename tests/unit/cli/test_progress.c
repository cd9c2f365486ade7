/* SPDX-License-Identifier: Apache-2.0 */
/* The bar of a long erasure. */

#include "unit/test.h"

#include "progress.h"

static void test_progress_line(void **state)
{
	char text[PROGRESS_TEXT];

	assert_string_equal(progress_line(0, 100000, 1000, text),
			    "[....................]   0%  0 of 100000 items, 0 a second");
	assert_string_equal(progress_line(43210, 100000, 2000, text),
			    "[########............]  43%  43210 of 100000 items, 21605 a second, "
			    "3 s left");
	assert_string_equal(progress_line(7, 7, 0, text),
			    "[####################] 100%  7 of 7 items, 0 a second");
	assert_string_equal(progress_line(0, 0, 1000, text),
			    "[....................]   0%  0 of 0 items, 0 a second");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_progress_line),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
