/* SPDX-License-Identifier: Apache-2.0 */
/* R24: the way from a passphrase or a code to its halves, and doors that are too cheap. */

#include "unit/crypt/crypt_test.h"

#include "crypt/door.h"

static const struct door cheapest = {
	.kind = DOOR_PASSPHRASE,
	.salt = "saltsaltsaltsal",
	.passes = DOOR_PASSES,
	.memory_bytes = DOOR_MEMORY_MIN_BYTES,
};

static void test_r24_door_argon2id_vector(void **state)
{
	_cleanup_(door_halves_clear) struct door_halves halves = { NULL };
	struct door door = cheapest;
	struct why why;

	/* argon2 saltsaltsaltsalt -id -t 3 -k 65536 -p 1 -l 64: the authors' implementation. */
	door.salt[15] = 't';
	assert_int_equal(door_open(&door, "four winds carry salt", &halves, &why), 0);
	assert_hex(halves.proof->bytes, 32,
		   "3a72001c49850ebc9933bb5e9dca3d164505756fd9ada7c36c25d75c251753b8");
	assert_hex(halves.wrap->bytes, 32,
		   "df97cd409becbc757db33633e8ec72fc1ebd3c3c91cc21e711c71f9b69d8b388");
}

static void test_door_recovery_vector(void **state)
{
	_cleanup_(door_halves_clear) struct door_halves halves = { NULL };
	struct door door = { .kind = DOOR_RECOVERY };
	struct why why;

	for (uint8_t i = 0; i < DOOR_SALT_BYTES; i++)
		door.salt[i] = i;
	/* Python's hashlib over bytes f0 to ff. */
	assert_int_equal(door_open(&door, "y3rz 5wzm yqvf fy7s zbxz szfy zyp4 j8wg", &halves, &why),
			 0);
	assert_hex(halves.proof->bytes, 32,
		   "761a51876b88f97cb26e110d22f082a2185ec1afc8d149bc36d14a6a091827b4");
	assert_hex(halves.wrap->bytes, 32,
		   "0dd60f157ab802e4742650d38cbdb79d8c57747d01389ccc56c478efa8d4c14e");
}

static void test_door_recovery_typo_is_refused(void **state)
{
	struct door_halves halves = { NULL };
	struct door door = { .kind = DOOR_RECOVERY };
	struct why why = { "" };

	assert_answer(door_open(&door, "Y3RZ-5WZM-YQVF-FY7S-ZBXZ-SZFY-ZYP4-J8WH", &halves, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_null(halves.proof);
	assert_null(halves.wrap);
}

static void test_r24_cheap_doors_are_refused(void **state)
{
	const struct door cheap[] = {
		{ .kind = DOOR_PASSPHRASE },
		{ .kind = DOOR_PASSPHRASE,
		  .passes = DOOR_PASSES - 1,
		  .memory_bytes = DOOR_MEMORY_MIN_BYTES },
		{ .kind = DOOR_PASSPHRASE,
		  .passes = DOOR_PASSES,
		  .memory_bytes = DOOR_MEMORY_MIN_BYTES - 1 },
		{ .kind = DOOR_PASSPHRASE,
		  .passes = DOOR_PASSES,
		  .memory_bytes = DOOR_MEMORY_MAX_BYTES + 1 },
		{ .kind = DOOR_PASSPHRASE,
		  .passes = DOOR_PASSES_MAX + 1,
		  .memory_bytes = DOOR_MEMORY_MIN_BYTES },
		{ .kind = DOOR_RECOVERY, .passes = 1 },
		{ .kind = DOOR_RECOVERY, .memory_bytes = DOOR_MEMORY_MIN_BYTES },
		{ .kind = (enum door_kind)3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cheap); i++) {
		struct door_halves halves = { NULL };
		struct why why = { "" };

		assert_answer(door_open(&cheap[i], "four winds carry salt", &halves, &why),
			      ANSWER_INVALID_ARGUMENT, why);
		assert_null(halves.proof);
	}
}

static void test_r24_new_door_is_fresh_and_strong(void **state)
{
	struct door a, b, recovery;

	assert_int_equal(door_new(DOOR_PASSPHRASE, &a), 0);
	assert_int_equal(door_new(DOOR_PASSPHRASE, &b), 0);
	assert_memory_not_equal(a.salt, b.salt, DOOR_SALT_BYTES);
	assert_int_equal(a.passes, DOOR_PASSES);
	assert_true(a.memory_bytes >= DOOR_MEMORY_MIN_BYTES &&
		    a.memory_bytes <= DOOR_MEMORY_MAX_BYTES);
	assert_int_equal(door_new(DOOR_RECOVERY, &recovery), 0);
	assert_int_equal(recovery.passes, 0);
	assert_int_equal(recovery.memory_bytes, 0);
	assert_true(door_new((enum door_kind)0, &a) < 0);
}

static void test_door_salt_and_passphrase_count(void **state)
{
	_cleanup_(door_halves_clear) struct door_halves a = { NULL };
	_cleanup_(door_halves_clear) struct door_halves b = { NULL };
	_cleanup_(door_halves_clear) struct door_halves c = { NULL };
	struct door other = cheapest;

	other.salt[0] ^= 1;
	assert_int_equal(door_open(&cheapest, "four winds carry salt", &a, NULL), 0);
	assert_int_equal(door_open(&other, "four winds carry salt", &b, NULL), 0);
	assert_int_equal(door_open(&cheapest, "four winds carry Salt", &c, NULL), 0);
	assert_false(crypt_equal(a.proof->bytes, b.proof->bytes, 32));
	assert_false(crypt_equal(a.proof->bytes, c.proof->bytes, 32));
	assert_false(crypt_equal(a.wrap->bytes, c.wrap->bytes, 32));
	assert_false(crypt_equal(a.proof->bytes, a.wrap->bytes, 32));
}

static void test_door_proof_hash_depends_on_the_salt(void **state)
{
	_cleanup_(secret_freep) struct secret *proof = secret_counting(32);
	struct door other = cheapest;
	uint8_t a[32], b[32];

	other.salt[3] ^= 1;
	door_proof_hash(&cheapest, proof, a);
	door_proof_hash(&other, proof, b);
	assert_memory_not_equal(a, b, 32);
	door_proof_hash(&cheapest, proof, b);
	assert_memory_equal(a, b, 32);
}

static void test_door_kind_names(void **state)
{
	assert_string_equal(door_kind_name(DOOR_PASSPHRASE), "passphrase");
	assert_string_equal(door_kind_name(DOOR_RECOVERY), "recovery");
	assert_null(door_kind_name(0));
	assert_null(door_kind_name(3));
	assert_int_equal(door_kind_from_name("recovery"), DOOR_RECOVERY);
	assert_int_equal(door_kind_from_name("pin"), 0);
	assert_int_equal(door_kind_from_name(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r24_door_argon2id_vector),
		cmocka_unit_test(test_door_recovery_vector),
		cmocka_unit_test(test_door_recovery_typo_is_refused),
		cmocka_unit_test(test_r24_cheap_doors_are_refused),
		cmocka_unit_test(test_r24_new_door_is_fresh_and_strong),
		cmocka_unit_test(test_door_salt_and_passphrase_count),
		cmocka_unit_test(test_door_proof_hash_depends_on_the_salt),
		cmocka_unit_test(test_door_kind_names),
	};

	return cmocka_run_group_tests_name("crypt/door", tests, crypt_setup, NULL);
}
