/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's keys from their master. */

#include "unit/crypt/crypt_test.h"

#include "crypt/device.h"

static void test_device_vectors(void **state)
{
	_cleanup_(device_freep) struct device *device = NULL;
	_cleanup_(secret_freep) struct secret *master = secret_counting(32),
					      *shorter = secret_counting(16);

	/* crypto_kdf by Python's hashlib (salt and person), then Ed25519 and X25519 as in RFC 8032
	 * and RFC 7748 written out in Python. */
	assert_int_equal(device_from(master, &device), 0);
	assert_hex(device->sign->seed->bytes, 32,
		   "716e089a3c8fbaeb42b025383514ad88fe15a22f94d942a8e4041893779bbe47");
	assert_hex(device->sign->public, 32,
		   "58bf2dc1c1a3f5dfa7a4a8bf60a646b58585cda5ca7afb8a122f1b356115f3f1");
	assert_hex(device->box->public, 32,
		   "e82596bf4bd730e8abaea92a3d7afbc12ea320056acbee23c14078788aa8cc7f");
	device = device_free(device);
	assert_true(device_from(shorter, &device) < 0);
	assert_null(device_free(NULL));
}

static void test_device_statement_round_trip(void **state)
{
	_cleanup_(device_freep) struct device *device = NULL;
	_cleanup_(secret_freep) struct secret *master = secret_counting(32);
	_cleanup_(cleanup_free) char *text = NULL;
	uint8_t sign[SIGN_PUBLIC_BYTES], box[BOX_PUBLIC_BYTES];
	struct why why;

	assert_int_equal(device_from(master, &device), 0);
	assert_int_equal(device_statement(device, &text), 0);
	assert_int_equal(device_verify(text, NULL, sign, box, &why), 0);
	assert_int_equal(device_verify(text, device->sign->public, sign, box, &why), 0);
	assert_memory_equal(sign, device->sign->public, 32);
	assert_memory_equal(box, device->box->public, 32);
}

static void test_device_replaced_or_changed_is_refused(void **state)
{
	_cleanup_(device_freep) struct device *device = NULL, *other = NULL;
	_cleanup_(secret_freep) struct secret *master = secret_counting(32), *random = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	uint8_t sign[SIGN_PUBLIC_BYTES], box[BOX_PUBLIC_BYTES];
	struct why why = { "" };

	assert_int_equal(secret_random(32, &random), 0);
	assert_int_equal(device_from(master, &device), 0);
	assert_int_equal(device_from(random, &other), 0);
	assert_int_equal(device_statement(device, &text), 0);
	assert_answer(device_verify(text, other->sign->public, sign, box, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	for (size_t i = 0; text[i]; i++) {
		text[i] ^= 1;
		assert_int_equal(device_verify(text, NULL, sign, box, &why),
				 ANSWER_INVALID_ARGUMENT);
		text[i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_vectors),
		cmocka_unit_test(test_device_statement_round_trip),
		cmocka_unit_test(test_device_replaced_or_changed_is_refused),
	};

	return cmocka_run_group_tests_name("crypt/device", tests, crypt_setup, NULL);
}
