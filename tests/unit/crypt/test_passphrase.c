/* SPDX-License-Identifier: Apache-2.0 */
/* R24: what is easy to guess is no passphrase, and the answer helps. */

#include "unit/crypt/crypt_test.h"

#include "crypt/door.h"

static void test_r24_weak_passphrases_are_refused(void **state)
{
	static const char *const weak[] = {
		"", " ", "a", "password", "Password1!", "Password123456!", "letmein please",
		"123456", "0000000000000000000000000000", "1234 5678 9012 3456 7890 1234 5678",
		"2023-05-31 2024-06-01 2025-07-02", "!!!!????....,,,,;;;;----++++====",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abcdefghijklmnopqrstuvwxyz",
		"qwertyuiop", "the the the the the", "cat dog cat dog cat dog", "one two three",
		"aaa bbb ccc ddd", "a b c d e f g h", "ab cd ef gh ij", "Cat cat CAT caT dog",
		"x1x2x3x4", "tr0ub4dor&3",
	};

	for (size_t i = 0; i < ARRAY_SIZE(weak); i++) {
		struct why why = { "" };

		if (door_passphrase_check(weak[i], &why) != ANSWER_INVALID_ARGUMENT)
			fail_msg("\"%s\" was accepted", weak[i]);
		assert_true(why.text[0] != '\0');
		assert_true(strlen(weak[i]) < 4 || !strstr(why.text, weak[i]));
	}
}

static void test_r24_good_passphrases_are_accepted(void **state)
{
	static const char *const good[] = {
		"four winds carry salt", "four-winds-carry-salt", "Four.Winds.Carry.Salt",
		"vier Wörter für Österreich", "четыре ветра несут соль", "xK9#mQ2$vL7&wP4!zR8%",
		"correcthorsebatterystapleandmore", "cat dog cow hen",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct why why = { "" };

		if (door_passphrase_check(good[i], &why) != 0)
			fail_msg("\"%s\": %s", good[i], why.text);
	}
}

static void test_passphrase_oddities_are_named(void **state)
{
	_cleanup_(cleanup_free) char *longest = calloc(1, 1026);
	struct why why = { "" };

	assert_answer(door_passphrase_check("four winds carry\tsalt", &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "control character"));
	assert_answer(door_passphrase_check("four winds carry salt\n", &why),
		      ANSWER_INVALID_ARGUMENT, why);
	for (int i = 0; i < 1025; i++)
		longest[i] = "four winds carry salt "[i % 22];
	assert_answer(door_passphrase_check(longest, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "longer"));
	longest[1024] = '\0';
	assert_int_equal(door_passphrase_check(longest, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r24_weak_passphrases_are_refused),
		cmocka_unit_test(test_r24_good_passphrases_are_accepted),
		cmocka_unit_test(test_passphrase_oddities_are_named),
	};

	return cmocka_run_group_tests_name("crypt/passphrase", tests, crypt_setup, NULL);
}
