/* SPDX-License-Identifier: Apache-2.0 */
/* R22: nobody is a parent but by a chain of parents' signatures that begins with the founder. */

#include "unit/crypt/crypt_test.h"

#include "crypt/vouch.h"

static struct sign_keypair *keys[4];	/* founder, ben, cara, a stranger */

static int group_start(void **state)
{
	assert_int_equal(crypt_init(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(sign_keypair_new(&keys[i]), 0);
	return 0;
}

static int group_stop(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		sign_keypair_free(keys[i]);
	return 0;
}

static char *vouched(unsigned voucher, unsigned parent, const char *name)
{
	struct vouch vouch = { .time_s = 1700000000 };
	char *text = NULL;

	strcpy(vouch.name, name);
	memcpy(vouch.parent, keys[parent]->public, SIGN_PUBLIC_BYTES);
	assert_int_equal(vouch_sign(&vouch, keys[voucher], &text), 0);
	return text;
}

static void test_what_was_signed_is_read(void **state)
{
	_cleanup_(cleanup_free) char *text = vouched(0, 1, "Ben J\xc3\xb6rg");
	struct vouch vouch;
	struct why why;
	char *name;

	assert_int_equal(vouch_verify(text, &vouch, &why), 0);
	assert_string_equal(vouch.name, "Ben J\xc3\xb6rg");
	assert_memory_equal(vouch.parent, keys[1]->public, SIGN_PUBLIC_BYTES);
	assert_memory_equal(vouch.voucher, keys[0]->public, SIGN_PUBLIC_BYTES);
	name = strstr(text, "Ben");
	assert_non_null(name);
	*name = 'K';
	assert_int_equal(vouch_verify(text, &vouch, &why), ANSWER_INVALID_ARGUMENT);
}

static void test_what_cannot_be_is_not_signed(void **state)
{
	struct vouch vouch = { .time_s = 1700000000 };
	char *text;

	memcpy(vouch.parent, keys[1]->public, SIGN_PUBLIC_BYTES);
	assert_int_equal(vouch_sign(&vouch, keys[0], &text), ANSWER_INVALID_ARGUMENT);
	memset(vouch.name, 'x', 33);
	assert_int_equal(vouch_sign(&vouch, keys[0], &text), ANSWER_INVALID_ARGUMENT);
	strcpy(vouch.name, "\xff");
	assert_int_equal(vouch_sign(&vouch, keys[0], &text), ANSWER_INVALID_ARGUMENT);
	strcpy(vouch.name, "Ben");
	assert_int_equal(vouch_sign(&vouch, keys[1], &text), ANSWER_INVALID_ARGUMENT);
}

static void test_r22_only_a_chain_from_the_founder_makes_a_parent(void **state)
{
	_cleanup_(cleanup_free) char *ben = vouched(0, 1, "Ben");
	_cleanup_(cleanup_free) char *cara = vouched(1, 2, "Cara");
	_cleanup_(cleanup_free) char *eve = vouched(3, 3 - 1, "Eve");
	struct parent_keys known, mute = { .n = 1 };

	/* In any order; what is no statement is passed over. */
	parent_keys_find(keys[0]->public, (const char *[]){ cara, "{}", ben }, 3, NULL, &known);
	assert_int_equal(known.n, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_true(parent_keys_have(&known, keys[i]->public));
	/* A link is missing. */
	parent_keys_find(keys[0]->public, (const char *[]){ cara }, 1, NULL, &known);
	assert_int_equal(known.n, 1);
	assert_false(parent_keys_have(&known, keys[2]->public));
	/* A stranger vouches. */
	parent_keys_find(keys[0]->public, (const char *[]){ eve }, 1, NULL, &known);
	assert_int_equal(known.n, 1);
	assert_false(parent_keys_have(&known, keys[3]->public));
	/* Whoever is mute, and whom they alone vouch for. */
	memcpy(mute.keys[0], keys[1]->public, SIGN_PUBLIC_BYTES);
	parent_keys_find(keys[0]->public, (const char *[]){ ben, cara }, 2, &mute, &known);
	assert_int_equal(known.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_signed_is_read),
		cmocka_unit_test(test_what_cannot_be_is_not_signed),
		cmocka_unit_test(test_r22_only_a_chain_from_the_founder_makes_a_parent),
	};

	return cmocka_run_group_tests_name("vouch", tests, group_start, group_stop);
}
