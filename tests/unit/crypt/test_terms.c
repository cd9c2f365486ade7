/* SPDX-License-Identifier: Apache-2.0 */
/* R21, R30: what a consent was given for can be made again from its numbers; less is within it,
 * more never. */

#include "crypt_test.h"

#include "crypt/terms.h"

#define DAY_S 86400

static void test_r30_the_text_says_every_number(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL, *other = NULL;
	struct terms terms;
	uint8_t hash[HASH_BYTES], again[HASH_BYTES];

	terms_default(&terms);
	terms.keep_max_s[KIND_AUDIO] = 7 * DAY_S;
	terms.keep_max_s[KIND_TRANSCRIPT] = 12 * 3600;
	terms.keep_max_s[KIND_LOCATION] = 60;
	terms.inactive_days = 41;
	terms.notice_days = 1;
	assert_int_equal(terms_text(&terms, &text), 0);
	assert_non_null(strstr(text, "the sound: erased after 7 days at"));
	assert_non_null(strstr(text, "recognised: erased after 12 hours at"));
	assert_non_null(strstr(text, "most: erased after 1 minute at"));
	assert_non_null(strstr(text, "kept for 41 days, parents are told, and 1 day later"));
	assert_int_equal(terms_hash(&terms, hash), 0);
	crypt_hash(text, strlen(text), again);
	assert_memory_equal(hash, again, HASH_BYTES);
}

/* Each number alone: one more is not within, one less is, and either way it is another text. */
static void test_r21_less_is_within_and_more_is_not(void **state)
{
	struct terms consented, terms;
	uint32_t *numbers[] = {&terms.keep_max_s[KIND_AUDIO], &terms.keep_max_s[KIND_TRANSCRIPT],
			       &terms.keep_max_s[KIND_LOCATION], &terms.inactive_days,
			       &terms.notice_days};
	uint8_t hash[HASH_BYTES], other[HASH_BYTES];

	terms_default(&consented);
	for (int kind = 1; kind <= KIND_MAX; kind++)
		consented.keep_max_s[kind] = DAY_S;
	consented.inactive_days = consented.notice_days = 10;
	assert_true(terms_within(&consented, &consented));
	assert_int_equal(terms_hash(&consented, hash), 0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		terms = consented;
		++*numbers[i];
		assert_false(terms_within(&terms, &consented));
		assert_int_equal(terms_hash(&terms, other), 0);
		assert_memory_not_equal(hash, other, HASH_BYTES);
		*numbers[i] -= 2;
		assert_true(terms_within(&terms, &consented));
		assert_int_equal(terms_hash(&terms, other), 0);
		assert_memory_not_equal(hash, other, HASH_BYTES);
		/* Less of one thing does not pay for more of another. */
		++*numbers[(i + 1) % ARRAY_SIZE(numbers)];
		assert_false(terms_within(&terms, &consented));
	}
}

static void test_r2_there_are_no_terms_for_ever(void **state)
{
	static const uint32_t wrong[] = {0, UINT32_MAX, INT32_MAX, 91 * DAY_S};
	struct terms terms;
	uint8_t hash[HASH_BYTES];
	uint32_t *numbers[] = {&terms.keep_max_s[KIND_AUDIO], &terms.keep_max_s[KIND_TRANSCRIPT],
			       &terms.keep_max_s[KIND_LOCATION], &terms.inactive_days,
			       &terms.notice_days};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		for (size_t k = 0; k < ARRAY_SIZE(wrong); k++) {
			terms_default(&terms);
			assert_true(terms_valid(&terms));
			*numbers[i] = wrong[k];
			assert_false(terms_valid(&terms));
			assert_true(terms_hash(&terms, hash) < 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r30_the_text_says_every_number),
		cmocka_unit_test(test_r21_less_is_within_and_more_is_not),
		cmocka_unit_test(test_r2_there_are_no_terms_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
