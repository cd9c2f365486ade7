/* SPDX-License-Identifier: Apache-2.0 */
/* The access log: what is counted together, and what the chain shows. */

#include "house.h"

#include "crypt/chain.h"

static void test_denials_are_counted_together(void **state)
{
	struct house *house = *state;

	house_setup(house);
	for (int i = 0; i < 1000; i++)
		access_log_denied(house->log, 4000, "Archive.List", "NotAuthorized");
	access_log_denied(house->log, 4001, "Archive.List", "NotAuthorized");
	assert_int_equal(house_logged(house, "\"uid\": 4000"), 1);
	assert_int_equal(house_logged(house, "\"uid\": 4001"), 1);
	house->boot_ms += 60 * 1000;
	access_log_flush(house->log);
	assert_int_equal(house_logged(house, "\"uid\": 4000"), 2);
	assert_int_equal(house_logged(house, "\"times\": 999"), 1);
	assert_int_equal(house_logged(house, "\"uid\": 4001"), 1);
}

static void test_strangers_cannot_fill_the_log(void **state)
{
	struct house *house = *state;
	char method[32];

	house_setup(house);
	for (uint32_t i = 0; i < 500; i++) {
		snprintf(method, sizeof(method), "Archive.Method%u", i % 50);
		access_log_denied_stranger(house->log, 5000 + i % 7, method, "NotAuthorized");
	}
	/* Who holds a role is still seen apart. */
	access_log_denied(house->log, 4001, "Archive.List", "NotAuthorized");
	assert_int_equal(house_logged(house, "\"denied\""), 2);
	assert_int_equal(house_logged(house, "\"uid\": 5000"), 1);
	house->boot_ms += 60 * 1000;
	access_log_flush(house->log);
	assert_int_equal(house_logged(house, "\"denied\""), 3);
	assert_int_equal(house_logged(house, "\"times\": 499"), 1);
	access_log_denied_stranger(house->log, 5001, "Archive.List", "NotAuthorized");
	assert_int_equal(house_logged(house, "\"uid\": 5001"), 1);
}

/* What changes nothing cannot fill the log, whoever asks; others look on undisturbed. */
static void test_r14_one_caller_cannot_fill_the_log(void **state)
{
	struct house *house = *state;
	char method[32];
	int looks = 0;

	house_setup(house);
	while (!access_log_look(house->log, 1001, &house->why))
		assert_true(++looks <= ACCESS_LOOKS_BURST);
	assert_int_equal(looks, ACCESS_LOOKS_BURST);
	assert_answer(access_log_look(house->log, 1001, &house->why), ANSWER_RATE_LIMITED,
		      house->why);
	assert_int_equal(access_log_look(house->log, 1002, &house->why), 0);
	/* Its denials are counted, and no longer written one by one. */
	for (int i = 0; i < 50; i++) {
		snprintf(method, sizeof(method), "Export.Method%d", i);
		access_log_denied(house->log, 1001, method, "NotAuthorized");
	}
	access_log_denied(house->log, 1002, "Archive.Open", "NotAuthorized");
	assert_int_equal(house_logged(house, "\"denied\""), 1);
	house->boot_ms += 60 * 1000;
	access_log_flush(house->log);
	assert_int_equal(house_logged(house, "\"times\": 50"), 1);
	for (looks = 0; !access_log_look(house->log, 1001, &house->why); looks++)
		;
	assert_int_equal(looks, ACCESS_LOOKS_PER_MIN);
	house->boot_ms += 24 * 3600 * 1000;
	for (looks = 0; !access_log_look(house->log, 1001, &house->why); looks++)
		;
	assert_int_equal(looks, ACCESS_LOOKS_BURST);
}

static void test_r14_the_log_is_a_chain(void **state)
{
	struct house *house = *state;
	uint8_t previous[CHAIN_HASH_BYTES] = {0}, body[CHAIN_HASH_BYTES], hash[CHAIN_HASH_BYTES];
	struct log_row *rows;
	size_t n;

	house_setup(house);
	house_add(house, "mia", "child");
	house_add(house, "ben", "child");
	house_add(house, "dad", "adult");
	house_restart(house);
	access_log_denied(house->log, 4000, "Archive.List", "NotAuthorized");
	assert_int_equal(store_log_list(house->store, 0, 100, &rows, &n), 0);
	assert_true(n >= 5);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rows[i].seq, i + 1);
		chain_body_hash(rows[i].salt, rows[i].body, strlen(rows[i].body), body);
		chain_entry_hash(previous, rows[i].seq, rows[i].time_min, body, hash);
		assert_memory_equal(hash, rows[i].hash, sizeof(hash));
		memcpy(previous, hash, sizeof(previous));
	}
	log_rows_free(rows, n);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_denials_are_counted_together),
		HOUSE_TEST(test_strangers_cannot_fill_the_log),
		HOUSE_TEST(test_r14_one_caller_cannot_fill_the_log),
		HOUSE_TEST(test_r14_the_log_is_a_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
