/* SPDX-License-Identifier: Apache-2.0 */
/* A page: nothing that anybody named can become markup. */

#include "unit/test.h"

#include "page.h"

static void test_text_is_never_markup(void **state)
{
	struct page page = { .file = NULL };

	assert_int_equal(page_begin(&page, "<b>&\"'"), 0);
	page_add(&page, "<p>%s %m</p>", "</p><script>alert(1)</script>\033", (long long)-3);
	assert_int_equal(page_end(&page), 0);
	assert_non_null(strstr(page.text, "<title>&lt;b&gt;&amp;&quot;&#39;</title>"));
	assert_non_null(strstr(page.text,
			       "<p>&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;  -3</p>"));
	assert_null(strstr(page.text, "<script"));
	assert_non_null(strstr(page.text, "default-src 'none'"));
	page_clear(&page);
}

static void test_a_picture_says_what_it_shows(void **state)
{
	struct page page = { .file = NULL };
	const struct page_column columns[2] = { { 0, 0 }, { 3, 1 } };

	assert_int_equal(page_begin(&page, "t"), 0);
	page_band(&page, "2 kept <", "audio", (const unsigned[]){ 2, 1, 0 }, 3);
	page_columns(&page, "looks", columns, 2);
	assert_int_equal(page_end(&page), 0);
	assert_non_null(strstr(page.text, "role=\"img\"><title>2 kept &lt;</title>"));
	assert_non_null(strstr(page.text, "opacity=\"1.00\""));
	assert_non_null(strstr(page.text, "opacity=\"0.62\""));
	assert_null(strstr(page.text, "opacity=\"0.25\""));
	assert_non_null(strstr(page.text, "class=\"bad\""));
	page_clear(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_never_markup),
		cmocka_unit_test(test_a_picture_says_what_it_shows),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
