/* SPDX-License-Identifier: Apache-2.0 */
/* Names have one spelling. */

#include "unit/test.h"

#include "base/id.h"

static void test_id_round_trip(void **state)
{
	struct id id, again;
	char text[ID_TEXT];

	for (unsigned i = 0; i < ID_BYTES; i++)
		id.bytes[i] = (uint8_t)(i * 17 + 3);
	assert_string_equal(id_text(&id, text), "031425364758697a8b9cadbecfe0f102");
	assert_true(id_parse(text, &again));
	assert_true(id_equal(&id, &again));
	again.bytes[15] ^= 1;
	assert_false(id_equal(&id, &again));
}

static void test_id_other_spellings_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"031425364758697a8b9cadbecfe0f10",
		"031425364758697a8b9cadbecfe0f1020",
		"031425364758697A8B9CADBECFE0F102",
		" 31425364758697a8b9cadbecfe0f102",
		"031425364758697a8b9cadbecfe0f10g",
		"0x1425364758697a8b9cadbecfe0f102",
	};
	struct id id = { { 1, 2, 3 } };
	const struct id before = id;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(id_parse(wrong[i], &id));
	assert_false(id_parse(NULL, &id));
	assert_true(id_equal(&id, &before));
}

static void test_hex_of_nothing(void **state)
{
	char text[1];

	assert_string_equal(hex_text("", 0, text), "");
	assert_true(hex_parse("", text, 0));
	assert_false(hex_parse("00", text, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_id_round_trip),
		cmocka_unit_test(test_id_other_spellings_are_refused),
		cmocka_unit_test(test_hex_of_nothing),
	};

	return cmocka_run_group_tests_name("base/id", tests, NULL, NULL);
}
