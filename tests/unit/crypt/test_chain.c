/* SPDX-License-Identifier: Apache-2.0 */
/* R14: each link depends on everything before it. */

#include "unit/crypt/crypt_test.h"

#include "crypt/chain.h"

static void test_r14_chain_vectors(void **state)
{
	static const char body[] = "{\"verb\":\"list\"}";
	uint8_t salt[CHAIN_SALT_BYTES], start[CHAIN_HASH_BYTES] = { 0 };
	uint8_t body_hash[CHAIN_HASH_BYTES], first[CHAIN_HASH_BYTES], second[CHAIN_HASH_BYTES];

	for (unsigned i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	/* Python's hashlib. */
	chain_body_hash(salt, body, sizeof(body) - 1, body_hash);
	assert_hex(body_hash, 32,
		   "678b9e028ad20f51dae01416e5b5f570864ca2e010cd02afd377f79e955d69fc");
	chain_entry_hash(start, 1, 28333333, body_hash, first);
	assert_hex(first, 32, "d04bd331168fd440b17aed176369a0f0c5cf9ee6eb4bacf4dc096e0025670a65");
	chain_entry_hash(first, 2, 28333334, body_hash, second);
	assert_hex(second, 32, "d1b39d198e1bae5f576d6e72f556595293a49731abb7588f1e47d2df96d83cc4");
}

static void test_r14_every_part_of_an_entry_counts(void **state)
{
	uint8_t previous[CHAIN_HASH_BYTES] = { 1 }, body[CHAIN_HASH_BYTES] = { 2 };
	uint8_t hash[CHAIN_HASH_BYTES], other[CHAIN_HASH_BYTES];

	chain_entry_hash(previous, 7, 100, body, hash);
	chain_entry_hash(previous, 8, 100, body, other);
	assert_memory_not_equal(hash, other, CHAIN_HASH_BYTES);
	chain_entry_hash(previous, 7, 101, body, other);
	assert_memory_not_equal(hash, other, CHAIN_HASH_BYTES);
	previous[31] ^= 1;
	chain_entry_hash(previous, 7, 100, body, other);
	assert_memory_not_equal(hash, other, CHAIN_HASH_BYTES);
	previous[31] ^= 1;
	body[31] ^= 1;
	chain_entry_hash(previous, 7, 100, body, other);
	assert_memory_not_equal(hash, other, CHAIN_HASH_BYTES);
}

static void test_r14_key_vectors(void **state)
{
	uint8_t key[CHAIN_KEY_BYTES], hash[CHAIN_HASH_BYTES], tag[CHAIN_TAG_BYTES];

	for (unsigned i = 0; i < 32; i++) {
		key[i] = (uint8_t)i;
		hash[i] = (uint8_t)(100 + i);
	}
	/* Python's hashlib. */
	chain_tag(key, hash, tag);
	assert_hex(tag, 16, "4314ee2c0d050da652231b3d83a0228c");
	chain_key_next(key);
	assert_hex(key, 32, "a0987dcf622af057ee891bbc9feee46bc522f7cce1a3f4efa0337b325faf9a1c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r14_chain_vectors),
		cmocka_unit_test(test_r14_every_part_of_an_entry_counts),
		cmocka_unit_test(test_r14_key_vectors),
	};

	return cmocka_run_group_tests_name("crypt/chain", tests, crypt_setup, NULL);
}
