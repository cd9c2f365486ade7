/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing: all of it, only it, verified, and whatever happens in between. */

#include "keeper_room.h"

#include "erase.h"

#include <sys/wait.h>

#define A (1u << KIND_AUDIO)
#define T (1u << KIND_TRANSCRIPT)
#define L (1u << KIND_LOCATION)

static void test_r4_deleted_as_a_unit_leaves_nothing(void **state)
{
	struct cupboard *c = *state;
	struct kept kept[20] = { 0 }, stays = { 0 };
	struct archive_opened *opened = NULL;
	struct id ids[20];
	int64_t job;

	for (int i = 0; i < 20; i++) {
		assert_int_equal(cupboard_keep(c, &child_id, A | T | L, 300u + 9000u * (i % 4u),
					       &kept[i]),
				 0);
		ids[i] = kept[i].id;
		assert_true(cupboard_traces(c, &kept[i]) >= 5);
	}
	assert_int_equal(cupboard_keep(c, &child_id, A | T | L, 20000, &stays), 0);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .ids = ids, .n_ids = 20 },
				      &job),
			 0);
	/* Invisible from here on. */
	assert_int_equal(archive_open(c->archive, &ids[0], 0, &opened, &c->why), ANSWER_NOT_FOUND);
	done(c, job);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(cupboard_traces(c, &kept[i]), 0);
		secret_free(kept[i].keys);
	}
	assert_true(cupboard_traces(c, &stays) >= 5);
	assert_int_equal(archive_open(c->archive, &stays.id, 0, &opened, &c->why), 0);
	archive_opened_free(opened);
	secret_free(stays.keys);
	assert_int_equal(c->ended, 1);
	assert_int_equal(c->logged, 1);
}

static void test_r9_receipt_can_be_checked_and_one_bit_breaks_it(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	uint8_t commitment[32];
	struct receipt receipt;
	struct kept kept = { 0 };
	int64_t number;
	char *digit;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	assert_int_equal(cupboard_ask(c, &everything, &number), 0);
	job = finished(c, number);
	assert_int_equal(receipt_verify(job->receipt, c->device->sign->public, NULL, &receipt,
					&c->why),
			 0);
	assert_string_equal(receipt.reason, "delete");
	assert_int_equal(receipt.items, 1);
	assert_int_equal(receipt.parts, 2);
	receipt_commitment(receipt.salt, &kept.id, 1, commitment);
	assert_memory_equal(commitment, receipt.commitment, 32);
	digit = strstr(job->receipt, "\"items\":1") + 8;
	*digit = '2';
	assert_answer(receipt_verify(job->receipt, c->device->sign->public, NULL, &receipt,
				     &c->why),
		      ANSWER_INVALID_ARGUMENT, c->why);
	secret_free(kept.keys);
}

static void test_one_kind_goes_and_the_rest_stays(void **state)
{
	struct cupboard *c = *state;
	struct archive_opened *opened = NULL;
	struct archive_count count;
	struct kept kept = { 0 };
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .kinds = A }, &job), 0);
	done(c, job);
	assert_int_equal(room_count(c->room, "slots.bin", kept.keys->bytes, KEY_BYTES), 0);
	assert_int_equal(room_count(c->room, "cubby.db", kept.head, 16), 0);
	assert_int_equal(archive_open(c->archive, &kept.id, 0, &opened, &c->why), 0);
	assert_int_equal(opened->n_parts, 1);
	archive_opened_free(opened);
	assert_int_equal(archive_count(c->archive, &everything, &count, &c->why), 0);
	assert_int_equal(count.items, 1);
	assert_int_equal(count.parts, 1);
	secret_free(kept.keys);
}

static void test_what_cannot_be_asked(void **state)
{
	struct cupboard *c = *state;
	struct id nobody = { "nobody" };
	int64_t job = 7;

	assert_answer(cupboard_ask(c, &(struct archive_selection){ 0 }, &job),
		      ANSWER_INVALID_ARGUMENT, c->why);
	c->why.text[0] = '\0';
	assert_answer(cupboard_ask(c, &everything, &job), ANSWER_NOT_FOUND, c->why);
	assert_answer(cupboard_ask(c, &(struct archive_selection){ .ids = &nobody, .n_ids = 1 },
				   &job),
		      ANSWER_NOT_FOUND, c->why);
	assert_answer(cupboard_ask(c, &(struct archive_selection){ .profile = &nobody }, &job),
		      ANSWER_NOT_FOUND, c->why);
	assert_int_equal(job, 7);
}

static void test_profile_is_removed_with_its_items(void **state)
{
	struct cupboard *c = *state;
	struct archive_selection of_child = { .profile = &child_id };
	struct kept childs = { 0 }, adults = { 0 }, late = { 0 };
	uint64_t items;
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &childs), 0);
	assert_int_equal(cupboard_keep(c, &adult_id, A, 300, &adults), 0);
	assert_int_equal(erasure_ask(c->erasure, ERASURE_REMOVE, &of_child, 1000, NULL, &job,
				     &items, &c->why),
			 0);
	assert_int_equal(items, 1);
	/* Takes nothing more in from here on. */
	assert_answer(cupboard_keep(c, &child_id, A, 300, &late), ANSWER_NOT_FOUND, c->why);
	done(c, job);
	assert_int_equal(cupboard_traces(c, &childs), 0);
	assert_int_equal(room_count(c->room, "cubby.db", child_id.bytes, ID_BYTES), 0);
	assert_int_equal(room_count(c->room, "cubby.db", "Mirjam", 6), 0);
	assert_true(cupboard_traces(c, &adults) > 0);
	/* A profile without items goes, too. */
	of_child.profile = &adult_id;
	assert_int_equal(cupboard_ask(c, &of_child, &job), 0);
	done(c, job);
	assert_int_equal(erasure_ask(c->erasure, ERASURE_REMOVE, &of_child, 1000, NULL, &job,
				     &items, &c->why),
			 0);
	assert_int_equal(items, 0);
	done(c, job);
	assert_int_equal(room_count(c->room, "cubby.db", "Adelheid", 8), 0);
	secret_free(childs.keys);
	secret_free(adults.keys);
}

static void test_r3_expiry_and_shortening_after_the_fact(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	c->boot_ms += 2 * INT64_C(86400000);
	assert_int_equal(erasure_sweep(c->erasure, &job), 0);
	assert_int_equal(job, 0);
	assert_int_equal(archive_shorten(c->archive, &child_id, KIND_AUDIO, 86400), 0);
	assert_int_equal(erasure_sweep(c->erasure, &job), 0);
	assert_true(job > 0);
	done(c, job);
	assert_int_equal(room_count(c->room, "slots.bin", kept.keys->bytes, KEY_BYTES), 0);
	assert_int_equal(room_count(c->room, "slots.bin", kept.keys->bytes + KEY_BYTES, KEY_BYTES),
			 1);
	c->boot_ms += 5 * INT64_C(86400000);
	assert_int_equal(erasure_sweep(c->erasure, &job), 0);
	assert_true(job > 0);
	done(c, job);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	secret_free(kept.keys);
}

/* An approved copy dies with its source, in the same job. */
static void test_r18_copies_die_with_their_source(void **state)
{
	struct cupboard *c = *state;
	struct archive_draft *draft = NULL;
	uint8_t sealed[2][64];
	struct archive_body bodies[2] = { { KIND_AUDIO, sealed[0], 64, 86400, 0 },
					  { KIND_TRANSCRIPT, sealed[1], 64, 86400, 0 } };
	struct archive_approve approve = { .purpose = "p", .recipient = "r", .review = "heard",
					   .bodies = bodies,
					   .n_bodies = 2 };
	struct kept kept = { 0 }, copy = { 0 };
	uint64_t copies = 0;
	int64_t job;

	assert_int_equal(cupboard_keep(c, &adult_id, A | T, 300, &kept), 0);
	assert_int_equal(archive_copy_begin(c->archive, &kept.id, &draft, &c->why), 0);
	crypt_random(sealed, sizeof(sealed));
	copy.id = draft->id;
	memcpy(copy.head, sealed[0] + 1, 16);
	assert_int_equal(secret_from(draft->slot_keys->bytes, draft->slot_keys->n, &copy.keys), 0);
	assert_int_equal(archive_copy_commit(c->archive, draft, &approve, NULL, &c->why), 0);
	archive_draft_free(draft);
	assert_true(cupboard_traces(c, &copy) > 0);
	assert_int_equal(archive_count_copies(c->archive, &copies), 0);
	assert_int_equal(copies, 1);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .ids = &kept.id, .n_ids = 1 },
				      &job),
			 0);
	assert_int_equal(archive_count_copies(c->archive, &copies), 0);
	assert_int_equal(copies, 0);
	done(c, job);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	assert_int_equal(cupboard_traces(c, &copy), 0);
	secret_free(kept.keys);
	secret_free(copy.keys);
}

/* Bytes of an erased item in another place of the database: the verifier must see them. */
STATEMENT(test_plant, "UPDATE household SET statement = :text");
STATEMENT(test_household, "INSERT INTO household VALUES (1, 'x', 1)");

static void test_r8_verifier_finds_what_was_left(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	struct statement *s = store_statement(c->store, &test_household);
	struct kept kept = { 0 };
	char planted[64] = "xx................yy";
	int64_t number;

	assert_int_equal(statement_run(s), 0);
	statement_end(s);
	do {	/* the place it is planted in is a text, which holds no NUL */
		secret_free(kept.keys);
		kept.keys = NULL;
		assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	} while (memchr(kept.id.bytes, 0, ID_BYTES));
	memcpy(planted + 2, kept.id.bytes, 16);
	s = store_statement(c->store, &test_plant);
	statement_bind_text(s, ":text", planted);
	assert_int_equal(statement_run(s), 0);
	statement_end(s);
	assert_int_equal(cupboard_ask(c, &everything, &number), 0);
	job = finished(c, number);
	assert_int_equal(job->state, ERASURE_PARTIAL);
	assert_string_equal(job->receipt, "");
	assert_non_null(strstr(job->problem, "cubby.db"));
	/* Gone, and it converges. */
	s = store_statement(c->store, &test_plant);
	statement_bind_text(s, ":text", "x");
	assert_int_equal(statement_run(s), 0);
	statement_end(s);
	done(c, number);
	secret_free(kept.keys);
}

/* Many slices of bodies, with other items' pages moving in between. */
static void test_big_job_leaves_nothing(void **state)
{
	struct cupboard *c = *state;
	struct kept kept[48] = { 0 };
	int64_t job;

	for (int i = 0; i < 48; i++)
		assert_int_equal(cupboard_keep(c, &child_id, A, 1500000, &kept[i]), 0);
	assert_int_equal(cupboard_ask(c, &everything, &job), 0);
	done(c, job);
	for (int i = 0; i < 48; i++) {
		if (i % 12 == 0)
			assert_int_equal(cupboard_traces(c, &kept[i]), 0);
		secret_free(kept[i].keys);
	}
}

/* Killed at any moment: the next start finishes what was acknowledged, and what was not touched can
 * still be opened. */
static void test_r7_r8_killed_at_any_moment(void **state)
{
	struct cupboard *c = *state;
	unsigned seed = 20230531;

	for (int round = 0; round < 30; round++) {
		struct kept kept[12] = { 0 }, stays = { 0 };
		struct archive_opened *opened = NULL;
		struct id ids[12];
		uint64_t partial;
		int status, told[2];
		int64_t job = 0;
		pid_t child;

		for (int i = 0; i < 12; i++) {
			assert_int_equal(cupboard_keep(c, &child_id, A | T, 20000, &kept[i]), 0);
			ids[i] = kept[i].id;
		}
		assert_int_equal(cupboard_keep(c, &adult_id, A, 20000, &stays), 0);
		cupboard_shut(c);
		assert_int_equal(pipe(told), 0);
		child = fork();
		if (child == 0) {
			struct archive_selection twelve = { .ids = ids, .n_ids = 12 };

			if (cupboard_try(c) != 0 || cupboard_ask(c, &twelve, &job) != 0 ||
			    write(told[1], &job, sizeof(job)) != sizeof(job))
				_exit(1);
			erasure_finish(c->erasure, &partial);
			pause();
			_exit(0);
		}
		close(told[1]);
		assert_int_equal(read(told[0], &job, sizeof(job)), sizeof(job));
		close(told[0]);
		usleep((useconds_t)(rand_r(&seed) % 12000));
		assert_int_equal(kill(child, SIGKILL), 0);
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status));
		cupboard_open(c);
		done(c, job);
		for (int i = 0; i < 12; i++) {
			assert_int_equal(cupboard_traces(c, &kept[i]), 0);
			secret_free(kept[i].keys);
		}
		assert_int_equal(archive_open(c->archive, &stays.id, 0, &opened, &c->why), 0);
		archive_opened_free(opened);
		secret_free(stays.keys);
		assert_int_equal(store_check(c->store, &c->why), 0);
	}
}

static void test_old_receipts_are_forgotten(void **state)
{
	struct cupboard *c = *state;
	struct erasure_job *job = NULL;
	struct kept kept = { 0 };
	int64_t number;

	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &kept), 0);
	assert_int_equal(cupboard_ask(c, &everything, &number), 0);
	done(c, number);
	c->boot_ms += INT64_C(90) * 86400000;
	assert_int_equal(erasure_sweep(c->erasure, NULL), 0);
	job = erasure_job_free(finished(c, number));
	c->boot_ms += 120000;
	assert_int_equal(erasure_sweep(c->erasure, NULL), 0);
	assert_int_equal(erasure_find(c->erasure, number, &job), ANSWER_NOT_FOUND);
	secret_free(kept.keys);
}

STATEMENT(rows_left, "SELECT count(*) AS n FROM item");

/* What a parent sees while a large profile goes: it grows, and says "all" only when all rows are
 * gone. */
static void test_r10_progress_grows_to_the_end(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(erase_freep) struct erase *erase = NULL;
	struct erase_stores stores = { c->store, c->vault, NULL };
	struct archive_selection of_child = { .profile = &child_id };
	uint64_t last = 0, steps = 0;
	struct kept kept = { 0 };
	struct statement *s;
	int64_t job;
	int r;

	for (int i = 0; i < 600; i++) {
		assert_int_equal(cupboard_keep(c, &child_id, A | T, 100, &kept), 0);
		kept.keys = secret_free(kept.keys);
	}
	assert_int_equal(verify_new(c->room->dir, &stores.verify), 0);
	assert_int_equal(cupboard_ask(c, &of_child, &job), 0);
	assert_int_equal(erase_new(&stores, job, &erase), 0);
	while ((r = erase_slice(erase, &c->why)) == ERASE_MORE) {
		assert_true(erase_items_done(erase) >= last);
		steps += erase_items_done(erase) > last;
		last = erase_items_done(erase);
		assert_int_equal(statement_next(s = store_statement(c->store, &rows_left)),
				 STATEMENT_ROW);
		assert_true(last < 600 || statement_integer(s, "n") == 0);
		statement_end(s);
	}
	assert_int_equal(r, 0);
	assert_true(steps >= 4);
	assert_int_equal(last, 600);
	verify_free(stores.verify);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, cupboard_make, cupboard_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_r4_deleted_as_a_unit_leaves_nothing),
		TEST(test_r9_receipt_can_be_checked_and_one_bit_breaks_it),
		TEST(test_one_kind_goes_and_the_rest_stays),
		TEST(test_what_cannot_be_asked),
		TEST(test_profile_is_removed_with_its_items),
		TEST(test_r3_expiry_and_shortening_after_the_fact),
		TEST(test_r18_copies_die_with_their_source),
		TEST(test_r8_verifier_finds_what_was_left),
		TEST(test_big_job_leaves_nothing),
		TEST(test_r7_r8_killed_at_any_moment),
		TEST(test_old_receipts_are_forgotten),
		TEST(test_r10_progress_grows_to_the_end),
	};

	return cmocka_run_group_tests_name("erasure", tests, NULL, NULL);
}
