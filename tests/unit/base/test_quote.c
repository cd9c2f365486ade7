/* SPDX-License-Identifier: Apache-2.0 */
/* Text becomes JSON and comes back the same. */

#include "unit/test.h"

#include <jansson.h>
#include "base/quote.h"

static void check(const char *text, const char *expected)
{
	char quoted[QUOTE_BYTES(64)];
	size_t n = quote_json(text, quoted);
	json_t *json = json_loadb(quoted, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	assert_int_equal(n, strlen(quoted));
	assert_non_null(json);
	assert_string_equal(json_string_value(json), expected);
	json_decref(json);
}

static void test_text_comes_back(void **state)
{
	check("", "");
	check("go forward ten meters", "go forward ten meters");
	check("a \"b\" \\ c", "a \"b\" \\ c");
	check("Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x8e\xb5",
	      "Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x8e\xb5");
	check("tab\tnewline\n\x7f", "tab\tnewline\n\x7f");
}

/* Bytes that are no UTF-8 become the characters of Latin-1, never invalid JSON. */
static void test_other_bytes_become_latin_1(void **state)
{
	check("caf\xe9", "caf\xc3\xa9");
	check("\xc3", "\xc3\x83");
	check("\xc0\xaf", "\xc3\x80\xc2\xaf");
	check("\xed\xa0\x80", "\xc3\xad\xc2\xa0\xc2\x80");
	check("\xf4\x90\x80\x80", "\xc3\xb4\xc2\x90\xc2\x80\xc2\x80");
}

static void test_worst_case_fits(void **state)
{
	char text[65], quoted[QUOTE_BYTES(64)];

	memset(text, '\x01', 64);
	text[64] = '\0';
	assert_true(quote_json(text, quoted) + 1 <= sizeof(quoted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_comes_back),
		cmocka_unit_test(test_other_bytes_become_latin_1),
		cmocka_unit_test(test_worst_case_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
