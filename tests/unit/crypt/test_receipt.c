/* SPDX-License-Identifier: Apache-2.0 */
/* R9: a receipt checks offline, and one flipped bit fails. */

#include "unit/crypt/crypt_test.h"

#include "crypt/receipt.h"

static struct sign_keypair *device;

static int group_setup(void **state)
{
	return crypt_init() || sign_keypair_new(&device);
}

static int group_teardown(void **state)
{
	device = sign_keypair_free(device);
	return 0;
}

static struct receipt example(void)
{
	struct receipt receipt = {
		.id = { { 1, 2, 3 } }, .reason = "delete", .asked_min = 28333333,
		.ended_min = 28333334, .items = 3, .parts = 5, .erasure_level = 1,
		.steps = { "slot keys zeroed and synced", "bodies removed", "stores read back" },
		.n_steps = 3, .log_seq = 17, .log_head = { 9 },
	};

	return receipt;
}

static void test_r9_receipt_round_trip(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct receipt receipt = example(), read;
	uint8_t key[SIGN_PUBLIC_BYTES];
	struct why why;

	assert_int_equal(receipt_sign(&receipt, device, &text), 0);
	assert_int_equal(receipt_verify(text, NULL, key, &read, &why), 0);
	assert_memory_equal(key, device->public, SIGN_PUBLIC_BYTES);
	assert_int_equal(receipt_verify(text, device->public, NULL, &read, &why), 0);
	assert_true(id_equal(&read.id, &receipt.id));
	assert_string_equal(read.reason, "delete");
	assert_int_equal(read.asked_min, receipt.asked_min);
	assert_int_equal(read.ended_min, receipt.ended_min);
	assert_int_equal(read.items, 3);
	assert_int_equal(read.parts, 5);
	assert_int_equal(read.erasure_level, 1);
	assert_int_equal(read.n_steps, 3);
	assert_string_equal(read.steps[2], "stores read back");
	assert_memory_equal(read.commitment, receipt.commitment, 32);
	assert_memory_equal(read.salt, receipt.salt, RECEIPT_SALT_BYTES);
	assert_int_equal(read.log_seq, 17);
	assert_memory_equal(read.log_head, receipt.log_head, CHAIN_HASH_BYTES);
}

static void test_r9_one_flipped_bit_fails(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct receipt receipt = example(), read;
	struct why why;

	assert_int_equal(receipt_sign(&receipt, device, &text), 0);
	for (size_t i = 0; text[i]; i++) {
		for (int bit = 0; bit < 8; bit++) {
			text[i] ^= (char)(1 << bit);
			/* A flip to NUL ends the text early; that, too, is no receipt. */
			assert_int_equal(receipt_verify(text, NULL, NULL, &read, &why),
					 ANSWER_INVALID_ARGUMENT);
			text[i] ^= (char)(1 << bit);
		}
	}
}

static void test_r9_receipt_of_another_device_is_refused(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *other = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	struct receipt receipt = example(), read;
	struct why why = { "" };

	assert_int_equal(sign_keypair_new(&other), 0);
	assert_int_equal(receipt_sign(&receipt, other, &text), 0);
	assert_answer(receipt_verify(text, device->public, NULL, &read, &why),
		      ANSWER_INVALID_ARGUMENT, why);
}

static void test_receipt_that_says_nothing_is_not_signed(void **state)
{
	struct receipt wrong[7];
	char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		wrong[i] = example();
	strcpy(wrong[0].reason, "lost");
	wrong[1].erasure_level = 4;
	wrong[2].n_steps = 0;
	wrong[3].n_steps = RECEIPT_STEPS_MAX + 1;
	wrong[4].ended_min = wrong[4].asked_min - 1;
	wrong[5].items = -1;
	wrong[6].asked_min = 0;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_true(receipt_sign(&wrong[i], device, &text) < 0);
	assert_null(text);
}

static void assert_by_hand_refused(const char *member, json_t *value)
{
	_cleanup_(cleanup_free) char *text = NULL, *again = NULL;
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct receipt receipt = example(), read;
	struct why why = { "" };

	assert_int_equal(receipt_sign(&receipt, device, &text), 0);
	body = json_loads(text, 0, NULL);
	json_object_set_new(body, member, value);
	assert_int_equal(statement_sign(body, RECEIPT_STATEMENT, device, &again), 0);
	assert_answer(receipt_verify(again, device->public, NULL, &read, &why),
		      ANSWER_INVALID_ARGUMENT, why);
}

static void test_receipt_out_of_range_is_refused(void **state)
{
	char longest[RECEIPT_STEP_TEXT + 1];

	memset(longest, 'x', RECEIPT_STEP_TEXT);
	longest[RECEIPT_STEP_TEXT] = '\0';
	assert_by_hand_refused("reason", json_string("because"));
	assert_by_hand_refused("erasure_level", json_string("E4"));
	assert_by_hand_refused("erasure_level", json_string("E"));
	assert_by_hand_refused("ended_min", json_integer(1));
	assert_by_hand_refused("items", json_integer(-1));
	assert_by_hand_refused("steps", json_array());
	assert_by_hand_refused("steps", json_string("all"));
	assert_by_hand_refused("steps", json_pack("[i]", 1));
	assert_by_hand_refused("steps", json_pack("[s]", longest));
	assert_by_hand_refused("steps",
			       json_pack("[sssssssssssssssss]", "1", "2", "3", "4", "5", "6", "7",
					 "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"));
	assert_by_hand_refused("transcript", json_string("words"));
}

static void test_r9_commitment_vector(void **state)
{
	struct id ids[3] = {
		{ { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 } },
		{ { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
		{ { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 } },
	};
	uint8_t salt[RECEIPT_SALT_BYTES], commitment[32], none[32];

	for (uint8_t i = 0; i < sizeof(salt); i++)
		salt[i] = i;
	/* Python's hashlib over the sorted ids. */
	receipt_commitment(salt, ids, 3, commitment);
	assert_hex(commitment, 32,
		   "7388492381fc25cae8916ee21ace0e35dbe42879728de7f91bf04a2c767ffa27");
	receipt_commitment(salt, NULL, 0, none);
	assert_memory_not_equal(commitment, none, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r9_receipt_round_trip),
		cmocka_unit_test(test_r9_one_flipped_bit_fails),
		cmocka_unit_test(test_r9_receipt_of_another_device_is_refused),
		cmocka_unit_test(test_receipt_that_says_nothing_is_not_signed),
		cmocka_unit_test(test_receipt_out_of_range_is_refused),
		cmocka_unit_test(test_r9_commitment_vector),
	};

	return cmocka_run_group_tests_name("crypt/receipt", tests, group_setup, group_teardown);
}
