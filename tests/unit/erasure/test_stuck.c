/* SPDX-License-Identifier: Apache-2.0 */
/* Slots that do not hold the key their row says, and rows that cannot go yet. */

#include "keeper_room.h"

#include "erase.h"
#include "retry.h"

#define A (1u << KIND_AUDIO)
#define T (1u << KIND_TRANSCRIPT)

STATEMENT(test_slots, "SELECT min(slot) AS low, max(slot) AS high FROM part");
STATEMENT(test_slot_moves, "UPDATE part SET slot = :to WHERE slot = :from");
STATEMENT(test_damage_tag, "UPDATE part SET slot_tag = :tag WHERE kind = 1");

static void slot_moves(struct cupboard *c, int64_t from, int64_t to)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(c->store, &test_slot_moves);

	statement_bind_integer(s, ":from", from);
	statement_bind_integer(s, ":to", to);
	assert_int_equal(statement_run(s), 0);
}

static void slots_swap(struct cupboard *c)
{
	struct statement *s = store_statement(c->store, &test_slots);
	int64_t low, high;

	assert_int_equal(statement_next(s), STATEMENT_ROW);
	low = statement_integer(s, "low");
	high = statement_integer(s, "high");
	statement_end(s);
	slot_moves(c, low, 1000000);
	slot_moves(c, high, low);
	slot_moves(c, 1000000, high);
}

/* The rows of two items name each other's slots: the other's key is left alone, the job says
 * partial, and ends when the rows are what they should be. */
static void test_r8_wrong_slot_is_partial_and_never_another_items_key(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL, *again = NULL;
	struct kept kept = { 0 }, other = { 0 };
	struct archive_opened *opened = NULL;
	int64_t number;

	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &kept), 0);
	assert_int_equal(cupboard_keep(c, &adult_id, A, 300, &other), 0);
	slots_swap(c);
	assert_answer(archive_open(c->archive, &kept.id, A, &opened, &c->why), ANSWER_FAILED,
		      c->why);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .ids = &kept.id, .n_ids = 1 },
				      &number),
			 0);
	job = finished(c, number);
	assert_int_equal(job->state, ERASURE_PARTIAL);
	assert_string_equal(job->receipt, "");
	assert_non_null(strstr(job->problem, "slots.bin"));
	/* The other's key stands, and no ciphertext is left. */
	assert_int_equal(room_count(c->room, "slots.bin", other.keys->bytes, KEY_BYTES), 1);
	assert_int_equal(room_count(c->room, "cubby.db", kept.head, 16), 0);
	assert_int_equal(c->ended, 1);
	/* Through a restart, too. */
	cupboard_shut(c);
	cupboard_open(c);
	again = finished(c, number);
	assert_int_equal(again->state, ERASURE_PARTIAL);
	assert_int_equal(c->ended, 1);	/* no news */
	assert_int_equal(room_count(c->room, "slots.bin", other.keys->bytes, KEY_BYTES), 1);
	slots_swap(c);
	cupboard_shut(c);
	cupboard_open(c);
	done(c, number);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	assert_int_equal(archive_open(c->archive, &other.id, A, &opened, &c->why), 0);
	archive_opened_free(opened);
	secret_free(kept.keys);
	secret_free(other.keys);
}

/* A damaged tag fits no key. The one in the slot fits no row either, so it can only be the item's
 * own: it goes, and the receipt says the truth. */
static void test_r9_damaged_tag_does_not_keep_a_key(void **state)
{
	struct cupboard *c = *state;
	const uint8_t wrong[16] = "nobody's at all";
	struct archive_opened *opened = NULL;
	struct kept kept = { 0 };
	struct statement *s;
	int64_t number;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	s = store_statement(c->store, &test_damage_tag);
	statement_bind_blob(s, ":tag", wrong, sizeof(wrong));
	assert_int_equal(statement_run(s), 0);
	statement_end(s);
	assert_answer(archive_open(c->archive, &kept.id, A, &opened, &c->why), ANSWER_FAILED,
		      c->why);
	assert_int_equal(cupboard_ask(c, &everything, &number), 0);
	done(c, number);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	secret_free(kept.keys);
}

static size_t listed(struct cupboard *c)
{
	char cursor[ARCHIVE_CURSOR_TEXT] = "";
	struct archive_item *items = NULL;
	size_t n = 0;

	assert_int_equal(archive_list(c->archive, &(struct archive_selection){ .all = true }, "", 0,
				      &items, &n, cursor, &c->why),
			 0);
	free(items);
	return n;
}

/* Yesterday's database beside today's slots: what was erased since is not shown, nothing in slots
 * that others got since is touched while they need it, and it goes in the end. */
static void test_r29_restored_database_brings_nothing_back(void **state)
{
	struct cupboard *c = *state;
	struct kept gone = { 0 }, stays = { 0 };
	struct archive_opened *opened = NULL;
	char path[320], copy[330], line[700];
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &gone), 0);
	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &stays), 0);
	cupboard_shut(c);
	room_path(c->room, "cubby.db", path);
	snprintf(copy, sizeof(copy), "%s.old", path);
	snprintf(line, sizeof(line), "cp %s %s", path, copy);
	assert_int_equal(system(line), 0);
	cupboard_open(c);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .ids = &gone.id, .n_ids = 1 },
				      &job),
			 0);
	done(c, job);
	/* Erased slots get fresh keys. */
	assert_int_equal(vault_refill(c->vault), 0);
	cupboard_shut(c);
	assert_int_equal(rename(copy, path), 0);
	cupboard_open(c);
	assert_int_equal(listed(c), 1);
	assert_int_equal(archive_open(c->archive, &stays.id, 0, &opened, &c->why), 0);
	archive_opened_free(opened);
	assert_answer(archive_open(c->archive, &gone.id, 0, &opened, &c->why), ANSWER_NOT_FOUND,
		      c->why);
	c->boot_ms += INT64_C(8) * 86400000;
	assert_int_equal(erasure_sweep(c->erasure, &job), 0);
	assert_true(job > 0);
	done(c, job);
	assert_int_equal(cupboard_traces(c, &gone), 0);
	secret_free(gone.keys);
	secret_free(stays.keys);
}

/* Slots that have no fresh keys yet: it is certain that they were erased, and it is finished. */
static void test_r29_restored_database_is_erased_again(void **state)
{
	struct cupboard *c = *state;
	struct kept gone = { 0 }, stays = { 0 };
	char path[320], line[700];
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &gone), 0);
	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &stays), 0);
	cupboard_shut(c);
	room_path(c->room, "cubby.db", path);
	snprintf(line, sizeof(line), "cp %s %s.old", path, path);
	assert_int_equal(system(line), 0);
	cupboard_open(c);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .ids = &gone.id, .n_ids = 1 },
				      &job), 0);
	done(c, job);
	cupboard_shut(c);
	snprintf(line, sizeof(line), "mv %s.old %s", path, path);
	assert_int_equal(system(line), 0);
	cupboard_open(c);
	assert_int_equal(archive_lost(c->archive), 2);
	assert_int_equal(listed(c), 1);
	c->boot_ms += 60 * 1000;
	assert_int_equal(erasure_sweep(c->erasure, &job), 0);
	assert_true(job > 0);
	done(c, job);
	assert_int_equal(cupboard_traces(c, &gone), 0);
	assert_int_equal(listed(c), 1);
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(archive_lost(c->archive), 0);
	secret_free(gone.keys);
	secret_free(stays.keys);
}

/* An erasure that was cut short after its keys went is not an old database. */
static void test_r29_tombstones_have_lost_nothing(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(erase_freep) struct erase *erase = NULL;
	struct erase_stores stores = { c->store, c->vault, NULL };
	struct kept kept = { 0 };
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .all = true }, &job), 0);
	assert_int_equal(verify_new(c->room->dir, &stores.verify), 0);
	assert_int_equal(erase_new(&stores, job, &erase), 0);
	assert_int_equal(erase_slice(erase, &c->why), ERASE_MORE);
	assert_int_equal(room_count(c->room, "slots.bin", kept.keys->bytes, KEY_BYTES), 0);
	erase = erase_free(erase);
	verify_free(stores.verify);
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(archive_lost(c->archive), 0);
	done(c, job);
	secret_free(kept.keys);
}

static off_t slot_offset(uint32_t slot)
{
	return (off_t)(slot / 127) * 4096 + 32 + (off_t)(slot % 127) * 32;
}

STATEMENT(test_copy_slot, "SELECT slot FROM copy_part");

/* A copy of an item is stuck in an earlier erasure: the item's own is not done before the copy is
 * gone, because the item's row is still there. */
static void test_r9_no_receipt_while_a_row_of_the_item_remains(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(erasure_job_freep) struct erasure_job *first = NULL, *second = NULL;
	struct archive_draft *draft = NULL;
	uint8_t sealed[64];
	struct archive_body body = { KIND_AUDIO, sealed, 64, 3600, 0 };
	struct archive_approve approve = { .purpose = "p", .recipient = "r", .review = "heard",
					   .bodies = &body,
					   .n_bodies = 1 };
	struct kept kept = { 0 }, other = { 0 };
	struct secret *key = NULL;
	int64_t copy_job, item_job, profile_job;
	struct statement *s;
	uint64_t items;
	off_t at;

	assert_int_equal(cupboard_keep(c, &adult_id, A, 300, &kept), 0);
	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &other), 0);
	assert_int_equal(archive_copy_begin(c->archive, &kept.id, &draft, &c->why), 0);
	crypt_random(sealed, sizeof(sealed));
	assert_int_equal(secret_from(draft->slot_keys->bytes, KEY_BYTES, &key), 0);
	assert_int_equal(archive_copy_commit(c->archive, draft, &approve, NULL, &c->why), 0);
	archive_draft_free(draft);
	s = store_statement(c->store, &test_copy_slot);
	assert_int_equal(statement_next(s), STATEMENT_ROW);
	at = slot_offset((uint32_t)statement_integer(s, "slot"));
	statement_end(s);
	room_write(c->room, "slots.bin", at, other.keys->bytes, KEY_BYTES);
	c->boot_ms += INT64_C(2) * 3600000;
	assert_int_equal(erasure_sweep(c->erasure, &copy_job), 0);
	first = finished(c, copy_job);
	assert_int_equal(first->state, ERASURE_PARTIAL);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .ids = &kept.id, .n_ids = 1 },
				      &item_job),
			 0);
	second = finished(c, item_job);
	assert_int_equal(second->state, ERASURE_PARTIAL);
	assert_string_equal(second->receipt, "");
	assert_non_null(strstr(second->problem, "cubby.db"));
	assert_int_equal(room_count(c->room, "slots.bin", kept.keys->bytes, KEY_BYTES), 0);
	/* Again, and through a restart: it does not forget what it waits for. */
	cupboard_shut(c);
	cupboard_open(c);
	second = erasure_job_free(second);
	second = finished(c, item_job);
	assert_int_equal(second->state, ERASURE_PARTIAL);
	room_write(c->room, "slots.bin", at, key->bytes, KEY_BYTES);
	done(c, copy_job);
	done(c, item_job);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	/* Nothing is left that would keep the profile. */
	assert_int_equal(erasure_ask(c->erasure, ERASURE_REMOVE,
				     &(struct archive_selection){ .profile = &adult_id }, 1000,
				     NULL, &profile_job, &items, &c->why),
			 0);
	done(c, profile_job);
	secret_free(key);
	secret_free(other.keys);
	secret_free(kept.keys);
}

/* Its wait grows to an hour and stays there; what is wrong is told where the disk takes no
 * write. */
static void test_r8_a_partial_job_is_never_given_up(void **state)
{
	struct retries retries = { 0 };
	unsigned ticks = 0;

	assert_false(retry_waits(&retries, 7));
	retry_note(&retries, 7, "nobody waits for it");
	assert_int_equal(retries_noted(&retries), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(retry_later(&retries, 7), 0);
		for (ticks = 0; retry_waits(&retries, 7); ticks++)
			retries_tick(&retries);
		assert_int_equal(ticks, i < 6 ? 1 << i : 60);
	}
	assert_int_equal(retry_later(&retries, 8), 0);
	retry_note(&retries, 7, "cubby.db: no space");
	assert_int_equal(retries_noted(&retries), 1);
	assert_string_equal(retry_problem(&retries, 7), "cubby.db: no space");
	assert_null(retry_problem(&retries, 8));
	retry_forget(&retries, 7);
	assert_false(retry_waits(&retries, 7));
	assert_true(retry_waits(&retries, 8));
	retries_clear(&retries);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, cupboard_make, cupboard_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_r8_wrong_slot_is_partial_and_never_another_items_key),
		TEST(test_r9_damaged_tag_does_not_keep_a_key),
		TEST(test_r29_restored_database_brings_nothing_back),
		TEST(test_r29_restored_database_is_erased_again),
		TEST(test_r29_tombstones_have_lost_nothing),
		TEST(test_r9_no_receipt_while_a_row_of_the_item_remains),
		cmocka_unit_test(test_r8_a_partial_job_is_never_given_up),
	};

	return cmocka_run_group_tests_name("stuck", tests, NULL, NULL);
}
