/* SPDX-License-Identifier: Apache-2.0 */
/* A wall clock that jumps, and what is kept: hidden before it is erased, and erased only when the
 * power was on long enough or the wall clock has proved right. */

#include "keeper_room.h"

#include "copies.h"
#include "store/leap.h"

#define A (1u << KIND_AUDIO)
#define T (1u << KIND_TRANSCRIPT)
#define DAY_S INT64_C(86400)
#define YEARS_S (10 * 365 * DAY_S)

/* As the keeper does each minute; how far the clock leapt. */
static int64_t run(struct cupboard *c, int64_t minutes)
{
	int64_t leapt_min = 0;

	while (minutes-- > 0) {
		int64_t due_min;

		c->wall_s += 60;
		c->boot_ms += 60 * 1000;
		due_min = age_watch(c->age);
		if (due_min > 0) {
			_cleanup_(store_rollbackp) struct store *transaction = NULL;

			assert_int_equal(store_begin(c->store, &transaction), 0);
			assert_int_equal(store_leap(c->store, due_min), 0);
			assert_int_equal(store_commit(take(transaction)), 0);
			age_leap(c->age, due_min);
		}
		leapt_min += due_min;
	}
	return leapt_min;
}

static size_t listed(struct cupboard *c, const struct archive_selection *selection)
{
	char cursor[ARCHIVE_CURSOR_TEXT] = "";
	struct archive_item *items = NULL;
	size_t n = 0;

	assert_int_equal(archive_list(c->archive, selection, "", 0, &items, &n, cursor, &c->why),
			 0);
	free(items);
	return n;
}

static size_t seen(struct cupboard *c)
{
	return listed(c, &(struct archive_selection){ 0 });
}

static uint64_t hidden(struct cupboard *c)
{
	uint64_t items, hidden;

	assert_int_equal(archive_count_seen(c->archive, &items, &hidden), 0);
	assert_int_equal(items, seen(c));
	return hidden;
}

/* How many parts were erased. */
static uint64_t swept(struct cupboard *c)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	int64_t number = 0;
	uint64_t partial = 0;

	assert_int_equal(erasure_sweep(c->erasure, &number), 0);
	if (number == 0)
		return 0;
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_int_equal(partial, 0);
	assert_int_equal(erasure_find(c->erasure, number, &job), 0);
	assert_int_equal(job->state, ERASURE_DONE);
	return job->parts;
}

static int opens(struct cupboard *c, const struct id *id)
{
	struct archive_opened *opened = NULL;
	const int r = archive_open(c->archive, id, 0, &opened, &c->why);

	archive_opened_free(opened);
	return r;
}

static void test_r29_a_jump_hides_and_shows_again(void **state)
{
	struct cupboard *c = *state;
	struct archive_copy *copies = NULL;
	struct archive_item item;
	struct kept kept = { 0 };
	struct export_row row;
	struct id copy;
	size_t n;

	assert_int_equal(cupboard_keep(c, &adult_id, A | T, 100, &kept), 0);
	assert_int_equal(cupboard_approve(c, &kept.id, &copy), 0);
	for (int i = 0; i < 3; i++) {
		c->wall_s += YEARS_S;
		run(c, 60);
		assert_int_equal(seen(c), 0);
		assert_int_equal(hidden(c), 1);
		assert_answer(opens(c, &kept.id), ANSWER_NOT_FOUND, c->why);
		assert_answer(archive_find(c->archive, &kept.id, &item, &c->why), ANSWER_NOT_FOUND,
			      c->why);
		assert_int_equal(exportable(c, "wake words", &row, NULL), 0);
		assert_int_equal(row.unapproved + row.elsewhere, 0);
		assert_int_equal(copies_list(c, NULL, NULL, &copies, &n), 0);
		archive_copies_free(copies, n);
		assert_int_equal(n, 0);
		assert_int_equal(swept(c), 0);
		cupboard_shut(c);
		cupboard_open(c);
		assert_int_equal(hidden(c), 1);
		c->wall_s -= YEARS_S;
		assert_int_equal(seen(c), 1);
		assert_int_equal(hidden(c), 0);
		assert_int_equal(opens(c, &kept.id), 0);
		assert_int_equal(exportable(c, "wake words", &row, NULL), 1);
	}
	secret_free(kept.keys);
}

static void test_r29_what_is_hidden_can_be_deleted(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };
	uint64_t partial;
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A, 100, &kept), 0);
	c->wall_s += YEARS_S;
	assert_int_equal(seen(c), 0);
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .all = true }, &job), 0);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	c->wall_s -= YEARS_S;
	assert_int_equal(cupboard_traces(c, &kept), 0);
	assert_int_equal(seen(c), 0);
	secret_free(kept.keys);
}

static void test_r29_a_jump_that_stays_expires(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 100, &kept), 0);
	c->wall_s += 30 * DAY_S;
	assert_int_equal(run(c, 24 * 60), 0);
	assert_int_equal(swept(c), 0);
	assert_true(cupboard_traces(c, &kept) > 0);
	assert_int_equal(run(c, 66), 30 * DAY_S / 60);
	assert_int_equal(swept(c), 2);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	secret_free(kept.keys);
}

/* The power was off for a month. What is said from now on is not a month old, before the leap and
 * after it. */
static void test_r29_what_is_made_under_a_lead_keeps_its_age(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };
	struct id copy;

	run(c, 60);
	c->wall_s += 30 * DAY_S;
	assert_int_equal(cupboard_keep(c, &adult_id, A | T, 100, &kept), 0);
	assert_int_equal(cupboard_approve(c, &kept.id, &copy), 0);
	assert_int_equal(seen(c), 1);
	assert_int_equal(opens(c, &kept.id), 0);
	assert_int_equal(run(c, 25 * 60), 30 * DAY_S / 60);
	assert_int_equal(seen(c), 1);
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(run(c, (7 * 24 - 25) * 60 - 1), 0);
	assert_int_equal(swept(c), 0);
	assert_int_equal(opens(c, &kept.id), 0);
	run(c, 1);
	assert_int_equal(swept(c), 4);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	secret_free(kept.keys);
}

/* ... nor does a lead that goes away let it live longer. */
static void test_r29_a_lead_that_goes_lengthens_nothing(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };

	c->wall_s += YEARS_S;
	assert_int_equal(cupboard_keep(c, &child_id, A, 100, &kept), 0);
	assert_int_equal(run(c, 60), 0);
	c->wall_s -= YEARS_S;
	assert_int_equal(run(c, 24 * 60), 0);
	/* Real time off, once it has proved itself, moves clock and item alike. */
	c->wall_s += DAY_S;
	assert_int_equal(run(c, 26 * 60), DAY_S / 60);
	assert_int_equal(run(c, (7 * 24 - 51) * 60 - 1), 0);
	assert_int_equal(swept(c), 0);
	run(c, 1);
	assert_int_equal(swept(c), 1);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	secret_free(kept.keys);
}

/* Finding of a review: off for a weekend, on for a month, and "the last hour" found nothing. */
static void test_r10_deleting_by_time_finds_what_was_just_said(void **state)
{
	struct cupboard *c = *state;
	struct kept before = { 0 }, now = { 0 };
	struct archive_selection hour = { 0 };
	int64_t job;
	uint64_t partial;

	assert_int_equal(cupboard_keep(c, &child_id, A, 100, &before), 0);
	cupboard_shut(c);
	c->wall_s += 42 * 3600;
	c->boot_ms = 0;
	cupboard_open(c);
	assert_int_equal(cupboard_keep(c, &child_id, A, 100, &now), 0);
	hour.since_min = c->wall_s / 60 - 60;
	assert_int_equal(listed(c, &hour), 1);
	assert_int_equal(cupboard_ask(c, &hour, &job), 0);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_int_equal(cupboard_traces(c, &now), 0);
	assert_int_equal(seen(c), 1);
	secret_free(before.keys);
	secret_free(now.keys);
}

/* A device that is on for six hours in every two days keeps a week's item for a week of its own
 * time at the most, and it is gone four of its mornings after the week on the wall. */
static void test_r29_mostly_off(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };
	int days = 0;

	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &kept), 0);
	for (; days < 60 && cupboard_traces(c, &kept) > 0; days += 2) {
		run(c, 6 * 60);
		swept(c);
		cupboard_shut(c);
		c->wall_s += 42 * 3600;
		c->boot_ms = 0;
		cupboard_open(c);
	}
	assert_in_range(days, 7, 18);
	secret_free(kept.keys);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, cupboard_make, cupboard_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_r29_a_jump_hides_and_shows_again),
		TEST(test_r29_what_is_hidden_can_be_deleted),
		TEST(test_r29_a_jump_that_stays_expires),
		TEST(test_r29_what_is_made_under_a_lead_keeps_its_age),
		TEST(test_r29_a_lead_that_goes_lengthens_nothing),
		TEST(test_r10_deleting_by_time_finds_what_was_just_said),
		TEST(test_r29_mostly_off),
	};

	return cmocka_run_group_tests_name("leap", tests, NULL, NULL);
}
