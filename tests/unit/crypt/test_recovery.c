/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery codes: as written down, with every slip of the pen that can be told. */

#include "unit/crypt/crypt_test.h"

#include "crypt/door.h"
#include "crypt/recovery.h"

/* Bytes f0 to ff, encoded and checked in Python. */
#define CODE "Y3RZ-5WZM-YQVF-FY7S-ZBXZ-SZFY-ZYP4-J8WG"

static void assert_code(const char *text)
{
	uint8_t code[RECOVERY_BYTES] = { 0 };
	struct why why = { "" };

	if (recovery_parse(text, code, &why) != 0)
		fail_msg("%s: %s", text, why.text);
	assert_hex(code, RECOVERY_BYTES, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
}

static void assert_refused(const char *text)
{
	uint8_t code[RECOVERY_BYTES] = { 0 };
	const uint8_t untouched[RECOVERY_BYTES] = { 0 };
	struct why why = { "" };

	assert_answer(recovery_parse(text, code, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_memory_equal(code, untouched, RECOVERY_BYTES);
	/* The message must not repeat what was typed. */
	assert_true(strlen(text) < 8 || !strstr(why.text, text));
}

static void test_recovery_reads_what_people_write(void **state)
{
	assert_code(CODE);
	assert_code("y3rz-5wzm-yqvf-fy7s-zbxz-szfy-zyp4-j8wg");
	assert_code("  Y3RZ 5WZM YQVF FY7S\tZBXZ SZFY ZYP4 J8WG\r\n");
	assert_code("Y3RZ5WZMYQVFFY7SZBXZSZFYZYP4J8WG");
}

static void test_recovery_reads_o_i_l_as_digits(void **state)
{
	/* Draw codes until one has both a 0 and a 1 in it. */
	for (int tries = 0; tries < 1000; tries++) {
		_cleanup_(secret_freep) struct secret *drawn = NULL;
		uint8_t code[RECOVERY_BYTES], again[RECOVERY_BYTES];
		char *text;

		assert_int_equal(door_recovery_new(&drawn), 0);
		text = (char *)drawn->bytes;
		if (!strchr(text, '0') || !strchr(text, '1'))
			continue;
		assert_int_equal(recovery_parse(text, code, NULL), 0);
		for (const char *readings = "IiLl"; *readings; readings++) {
			_cleanup_(cleanup_free) char *copy = strdup(text);

			*strchr(copy, '0') = *readings < 'a' ? 'O' : 'o';
			*strchr(copy, '1') = *readings;
			assert_int_equal(recovery_parse(copy, again, NULL), 0);
			assert_memory_equal(code, again, RECOVERY_BYTES);
		}
		return;
	}
	fail();
}

static void test_recovery_every_wrong_character_is_found(void **state)
{
	char text[] = CODE;

	for (size_t i = 0; text[i]; i++) {
		char right = text[i];

		if (right == '-')
			continue;
		for (const char *wrong = "0123456789ABCDEFGHJKMNPQRSTVWXYZU*"; *wrong; wrong++) {
			if (*wrong == right)
				continue;
			text[i] = *wrong;
			assert_refused(text);
		}
		text[i] = right;
	}
}

static void test_recovery_swapped_neighbours_are_found(void **state)
{
	char text[] = CODE;

	for (size_t i = 0; text[i + 1]; i++) {
		char first = text[i], second = text[i + 1];

		if (first == '-' || second == '-' || first == second)
			continue;
		text[i] = second;
		text[i + 1] = first;
		assert_refused(text);
		text[i] = first;
		text[i + 1] = second;
	}
}

static void test_recovery_too_short_or_long_is_refused(void **state)
{
	char text[] = CODE;

	assert_refused(CODE "0");
	assert_refused("0" CODE);
	for (size_t n = strlen(text); n-- > 0;) {
		text[n] = '\0';
		assert_refused(text);
	}
}

static void test_recovery_new_codes_differ_and_parse(void **state)
{
	_cleanup_(secret_freep) struct secret *a = NULL, *b = NULL;
	uint8_t code[RECOVERY_BYTES];

	assert_int_equal(door_recovery_new(&a), 0);
	assert_int_equal(door_recovery_new(&b), 0);
	assert_int_equal(a->n, 40);
	assert_int_equal(strlen((char *)a->bytes), 39);
	assert_string_not_equal((char *)a->bytes, (char *)b->bytes);
	assert_int_equal(recovery_parse((char *)a->bytes, code, NULL), 0);
	for (int i = 4; i < 39; i += 5)
		assert_int_equal(a->bytes[i], '-');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recovery_reads_what_people_write),
		cmocka_unit_test(test_recovery_reads_o_i_l_as_digits),
		cmocka_unit_test(test_recovery_every_wrong_character_is_found),
		cmocka_unit_test(test_recovery_swapped_neighbours_are_found),
		cmocka_unit_test(test_recovery_too_short_or_long_is_refused),
		cmocka_unit_test(test_recovery_new_codes_differ_and_parse),
	};

	return cmocka_run_group_tests_name("crypt/recovery", tests, crypt_setup, NULL);
}
