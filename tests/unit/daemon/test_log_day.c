/* SPDX-License-Identifier: Apache-2.0 */
/* What time does to the access log, on a clock of ours: bodies emptied after 24 months and not a
 * day before, a checkpoint a day, and a log that verifies all the while. */

#include "house.h"

#include "client/log_check.h"
#include "log_day.h"
#include "store/ratchet.h"

#define WORDS "Archive.ZebraCanary"
#define EARLIER "The.OneBefore"

STATEMENT(test_day_empty,
	"UPDATE log SET body = '{}', salt = zeroblob(16), body_hash = zeroblob(32) "
	"WHERE seq = :seq");
STATEMENT(test_day_keep_salt,
	"UPDATE log SET body = '{}', body_hash = zeroblob(32) WHERE seq = :seq");
STATEMENT(test_day_write,
	"UPDATE log SET body = '{\"what\": \"list\"}', salt = zeroblob(16), "
	"body_hash = zeroblob(32) WHERE seq = :seq");
STATEMENT(test_day_hash,
	"UPDATE log SET body = '{}', salt = zeroblob(16), body_hash = zeroblob(32), "
	"hash = zeroblob(32) WHERE seq = :seq");
STATEMENT(test_day_fill,
	"UPDATE log SET body = '{\"what\": \"list\"}', body_hash = NULL WHERE seq = :seq");
STATEMENT(test_day_insert,
	"INSERT INTO log (seq, time_min, body, salt, hash, body_hash) "
	"VALUES (:seq, 1, '{}', zeroblob(16), zeroblob(32), zeroblob(32))");

static int run(struct house *house, struct statement_source *source, int64_t seq)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(house->store, source);

	statement_bind_integer(s, ":seq", seq);
	return statement_run(s);
}

static void write_some(struct house *house, const char *method, unsigned n)
{
	struct access_entry entry = {.what = "list", .uid = HOUSE_UID, .outcome = "done",
				     .method = method};
	struct store *transaction;

	assert_int_equal(store_begin(house->store, &transaction), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(access_log_append(house->log, &entry), 0);
	assert_int_equal(store_commit(transaction), 0);
}

static void days_pass(struct house *house, int64_t days)
{
	house->wall_s += days * 86400;
	house->boot_ms += days * 86400000;
}

static void day_pass(struct house *house)
{
	assert_int_equal(log_day_pass(house->log, house->store, house->age, house->device->sign),
			 0);
}

static int key_take(void *context, const struct log_key_row *row)
{
	void **both = context;
	struct house *house = both[0];
	char print[CHAIN_PRINT_TEXT];
	struct secret *key = NULL;

	assert_int_equal(box_open(house->home, row->sealed, row->n_sealed, &key), 0);
	chain_key_print(row->sealed, row->n_sealed, print);
	return log_check_key(both[1], row->first_seq, print, key);
}

static int mark_take(void *context, const char *text)
{
	void **both = context;
	struct house *house = both[0];
	struct log_mark mark = { .source = "when the keeper signed it" };
	struct checkpoint checkpoint;

	assert_int_equal(checkpoint_verify(text, house->device->sign->public, &checkpoint, NULL),
			 0);
	assert_int_equal(checkpoint.entries, checkpoint.seq);
	mark.seq = checkpoint.seq;
	memcpy(mark.hash, checkpoint.hash, sizeof(mark.hash));
	return log_check_mark(both[1], &mark);
}

/* As a parent's client does with the key; how many bodies are emptied. */
static uint64_t verify(struct house *house, size_t checkpoints)
{
	struct log_check check = { .keyed = true, .now_min = house->wall_s / 60 };
	void *both[] = { house, &check };
	struct logpage page = { 0 };
	struct logpage_entry entry;
	uint64_t emptied;
	size_t at = 0;
	bool more;

	assert_int_equal(store_log_keys(house->store, key_take, both), 0);
	assert_int_equal(store_log_checkpoints(house->store, 0, 1000, mark_take, both), 0);
	assert_int_equal(store_log_page(house->store, 0, 64 << 20, &page, &more), 0);
	assert_false(more);
	while (at < page.n) {
		assert_int_equal(logpage_next(page.bytes, page.n, &at, &entry), 0);
		if (log_check_entry(&check, &entry))
			fail_msg("%s", check.why.text);
	}
	if (log_check_end(&check))
		fail_msg("%s", check.why.text);
	assert_int_equal(check.checked_marks, check.n_marks);
	assert_int_equal(check.n_marks, checkpoints);
	emptied = check.emptied;
	logpage_clear(&page);
	log_check_clear(&check);
	return emptied;
}

/* Copies of these words in any file. */
static unsigned traces(struct house *house, const char *words)
{
	return house_file_count(house, STORE_FILE, words, strlen(words)) +
	       house_file_count(house, STORE_FILE "-wal", words, strlen(words));
}

static void test_r14_bodies_are_emptied_after_24_months(void **state)
{
	struct house *house = *state;

	house_setup(house);
	write_some(house, EARLIER, 3);
	days_pass(house, 10);
	write_some(house, WORDS, 4);
	days_pass(house, 719);
	day_pass(house);
	assert_int_equal(verify(house, 1), 0);
	assert_true(traces(house, EARLIER) && traces(house, WORDS));
	days_pass(house, 1);
	day_pass(house);
	/* The entry of the setup says which key begins with it, and stays. */
	assert_int_equal(verify(house, 2), 3);
	assert_int_equal(traces(house, EARLIER), 0);
	assert_true(traces(house, WORDS));
	assert_int_equal(house_logged(house, "\"log-emptied\""), 1);
	assert_int_equal(house_logged(house, "\"items\": 3"), 1);
	days_pass(house, 10);
	day_pass(house);
	assert_int_equal(verify(house, 3), 7);
	assert_int_equal(traces(house, WORDS), 0);
	house_restart(house);
	write_some(house, "Archive.List", 1);
	assert_int_equal(verify(house, 3), 7);
	assert_string_equal(house->told, "");
}

static void test_r14_many_bodies_are_emptied_in_turn(void **state)
{
	struct house *house = *state;

	house_setup(house);
	write_some(house, WORDS, 2500);
	days_pass(house, 731);
	for (unsigned emptied = 1000; emptied <= 2000; emptied += 1000) {
		day_pass(house);
		assert_int_equal(verify(house, 0), emptied);
	}
	day_pass(house);
	assert_int_equal(verify(house, 1), 2500);
	assert_int_equal(traces(house, WORDS), 0);
	day_pass(house);
	assert_int_equal(verify(house, 1), 2500);
}

static void test_r14_the_schema_lets_nobody_empty_too_early(void **state)
{
	struct house *house = *state;

	house_setup(house);
	write_some(house, WORDS, 3);
	days_pass(house, 729);
	write_some(house, WORDS, 1);
	assert_int_equal(run(house, &test_day_empty, 2), ANSWER_INVALID_ARGUMENT);
	days_pass(house, 1);
	/* Counted to the newest entry. */
	assert_int_equal(run(house, &test_day_empty, 2), ANSWER_INVALID_ARGUMENT);
	write_some(house, WORDS, 1);
	assert_int_equal(run(house, &test_day_keep_salt, 2), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(run(house, &test_day_write, 2), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(run(house, &test_day_hash, 2), ANSWER_INVALID_ARGUMENT);
	/* The one that names its key. */
	assert_int_equal(run(house, &test_day_empty, 1), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(run(house, &test_day_empty, 2), 0);
	assert_int_equal(run(house, &test_day_fill, 2), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(run(house, &test_day_empty, 2), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(run(house, &test_day_insert, 100), ANSWER_INVALID_ARGUMENT);
}

static void test_r14_a_checkpoint_a_day_for_400_days(void **state)
{
	struct house *house = *state;

	/* Nothing is signed of an empty log. */
	day_pass(house);
	house_setup(house);
	day_pass(house);
	day_pass(house);
	assert_int_equal(verify(house, 1), 0);
	for (int day = 0; day < 405; day++) {
		days_pass(house, 1);
		write_some(house, "Archive.List", 1);
		day_pass(house);
	}
	assert_int_equal(verify(house, 401), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_r14_bodies_are_emptied_after_24_months),
		TEST(test_r14_many_bodies_are_emptied_in_turn),
		TEST(test_r14_the_schema_lets_nobody_empty_too_early),
		TEST(test_r14_a_checkpoint_a_day_for_400_days),
	};

	return cmocka_run_group_tests_name("daemon/log-day", tests, NULL, NULL);
}
