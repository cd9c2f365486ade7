/* SPDX-License-Identifier: Apache-2.0 */
/* Doors, guesses and waits. */

#include "house.h"

#include "backoff.h"
#include "bucket.h"
#include "doorbox.h"
#include "name.h"

static struct secret *wrong(void)
{
	struct secret *proof;

	assert_int_equal(secret_random(KEY_BYTES, &proof), 0);
	return proof;
}

static uint32_t wait_s(struct house *house)
{
	struct door door;
	uint32_t left_s;

	assert_int_equal(parent_challenge(house->parents, "Anna", "passphrase", &door, &left_s,
					  &house->why), 0);
	return left_s;
}

static void test_setup_is_possible_once(void **state)
{
	struct house *house = *state;
	_cleanup_(cleanup_free) char *statement = house_statement(house);
	_cleanup_(cleanup_free) uint8_t *doors = NULL;
	struct asker asker = {HOUSE_NAME, HOUSE_UID, &house->nonce};
	struct proof proof = {0};
	size_t n;

	house_setup(house);
	assert_true(proof_holds(&house->proof, &house->clock));
	assert_memory_equal(house->proof.sign_key, house->founder->public, SIGN_PUBLIC_BYTES);
	house_doors(house, HOUSE_NAME, &doors, &n);
	assert_answer(parent_setup(house->parents, &asker, "Berta", statement, doors, n, &proof,
				   &house->why), ANSWER_EXISTS, house->why);
	assert_false(proof_holds(&proof, &house->clock));
	assert_int_equal(house_logged(house, "\"setup\""), 1);
}

static void test_setup_refuses_what_it_cannot_trust(void **state)
{
	struct house *house = *state;
	_cleanup_(cleanup_free) char *statement = house_statement(house);
	_cleanup_(cleanup_free) uint8_t *foreign = NULL;
	_cleanup_(cleanup_free) uint8_t *weak = NULL;
	_cleanup_(cleanup_free) uint8_t *good = NULL;
	struct asker asker = {HOUSE_NAME, HOUSE_UID, &house->nonce};
	struct proof proof;
	size_t n;

	house_doors(house, ":1.43", &foreign, &n);
	assert_answer(parent_setup(house->parents, &asker, "Anna", statement, foreign, n, &proof,
				   &house->why), ANSWER_INVALID_ARGUMENT, house->why);
	house->passphrase.memory_bytes = 1 << 20;
	house_doors(house, HOUSE_NAME, &weak, &n);
	assert_answer(parent_setup(house->parents, &asker, "Anna", statement, weak, n, &proof,
				   &house->why), ANSWER_INVALID_ARGUMENT, house->why);
	house->passphrase.memory_bytes = DOOR_MEMORY_MIN_BYTES;
	house_doors(house, HOUSE_NAME, &good, &n);
	assert_answer(parent_setup(house->parents, &asker, "", statement, good, n, &proof,
				   &house->why), ANSWER_INVALID_ARGUMENT, house->why);
	good[n / 2] ^= 1;
	assert_answer(parent_setup(house->parents, &asker, "Anna", statement, good, n, &proof,
				   &house->why), ANSWER_INVALID_ARGUMENT, house->why);
	good[n / 2] ^= 1;
	statement[strlen(statement) / 2] ^= 1;
	assert_answer(parent_setup(house->parents, &asker, "Anna", statement, good, n, &proof,
				   &house->why), ANSWER_INVALID_ARGUMENT, house->why);
	statement[strlen(statement) / 2] ^= 1;
	assert_int_equal(parent_setup(house->parents, &asker, "Anna", statement, good, n, &proof,
				      &house->why), 0);
}

static void test_the_right_proof_opens_for_five_minutes(void **state)
{
	struct house *house = *state;

	house_setup(house);
	house->proof = (struct proof){0};
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	assert_true(proof_holds(&house->proof, &house->clock));
	house->boot_ms += 299 * 1000;
	assert_true(proof_holds(&house->proof, &house->clock));
	house->boot_ms += 1000;
	assert_false(proof_holds(&house->proof, &house->clock));
	house_restart(house);
	assert_int_equal(house_guess(house, "recovery", house->recovery_proof), 0);
	assert_int_equal(house_guess(house, "recovery", house->passphrase_proof),
			 ANSWER_NOT_AUTHORIZED);
}

static void test_only_the_secrets_asked_for_come_back(void **state)
{
	struct house *house = *state;
	const char *release[] = {"release"}, *other[] = {"diary"};
	_cleanup_(secret_freep) struct secret *plain = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	uint8_t wrapped[256];
	_cleanup_(secret_freep) struct secret *secret = NULL;
	const char *value;
	json_t *json;
	size_t n;

	house_setup(house);
	assert_int_equal(house_guess_as(house, "passphrase", house->passphrase_proof, HOUSE_NAME,
					house->reply->public, release, 1, &box, &n), 0);
	assert_int_equal(box_open(house->reply, box, n, &plain), 0);
	json = json_loadb((char *)plain->bytes, plain->n, 0, NULL);
	assert_int_equal(json_object_size(json), 1);
	value = json_string_value(json_object_get(json, "release"));
	assert_non_null(value);
	n = strlen(value) / 2;
	assert_true(hex_parse(value, wrapped, n));
	/* The keeper's layer is off, the parent's is not. */
	assert_int_equal(wrap_open(house->wrap, "release", wrapped, n, &secret), 0);
	json_decref(json);
	assert_answer(house_guess_as(house, "passphrase", house->passphrase_proof, HOUSE_NAME,
				     house->reply->public, other, 1, &box, &n),
		      ANSWER_INVALID_ARGUMENT, house->why);
}

static void test_a_recorded_proof_is_worth_nothing(void **state)
{
	struct house *house = *state;
	_cleanup_(cleanup_free) uint8_t *wraps = NULL;
	size_t n;

	house_setup(house);
	assert_answer(house_guess_as(house, "passphrase", house->passphrase_proof, ":1.7",
				     house->reply->public, NULL, 0, &wraps, &n),
		      ANSWER_INVALID_ARGUMENT, house->why);
	assert_answer(house_guess_as(house, "passphrase", house->passphrase_proof, HOUSE_NAME,
				     house->home->public, NULL, 0, &wraps, &n),
		      ANSWER_INVALID_ARGUMENT, house->why);
	assert_int_equal(wait_s(house), 0);
}

static void test_r24_waits_grow(void **state)
{
	static const uint32_t waits_s[] = {0, 0, 0, 30, 60, 300, 900, 3600, 3600, 3600};
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *proof = wrong();

	house_setup(house);
	for (size_t i = 0; i < ARRAY_SIZE(waits_s); i++) {
		assert_answer(house_guess(house, "passphrase", proof), ANSWER_NOT_AUTHORIZED,
			      house->why);
		assert_int_equal(wait_s(house), waits_s[i]);
		if (!waits_s[i])
			continue;
		/* Not even the right one is looked at, and nothing is charged. */
		assert_answer(house_guess(house, "passphrase", house->passphrase_proof),
			      ANSWER_LOCKED, house->why);
		house->boot_ms += 1000ll * waits_s[i] - 1;
		assert_int_equal(wait_s(house), 1);
		assert_int_equal(house_guess(house, "passphrase", proof), ANSWER_LOCKED);
		house->boot_ms += 1;
		assert_int_equal(wait_s(house), 0);
	}
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	assert_int_equal(wait_s(house), 0);
	assert_int_equal(house_guess(house, "passphrase", proof), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(wait_s(house), 0);
}

static void test_r24_a_restart_begins_the_wait_anew(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *proof = wrong();

	house_setup(house);
	for (int i = 0; i < 5; i++) {
		house->boot_ms += 1000ll * wait_s(house);
		assert_int_equal(house_guess(house, "passphrase", proof), ANSWER_NOT_AUTHORIZED);
	}
	assert_int_equal(wait_s(house), 60);
	house->boot_ms += 59 * 1000;
	assert_int_equal(wait_s(house), 1);
	house_restart(house);
	assert_int_equal(wait_s(house), 60);
	/* A reboot: boot time begins at 0 again. */
	house->boot_ms = 0;
	house_restart(house);
	assert_int_equal(wait_s(house), 60);
	/* No wall clock counts it down. */
	house->wall_s += 10 * 365 * 86400ll;
	assert_int_equal(wait_s(house), 60);
	house->wall_s -= 20 * 365 * 86400ll;
	assert_int_equal(wait_s(house), 60);
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), ANSWER_LOCKED);
	house->boot_ms += 60 * 1000;
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
}

/* A keeper that dies while it checks has charged the guess. */
static void test_r24_ten_thousand_guesses_with_restarts(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *proof = wrong();
	unsigned looked_at = 0;

	house_setup(house);
	for (int i = 0; i < 10000; i++) {
		if (i % 500 == 0)
			house_restart(house);
		looked_at += house_guess(house, "passphrase", proof) == ANSWER_NOT_AUTHORIZED;
		house->boot_ms += 100;
	}
	/* 1000 s: four free ones, then after 30, 60, 300 s of one life of the keeper; a life is 50
	 * s. */
	assert_in_range(looked_at, 4, 6);
}

static void test_the_recovery_code_does_not_wait(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *proof = wrong();

	house_setup(house);
	for (int i = 0; i < 8; i++)
		assert_int_equal(house_guess(house, "recovery", proof), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(house_guess(house, "recovery", house->recovery_proof), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(house_guess(house, "passphrase", proof), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(house_guess(house, "passphrase", proof), ANSWER_LOCKED);
	assert_int_equal(house_guess(house, "recovery", house->recovery_proof), 0);
}

/* Nobody waits before it, so that it is the log which must not fill. */
static void test_r14_wrong_recovery_codes_cannot_fill_the_log(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *proof = wrong();
	uint8_t hash[CHAIN_HASH_BYTES];
	uint64_t before, after;

	house_setup(house);
	assert_int_equal(access_log_head(house->log, &before, hash), 0);
	for (int i = 0; i < ACCESS_LOOKS_BURST + 50; i++)
		assert_int_equal(house_guess(house, "recovery", proof), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(access_log_head(house->log, &after, hash), 0);
	assert_int_equal(after, before + ACCESS_LOOKS_BURST);
	/* The others are counted, in one entry. */
	house->boot_ms += 60 * 1000;
	access_log_flush(house->log);
	assert_int_equal(access_log_head(house->log, &before, hash), 0);
	assert_int_equal(before, after + 1);
	assert_int_equal(house_guess(house, "recovery", house->recovery_proof), 0);
}

static void test_wrong_proofs_are_logged(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *proof = wrong();

	house_setup(house);
	for (int i = 0; i < 3; i++)
		house_guess(house, "passphrase", proof);
	assert_int_equal(house_logged(house, "\"NotAuthorized\""), 3);
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	assert_int_equal(house_logged(house, "\"prove\""), 1);
	assert_int_equal(house_logged(house, "Anna"), 0);
}

static void test_a_bucket_holds_its_rate(void **state)
{
	struct bucket bucket = bucket_full(120, 120, 0);
	unsigned taken = 0;

	while (bucket_take(&bucket, 1, 0))
		taken++;
	assert_int_equal(taken, 120);
	assert_false(bucket_take(&bucket, 1, 499));
	assert_true(bucket_take(&bucket, 1, 500));
	assert_false(bucket_take(&bucket, 1, 500));
	assert_false(bucket_take(&bucket, 1, 100));
	/* Asked a thousand times a second it gives no more than asked once. */
	taken = 0;
	for (int64_t now_ms = 500; now_ms <= 60500; now_ms++)
		taken += bucket_take(&bucket, 1, now_ms);
	assert_in_range(taken, 119, 120);
}

static void test_names(void **state)
{
	static const char *const good[] = {"mia", "Zoë", "李小龙", "J.-P_2", "a",
					   "abcdefghijklmnopqrstuvwxyz123456"};
	static const char *const bad[] = { "",
					   "a b",
					   " a",
					   "a\n",
					   "a\x1b[31m",
					   "a/b",
					   "\"",
					   "a\x80",
					   "\xc0\xaf",
					   "\xed\xa0\x80",
					   "abcdefghijklmnopqrstuvwxyz1234567",
					   "00112233445566778899aabbccddeeff",
					   "a\xe2\x80\xae",
					   "<b>",
					   "😀" };
	struct why why;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(name_check_profile(good[i], &why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_answer(name_check_profile(bad[i], &why), ANSWER_INVALID_ARGUMENT, why);
	assert_int_equal(name_check_parent("Anna Maria", &why), 0);
	assert_answer(name_check_parent("Anna  Maria", &why), ANSWER_INVALID_ARGUMENT, why);
	assert_answer(name_check_parent("Anna ", &why), ANSWER_INVALID_ARGUMENT, why);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_setup_is_possible_once),
		HOUSE_TEST(test_setup_refuses_what_it_cannot_trust),
		HOUSE_TEST(test_the_right_proof_opens_for_five_minutes),
		HOUSE_TEST(test_only_the_secrets_asked_for_come_back),
		HOUSE_TEST(test_a_recorded_proof_is_worth_nothing),
		HOUSE_TEST(test_r24_waits_grow),
		HOUSE_TEST(test_r24_a_restart_begins_the_wait_anew),
		HOUSE_TEST(test_r24_ten_thousand_guesses_with_restarts),
		HOUSE_TEST(test_the_recovery_code_does_not_wait),
		HOUSE_TEST(test_r14_wrong_recovery_codes_cannot_fill_the_log),
		HOUSE_TEST(test_wrong_proofs_are_logged),
		cmocka_unit_test(test_a_bucket_holds_its_rate),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
