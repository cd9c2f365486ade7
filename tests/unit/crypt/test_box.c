/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed boxes: only the owner opens them, and only unchanged. */

#include "unit/crypt/crypt_test.h"

#include "crypt/box.h"

static void test_box_round_trip(void **state)
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	static const size_t sizes[] = { 0, 1, 32, 5000 };

	assert_int_equal(box_keypair_new(&pair), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_(secret_freep) struct secret *plain = secret_counting(sizes[i]);
		_cleanup_(secret_freep) struct secret *opened = NULL;
		_cleanup_(cleanup_free) uint8_t *box = NULL;
		size_t n;

		assert_int_equal(box_seal(pair->public, plain->bytes, plain->n, &box, &n), 0);
		assert_int_equal(n, sizes[i] + BOX_OVERHEAD_BYTES);
		assert_int_equal(box_open(pair, box, n, &opened), 0);
		assert_int_equal(opened->n, sizes[i]);
		assert_memory_equal(opened->bytes, plain->bytes, sizes[i]);
	}
}

static void test_box_changed_or_cut_is_refused(void **state)
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL, *other = NULL;
	_cleanup_(secret_freep) struct secret *opened = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	size_t n;

	assert_int_equal(box_keypair_new(&pair), 0);
	assert_int_equal(box_keypair_new(&other), 0);
	assert_int_equal(box_seal(pair->public, "a slot key", 10, &box, &n), 0);
	for (size_t i = 0; i < n; i++) {
		box[i] ^= 1;
		assert_int_equal(box_open(pair, box, n, &opened), ANSWER_INVALID_ARGUMENT);
		box[i] ^= 1;
	}
	for (size_t shorter = 0; shorter < n; shorter++)
		assert_int_equal(box_open(pair, box, shorter, &opened), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(box_open(other, box, n, &opened), ANSWER_INVALID_ARGUMENT);
	assert_null(opened);
	assert_int_equal(box_open(pair, box, n, &opened), 0);
}

static void test_box_to_no_key_is_refused(void **state)
{
	const uint8_t zero[BOX_PUBLIC_BYTES] = { 0 };
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	size_t n;

	assert_int_equal(box_seal(zero, "x", 1, &box, &n), ANSWER_INVALID_ARGUMENT);
	assert_null(box);
}

static void test_box_keypair_vector(void **state)
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	_cleanup_(secret_freep) struct secret *wrong = secret_counting(31);

	/* The algorithm of RFC 7748, section 5, written out in Python. */
	assert_int_equal(box_keypair_from(secret_from_hex(
		"e9cd5d4f3ac0902d5ab89f3d3aeb662fe2807ad44233c3990214654f4c3bcae6"), &pair), 0);
	assert_hex(pair->public, 32,
		   "e82596bf4bd730e8abaea92a3d7afbc12ea320056acbee23c14078788aa8cc7f");
	assert_true(box_keypair_from(wrong, &pair) < 0);
	assert_null(box_keypair_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_box_round_trip),
		cmocka_unit_test(test_box_changed_or_cut_is_refused),
		cmocka_unit_test(test_box_to_no_key_is_refused),
		cmocka_unit_test(test_box_keypair_vector),
	};

	return cmocka_run_group_tests_name("crypt/box", tests, crypt_setup, NULL);
}
