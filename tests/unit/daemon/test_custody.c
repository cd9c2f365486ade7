/* SPDX-License-Identifier: Apache-2.0 */
/* The access log in the keeper's custody: entries that cannot be written over, by nobody, once they
 * are there. */

#include "house.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "lookout.h"
#include "ratchet.h"
#include "store/core.h"
#include "store/log.h"
#include "store/ratchet.h"
#include "vault/page.h"

STATEMENT(test_log_cut, "DELETE FROM log WHERE seq > :seq");
STATEMENT(test_log_edit, "UPDATE log SET body = '{\"what\": \"list\"}' WHERE seq = :seq");
STATEMENT(test_log_tag, "UPDATE log SET tag = zeroblob(16) WHERE seq = :seq");
STATEMENT(test_log_keys,
	"SELECT first_seq, sealed FROM log_key WHERE first_seq > :seq ORDER BY first_seq DESC");

static int run(struct house *house, struct statement_source *source, int64_t seq)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(house->store, source);

	statement_bind_integer(s, ":seq", seq);
	return statement_run(s);
}

static void write_some(struct house *house, unsigned n)
{
	struct access_entry entry = {.what = "list", .uid = HOUSE_UID, .outcome = "done"};

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(access_log_write(house->log, &entry), 0);
}

/* From the first key as the parents have it the tags follow: how many entries fit. */
static uint64_t tags_hold(struct house *house, struct secret *key, uint64_t first)
{
	uint8_t tag[CHAIN_TAG_BYTES];
	struct log_row *rows;
	uint64_t holds = 0;
	size_t n;

	assert_int_equal(store_log_list(house->store, first - 1, 100000, &rows, &n), 0);
	for (; holds < n && rows[holds].tagged; holds++) {
		chain_tag(key->bytes, rows[holds].hash, tag);
		if (memcmp(tag, rows[holds].tag, sizeof(tag)) != 0)
			break;
		chain_key_next(key->bytes);
	}
	log_rows_free(rows, n);
	return holds;
}

static struct secret *first_key(struct house *house, uint64_t *ret_first)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(house->store, &test_log_keys);
	uint8_t sealed[LOG_KEY_SEALED_BYTES];
	struct secret *key = NULL;

	statement_bind_integer(s, ":seq", 0);
	assert_int_equal(statement_next(s), STATEMENT_ROW);
	*ret_first = (uint64_t)statement_integer(s, "first_seq");
	assert_int_equal(statement_bytes(s, "sealed", sealed, sizeof(sealed)), 0);
	assert_int_equal(box_open(house->home, sealed, sizeof(sealed), &key), 0);
	assert_int_equal(key->n, CHAIN_KEY_BYTES);
	return key;
}

static uint64_t head(struct house *house)
{
	uint8_t hash[CHAIN_HASH_BYTES];
	uint64_t seq;

	assert_int_equal(access_log_head(house->log, &seq, hash), 0);
	return seq;
}

/* What the slot file holds of the log now. */
static struct secret *slot_key(struct house *house)
{
	struct log_slot_row row;
	struct secret *key = NULL;

	assert_int_equal(store_log_slot(house->store, &row), 0);
	assert_int_equal(vault_get(house->vault, &row.slot, &row.slot_id, VAULT_KIND_LOG, &key), 0);
	return key;
}

static void test_r14_with_the_first_key_every_tag_is_checked(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *key = NULL;
	uint64_t first;

	house_setup(house);
	write_some(house, 5);
	house_restart(house);
	write_some(house, 5);
	key = first_key(house, &first);
	assert_int_equal(first, 1);
	assert_int_equal(tags_hold(house, key, first), head(house));
	assert_int_equal(head(house), 11);
	assert_string_equal(house->told, "");
}

static void test_r14_with_the_key_of_now_no_earlier_entry_is_tagged(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *now = NULL, *first = NULL;
	uint8_t key[CHAIN_KEY_BYTES], tag[CHAIN_TAG_BYTES];
	struct log_row *rows;
	uint64_t seq;
	size_t n;

	house_setup(house);
	write_some(house, 20);
	now = slot_key(house);
	/* Neither the key in the slot nor any that follows from it made a tag that is there. */
	assert_int_equal(store_log_list(house->store, 0, 100, &rows, &n), 0);
	memcpy(key, now->bytes, sizeof(key));
	for (unsigned turn = 0; turn < 100; turn++) {
		for (size_t i = 0; i < n; i++) {
			chain_tag(key, rows[i].hash, tag);
			assert_memory_not_equal(tag, rows[i].tag, sizeof(tag));
		}
		chain_key_next(key);
	}
	log_rows_free(rows, n);
	/* And none of the keys that did is in the slot file any more. */
	first = first_key(house, &seq);
	for (uint64_t i = 1; i <= head(house); i++) {
		assert_int_equal(house_file_count(house, VAULT_FILE, first->bytes, KEY_BYTES), 0);
		assert_int_equal(house_file_count(house, STORE_FILE, first->bytes, KEY_BYTES), 0);
		assert_int_equal(house_file_count(house, STORE_FILE "-wal", first->bytes,
						  KEY_BYTES), 0);
		chain_key_next(first->bytes);
	}
	/* The one of the next entry is, once. */
	assert_int_equal(house_file_count(house, VAULT_FILE, first->bytes, KEY_BYTES), 1);
	assert_memory_equal(first->bytes, now->bytes, KEY_BYTES);
}

/* The keeper dies between the commit and the turning of the slot, after entries in one
 * transaction, too: the slot is put back to an earlier key as a cut would leave it. */
static void test_r14_a_cut_before_the_slot_is_turned(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct log_slot_row row;
	struct secret *old;
	uint64_t first;
	char path[128];
	int fd;

	house_setup(house);
	write_some(house, 3);
	for (unsigned behind = 1; behind < 40; behind += 6) {
		old = slot_key(house);
		write_some(house, behind);
		assert_int_equal(store_log_slot(house->store, &row), 0);
		snprintf(path, sizeof(path), "%s/" VAULT_FILE, house->dir);
		house_close(house);
		fd = open(path, O_WRONLY);
		assert_int_equal(pwrite(fd, old->bytes, KEY_BYTES,
					page_slot_offset(row.slot.number)), KEY_BYTES);
		close(fd);
		house_open(house);
		old = secret_free(old);
	}
	write_some(house, 1);
	key = first_key(house, &first);
	assert_int_equal(tags_hold(house, key, first), head(house));
	assert_int_equal(first, 1);
	assert_string_equal(house->told, "");
}

static void test_r14_a_transaction_rolled_back_turns_nothing(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct access_entry entry = {.what = "list", .uid = HOUSE_UID, .outcome = "done"};
	struct store *transaction;
	uint64_t first;

	house_setup(house);
	assert_int_equal(store_begin(house->store, &transaction), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(access_log_append(house->log, &entry), 0);
	store_rollback(transaction);
	write_some(house, 2);
	assert_int_equal(store_begin(house->store, &transaction), 0);
	for (int i = 0; i < 300; i++)
		assert_int_equal(access_log_append(house->log, &entry), 0);
	assert_int_equal(store_commit(transaction), 0);
	house_restart(house);
	write_some(house, 2);
	key = first_key(house, &first);
	assert_int_equal(tags_hold(house, key, first), 305);
	assert_int_equal(head(house), 305);
	assert_string_equal(house->told, "");
}

static int ending_refused(void *context)
{
	const struct store_watch *watch = context;

	assert_int_equal(watch->ending(watch->context), 0);
	return ANSWER_QUOTA_EXCEEDED;
}

static void ending_told(void *context, bool committed)
{
	const struct store_watch *watch = context;

	assert_false(committed);
	watch->ended(watch->context, committed);
}

/* What does not commit at the last moment has never been: the slot must not be ahead of it. */
static void test_r14_a_commit_that_fails_turns_nothing(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *before = NULL, *after = NULL, *key = NULL;
	struct access_entry entry = {.what = "list", .uid = HOUSE_UID, .outcome = "done"};
	struct store_watch watch = {ending_refused, ending_told};
	const struct store_watch *its = house->store->watch;
	uint64_t first;

	house_setup(house);
	write_some(house, 2);
	before = slot_key(house);
	watch.context = (void *)(uintptr_t)its;
	store_watch(house->store, &watch);
	assert_int_equal(access_log_write(house->log, &entry), ANSWER_QUOTA_EXCEEDED);
	store_watch(house->store, its);
	after = slot_key(house);
	assert_memory_equal(before->bytes, after->bytes, KEY_BYTES);
	house_restart(house);
	write_some(house, 2);
	key = first_key(house, &first);
	assert_int_equal(tags_hold(house, key, first), head(house));
	assert_string_equal(house->told, "");
}

static size_t texts_stored(struct house *house)
{
	char **texts;
	size_t n;

	assert_int_equal(alerts_texts(house->alerts, &texts, &n), 0);
	alerts_texts_free(texts, n);
	return n;
}

static void test_r14_a_cut_log_is_told_at_the_next_start(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *key = NULL;
	uint64_t first;

	house_setup(house);
	write_some(house, 9);
	assert_int_equal(run(house, &test_log_cut, 7), 0);
	house_restart(house);
	assert_string_equal(house->told, " log-broken");
	assert_int_equal(house_logged(house, "\"log-broken\""), 1);
	/* The alert is told once, and goes when a parent has seen it; the entry stays. */
	house_restart(house);
	assert_string_equal(house->told, " log-broken");
	assert_int_equal(texts_stored(house), 1);
	assert_int_equal(alerts_seen(house->alerts), 0);
	assert_int_equal(texts_stored(house), 0);
	assert_int_equal(house_logged(house, "\"log-broken\""), 1);
	/* What is written now cannot take the place of what was cut. */
	write_some(house, 5);
	key = first_key(house, &first);
	assert_int_equal(tags_hold(house, key, first), 7);
}

static void test_r14_a_database_set_back_begins_a_new_key_and_says_so(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *key = NULL;
	char command[400];
	uint64_t first, was;

	house_setup(house);
	write_some(house, 4);
	was = head(house);
	house_close(house);
	snprintf(command, sizeof(command), "cp -a %s %s.old", house->dir, house->dir);
	assert_int_equal(system(command), 0);
	house_open(house);
	write_some(house, 4);
	house_close(house);
	snprintf(command, sizeof(command), "cp -a %s.old/" STORE_FILE "* %s/ && rm -r %s.old",
		 house->dir, house->dir, house->dir);
	assert_int_equal(system(command), 0);
	house_open(house);
	assert_string_equal(house->told, " log-broken");
	assert_int_equal(house_logged(house, "\"log-key\""), 1);
	write_some(house, 3);
	key = first_key(house, &first);
	assert_int_equal(first, was + 1);
	assert_int_equal(tags_hold(house, key, first), 4);
	house_restart(house);
	assert_string_equal(house->told, " log-broken");
}

static void test_r14_the_schema_lets_nobody_change_an_entry(void **state)
{
	struct house *house = *state;

	house_setup(house);
	write_some(house, 3);
	assert_int_equal(run(house, &test_log_edit, 2), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(run(house, &test_log_tag, 2), ANSWER_INVALID_ARGUMENT);
}

static void open_some(struct house *house, int64_t uid, unsigned n)
{
	struct access_entry entry = {.what = "open", .uid = uid, .outcome = "done"};
	struct store *transaction;

	/* In one, so that a slow disk does not make it a long test. */
	assert_int_equal(store_begin(house->store, &transaction), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(access_log_append(house->log, &entry), 0);
	assert_int_equal(store_commit(transaction), 0);
}

static void test_r15_twenty_opens_in_five_minutes(void **state)
{
	struct house *house = *state;

	house_setup(house);
	open_some(house, 1000, 19);
	house->boot_ms += LOOKOUT_BULK_MS + 1;
	/* The twentieth comes too late to count with the first; then they come quickly. */
	open_some(house, 1000, 1);
	assert_string_equal(house->told, "");
	open_some(house, 1000, 18);
	assert_string_equal(house->told, "");
	open_some(house, 1000, 1);
	assert_string_equal(house->told, " bulk-access");
	open_some(house, 1000, 20);
	assert_string_equal(house->told, " bulk-access bulk-access");
}

/* Pages of OpenMany: one alert for the whole run, which counts on. */
static void test_r15_a_takeout_is_one_alert(void **state)
{
	struct house *house = *state;
	struct access_entry page = {.what = "open", .uid = 1000, .outcome = "done", .items = 64};
	char **texts;
	size_t n;

	house_setup(house);
	for (int i = 0; i < 10; i++)
		assert_int_equal(access_log_write(house->log, &page), 0);
	assert_string_equal(house->told, " bulk-access");
	assert_int_equal(alerts_texts(house->alerts, &texts, &n), 0);
	assert_int_equal(n, 1);
	assert_non_null(strstr(texts[0], "640"));
	alerts_texts_free(texts, n);
	house->boot_ms += LOOKOUT_BULK_MS + 1;
	assert_int_equal(access_log_write(house->log, &page), 0);
	assert_string_equal(house->told, " bulk-access bulk-access");
}

static void test_r15_slow_opens_are_no_bulk(void **state)
{
	struct house *house = *state;

	house_setup(house);
	for (int i = 0; i < 30; i++) {
		open_some(house, 1000, 1);
		house->boot_ms += 16000;
	}
	assert_string_equal(house->told, "");
}

static void test_r15_somebody_new_opens(void **state)
{
	struct house *house = *state;

	house_setup(house);
	open_some(house, 1000, 2);
	assert_string_equal(house->told, "");
	open_some(house, 1001, 1);
	assert_string_equal(house->told, " odd-access");
	house_restart(house);
	open_some(house, 1001, 1);
	open_some(house, 1000, 1);
	assert_string_equal(house->told, " odd-access");
}

static void test_r15_three_wrong_passphrases_in_a_row(void **state)
{
	struct house *house = *state;
	_cleanup_(secret_freep) struct secret *wrong = NULL;

	house_setup(house);
	assert_int_equal(secret_random(KEY_BYTES, &wrong), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(house_guess(house, "passphrase", wrong), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(house_guess(house, "passphrase", wrong), ANSWER_NOT_AUTHORIZED);
	assert_string_equal(house->told, "");
	assert_int_equal(house_guess(house, "passphrase", wrong), ANSWER_NOT_AUTHORIZED);
	assert_string_equal(house->told, " odd-access");
}

static void test_r14_a_flood_of_denials_is_a_few_entries(void **state)
{
	struct house *house = *state;

	house_setup(house);
	for (int i = 0; i < 100000; i++)
		access_log_denied(house->log, 2000, "Archive.Open", "NotAuthorized");
	for (int i = 0; i < 100000; i++)
		access_log_denied(house->log, 3000 + i % 1000, "Archive.List", "NotAuthorized");
	house->boot_ms += 61000;
	house->wall_s += 61;
	access_log_flush(house->log);
	assert_in_range(head(house), 60, 140);
	assert_int_equal(house_logged(house, "\"times\": 99999"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_r14_with_the_first_key_every_tag_is_checked),
		TEST(test_r14_with_the_key_of_now_no_earlier_entry_is_tagged),
		TEST(test_r14_a_cut_before_the_slot_is_turned),
		TEST(test_r14_a_transaction_rolled_back_turns_nothing),
		TEST(test_r14_a_commit_that_fails_turns_nothing),
		TEST(test_r14_a_cut_log_is_told_at_the_next_start),
		TEST(test_r14_a_database_set_back_begins_a_new_key_and_says_so),
		TEST(test_r14_the_schema_lets_nobody_change_an_entry),
		TEST(test_r15_twenty_opens_in_five_minutes),
		TEST(test_r15_a_takeout_is_one_alert),
		TEST(test_r15_slow_opens_are_no_bulk),
		TEST(test_r15_somebody_new_opens),
		TEST(test_r15_three_wrong_passphrases_in_a_row),
		TEST(test_r14_a_flood_of_denials_is_a_few_entries),
	};

	return cmocka_run_group_tests_name("daemon/custody", tests, NULL, NULL);
}
