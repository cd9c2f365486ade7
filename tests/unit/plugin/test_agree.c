/* SPDX-License-Identifier: Apache-2.0 */
/* A word's phones, lined up with those that were heard. */

#include "../test.h"

#include "agree.h"

/* As "W-W ER-ER D-", a pair for each, the first one first. */
static const char *align(const char *said, const char *heard, char text[static 256])
{
	static const char *const names[] = { "D", "ER", "F", "R", "T", "W" };
	struct agree_pair pairs[2 * AGREE_MAX];
	uint8_t one[AGREE_MAX], other[AGREE_MAX];
	unsigned n_one = agree_phones(said, one), n_other = agree_phones(heard, other);
	unsigned n = agree_align(one, n_one, other, n_other, pairs);

	*text = '\0';
	while (n-- > 0) {
		strcat(text, *text ? " " : "");
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (pairs[n].said == agree_phone(names[i]))
				strcat(text, names[i]);
		strcat(text, "-");
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (pairs[n].heard == agree_phone(names[i]))
				strcat(text, names[i]);
	}
	return text;
}

static void test_alignment(void **state)
{
	char text[256];

	assert_string_equal(align("W ER D", "W ER D", text), "W-W ER-ER D-D");
	/* One that was lost, one too many, and one of the same class. */
	assert_string_equal(align("W ER D", "ER D", text), "W- ER-ER D-D");
	assert_string_equal(align("W ER D", "W ER D F", text), "W-W ER-ER D-D -F");
	assert_string_equal(align("W ER D", "R ER T", text), "W-R ER-ER D-T");
	assert_string_equal(align("", "W", text), "-W");
	assert_string_equal(align("W", "", text), "W-");
	assert_string_equal(align("", "", text), "");
}

static void test_the_longest_word(void **state)
{
	char names[3 * (AGREE_MAX + 8)] = "";
	struct agree_pair pairs[2 * AGREE_MAX];
	uint8_t said[AGREE_MAX], heard[AGREE_MAX];

	for (int i = 0; i < AGREE_MAX + 7; i++)
		strcat(names, "W ");
	assert_int_equal(agree_phones(names, said), AGREE_MAX);
	memset(heard, agree_phone("F"), sizeof(heard));
	assert_in_range(agree_align(said, AGREE_MAX, heard, AGREE_MAX, pairs), AGREE_MAX,
			2 * AGREE_MAX);
	assert_int_equal(agree_align(said, AGREE_MAX, heard, 0, pairs), AGREE_MAX);
}

/* Whatever is trained: a phone that was heard speaks for its word, and those of other classes
 * against it, taken together. */
static void test_what_is_heard_counts(void **state)
{
	static const char *const all[] = { "AA", "T", "S", "L", "N" };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		uint8_t phone = agree_phone(all[i]);
		double others = 0.0;

		assert_true(agree_ratio((struct agree_pair) { phone, phone }) > 0.0);
		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			if (k != i)
				others += agree_ratio((struct agree_pair) { phone,
									    agree_phone(all[k]) });
		assert_true(others < 0.0);
	}
}

/* Of an acoustic model for another language, or of a typing error: neither for nor against. */
static void test_unknown_phones_say_nothing(void **state)
{
	uint8_t phones[AGREE_MAX];

	assert_int_equal(agree_phones("AA0 ZZ  thunderclap W", phones), 3);
	assert_int_equal(phones[0], AGREE_UNKNOWN);
	assert_int_equal(phones[1], AGREE_UNKNOWN);
	assert_int_equal(phones[2], agree_phone("W"));
	assert_true(agree_ratio((struct agree_pair) { AGREE_UNKNOWN, AGREE_UNKNOWN }) == 0.0);
	assert_true(agree_ratio((struct agree_pair) { phones[2], AGREE_UNKNOWN }) == 0.0);
	assert_true(agree_ratio((struct agree_pair) { AGREE_UNKNOWN, AGREE_NONE }) == 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_the_longest_word),
		cmocka_unit_test(test_what_is_heard_counts),
		cmocka_unit_test(test_unknown_phones_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
