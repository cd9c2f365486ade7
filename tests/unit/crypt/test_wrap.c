/* SPDX-License-Identifier: Apache-2.0 */
/* R17: one wrap a secret; a name, a key or a bit that differs opens nothing. */

#include "unit/crypt/crypt_test.h"

#include "crypt/door.h"

static void test_wrap_round_trip(void **state)
{
	_cleanup_(secret_freep) struct secret *key = NULL, *opened = NULL,
					      *secret = secret_counting(32);
	_cleanup_(cleanup_free) uint8_t *wrapped = NULL, *again = NULL;
	size_t n, n_again;

	assert_int_equal(secret_random(KEY_BYTES, &key), 0);
	assert_int_equal(wrap_seal(key, DOOR_SECRET_HOME, secret, &wrapped, &n), 0);
	assert_int_equal(n, 24 + 32 + 16);
	assert_int_equal(wrap_open(key, DOOR_SECRET_HOME, wrapped, n, &opened), 0);
	assert_int_equal(opened->n, 32);
	assert_memory_equal(opened->bytes, secret->bytes, 32);
	/* A fresh nonce each time. */
	assert_int_equal(wrap_seal(key, DOOR_SECRET_HOME, secret, &again, &n_again), 0);
	assert_memory_not_equal(wrapped, again, n);
}

static void test_r17_wrap_of_another_name_or_key_is_refused(void **state)
{
	_cleanup_(secret_freep) struct secret *key = NULL, *other = NULL,
					      *secret = secret_counting(32);
	_cleanup_(cleanup_free) uint8_t *wrapped = NULL;
	struct secret *opened = NULL;
	size_t n;

	assert_int_equal(secret_random(KEY_BYTES, &key), 0);
	assert_int_equal(secret_random(KEY_BYTES, &other), 0);
	assert_int_equal(wrap_seal(key, DOOR_SECRET_HOME, secret, &wrapped, &n), 0);
	assert_int_equal(wrap_open(key, DOOR_SECRET_RELEASE, wrapped, n, &opened),
			 ANSWER_INVALID_ARGUMENT);
	assert_int_equal(wrap_open(key, "", wrapped, n, &opened), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(wrap_open(other, DOOR_SECRET_HOME, wrapped, n, &opened),
			 ANSWER_INVALID_ARGUMENT);
	for (size_t i = 0; i < n; i++) {
		wrapped[i] ^= 1;
		assert_int_equal(wrap_open(key, DOOR_SECRET_HOME, wrapped, n, &opened),
				 ANSWER_INVALID_ARGUMENT);
		wrapped[i] ^= 1;
	}
	for (size_t shorter = 0; shorter < n; shorter++)
		assert_int_equal(wrap_open(key, DOOR_SECRET_HOME, wrapped, shorter, &opened),
				 ANSWER_INVALID_ARGUMENT);
	assert_null(opened);
}

static void test_layer_ends_with_its_slot(void **state)
{
	_cleanup_(secret_freep) struct secret *slot = NULL, *zero = NULL;
	_cleanup_(cleanup_free) uint8_t *layered = NULL, *opened = NULL;
	size_t n, n_opened;

	assert_int_equal(secret_random(KEY_BYTES, &slot), 0);
	assert_int_equal(secret_new(KEY_BYTES, &zero), 0);
	assert_int_equal(layer_seal(slot, "sign", "a wrap", 6, &layered, &n), 0);
	assert_int_equal(layer_open(zero, "sign", layered, n, &opened, &n_opened),
			 ANSWER_INVALID_ARGUMENT);
	assert_int_equal(layer_open(slot, "home", layered, n, &opened, &n_opened),
			 ANSWER_INVALID_ARGUMENT);
	for (size_t i = 0; i < n; i++) {
		layered[i] ^= 0x40;
		assert_int_equal(layer_open(slot, "sign", layered, n, &opened, &n_opened),
				 ANSWER_INVALID_ARGUMENT);
		layered[i] ^= 0x40;
	}
	for (size_t shorter = 0; shorter < n; shorter++)
		assert_int_equal(layer_open(slot, "sign", layered, shorter, &opened, &n_opened),
				 ANSWER_INVALID_ARGUMENT);
	assert_null(opened);
	assert_int_equal(layer_open(slot, "sign", layered, n, &opened, &n_opened), 0);
	assert_int_equal(n_opened, 6);
	assert_memory_equal(opened, "a wrap", 6);
}

static void test_layer_and_wrap_do_not_open_each_other(void **state)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	_cleanup_(cleanup_free) uint8_t *layered = NULL;
	struct secret *opened = NULL;
	size_t n;

	assert_int_equal(secret_random(KEY_BYTES, &key), 0);
	assert_int_equal(layer_seal(key, "home", "x", 1, &layered, &n), 0);
	assert_int_equal(wrap_open(key, "home", layered, n, &opened), ANSWER_INVALID_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrap_round_trip),
		cmocka_unit_test(test_r17_wrap_of_another_name_or_key_is_refused),
		cmocka_unit_test(test_layer_ends_with_its_slot),
		cmocka_unit_test(test_layer_and_wrap_do_not_open_each_other),
	};

	return cmocka_run_group_tests_name("crypt/wrap", tests, crypt_setup, NULL);
}
