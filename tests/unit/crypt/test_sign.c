/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 against RFC 8032. */

#include "unit/crypt/crypt_test.h"

#include "crypt/sign.h"

static void test_sign_rfc8032_vector(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *pair = NULL;
	uint8_t signature[SIGN_BYTES];

	/* RFC 8032, section 7.1, test 2. */
	assert_int_equal(sign_keypair_from(secret_from_hex(
		"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), &pair), 0);
	assert_hex(pair->public, 32,
		   "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
	sign_bytes(pair, "\x72", 1, signature);
	assert_hex(signature, SIGN_BYTES,
		   "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
		   "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

static void test_sign_changed_is_refused(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *pair = NULL;
	uint8_t signature[SIGN_BYTES];
	uint8_t message[] = "I consent";

	assert_int_equal(sign_keypair_new(&pair), 0);
	sign_bytes(pair, message, sizeof(message), signature);
	assert_true(sign_holds(pair->public, message, sizeof(message), signature));
	for (size_t i = 0; i < SIGN_BYTES; i++) {
		signature[i] ^= 1;
		assert_false(sign_holds(pair->public, message, sizeof(message), signature));
		signature[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof(message); i++) {
		message[i] ^= 1;
		assert_false(sign_holds(pair->public, message, sizeof(message), signature));
		message[i] ^= 1;
	}
	pair->public[0] ^= 1;
	assert_false(sign_holds(pair->public, message, sizeof(message), signature));
}

static void test_sign_seed_makes_the_same_pair(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *pair = NULL, *again = NULL;
	_cleanup_(secret_freep) struct secret *wrong = secret_counting(33);
	struct secret *seed = NULL;

	assert_int_equal(sign_keypair_new(&pair), 0);
	assert_int_equal(secret_from(pair->seed->bytes, pair->seed->n, &seed), 0);
	assert_int_equal(sign_keypair_from(seed, &again), 0);
	assert_memory_equal(pair->public, again->public, SIGN_PUBLIC_BYTES);
	assert_true(sign_keypair_from(wrong, &again) < 0);
	assert_null(sign_keypair_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign_rfc8032_vector),
		cmocka_unit_test(test_sign_changed_is_refused),
		cmocka_unit_test(test_sign_seed_makes_the_same_pair),
	};

	return cmocka_run_group_tests_name("crypt/sign", tests, crypt_setup, NULL);
}
