/* SPDX-License-Identifier: Apache-2.0 */
/* The key that a whole profile needs, and what its end ends. */

#include "copies.h"

#include "store/veil.h"
#include "veil.h"

#define A (1u << KIND_AUDIO)
#define T (1u << KIND_TRANSCRIPT)
#define NONE (&(struct archive_selection){ 0 })

STATEMENT(test_unveil, "UPDATE part SET veiled = 0");
STATEMENT(test_veil_off, "UPDATE profile SET slot = NULL, slot_tag = NULL");

static size_t listed(struct cupboard *c)
{
	char cursor[ARCHIVE_CURSOR_TEXT];
	struct archive_item *items = NULL;
	size_t n = 0;

	assert_int_equal(archive_list(c->archive, NONE, NULL, 0, &items, &n, cursor, &c->why), 0);
	free(items);
	return n;
}

static int opens(struct cupboard *c, const struct kept *kept)
{
	_cleanup_(archive_opened_freep) struct archive_opened *opened = NULL;
	int r = archive_open(c->archive, &kept->id, 0, &opened, &c->why);

	if (r == 0)
		assert_memory_equal(opened->keys->bytes, kept->given, opened->keys->n);
	return r;
}

static int64_t remove_ask(struct cupboard *c, const struct id *profile)
{
	uint64_t items;
	int64_t job;

	assert_int_equal(erasure_ask(c->erasure, ERASURE_REMOVE,
				     &(struct archive_selection){ .profile = profile }, 1000, NULL,
				     &job, &items, &c->why), 0);
	return job;
}

static void veil_of(struct cupboard *c, const struct id *profile, uint8_t ret[static KEY_BYTES])
{
	_cleanup_(secret_freep) struct secret *veil = NULL;

	assert_int_equal(veil_get(c->store, c->vault, profile, &veil), 0);
	memcpy(ret, veil->bytes, KEY_BYTES);
}

static unsigned in_slots(struct cupboard *c, const uint8_t key[static KEY_BYTES])
{
	return room_count(c->room, "slots.bin", key, KEY_BYTES);
}

static void test_r8_a_key_handed_out_is_on_no_disk(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };
	uint8_t veil[KEY_BYTES];

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	veil_of(c, &child_id, veil);
	assert_int_equal(in_slots(c, veil), 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(in_slots(c, kept.keys->bytes + i * KEY_BYTES), 1);
		assert_int_equal(in_slots(c, kept.given + i * KEY_BYTES), 0);
	}
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(opens(c, &kept), 0);
	secret_free(kept.keys);
}

/* Before one row or slot of an item is looked at. */
static void test_r8_a_profile_is_unreadable_with_its_veil(void **state)
{
	struct cupboard *c = *state;
	struct kept gone = { 0 }, stays = { 0 };
	uint8_t veil[KEY_BYTES];
	int64_t job;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &gone), 0);
	assert_int_equal(cupboard_keep(c, &adult_id, A, 300, &stays), 0);
	veil_of(c, &child_id, veil);
	job = remove_ask(c, &child_id);
	assert_int_equal(in_slots(c, veil), 0);
	assert_int_equal(in_slots(c, gone.keys->bytes), 1);
	assert_int_equal(opens(c, &gone), ANSWER_NOT_FOUND);
	assert_int_equal(opens(c, &stays), 0);
	assert_int_equal(listed(c), 1);
	/* The power goes here. */
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(listed(c), 1);
	assert_int_equal(archive_lost(c->archive), 0);
	done(c, job);
	assert_int_equal(cupboard_traces(c, &gone), 0);
	assert_int_equal(room_count(c->room, "cubby.db", child_id.bytes, ID_BYTES), 0);
	assert_int_equal(opens(c, &stays), 0);
	secret_free(gone.keys);
	secret_free(stays.keys);
}

/* What was kept before there were veils. */
static void test_r8_items_without_a_veil_open_and_go(void **state)
{
	struct cupboard *c = *state;
	struct statement *s;
	struct kept old = { 0 }, new = { 0 };

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &old), 0);
	memcpy(old.given, old.keys->bytes, old.keys->n);
	s = store_statement(c->store, &test_unveil);
	assert_int_equal(statement_run(s), 0);
	statement_end(s);
	s = store_statement(c->store, &test_veil_off);
	assert_int_equal(statement_run(s), 0);
	statement_end(s);
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(opens(c, &old), 0);
	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &new), 0);
	assert_int_equal(opens(c, &old), 0);
	assert_int_equal(opens(c, &new), 0);
	done(c, remove_ask(c, &child_id));
	assert_int_equal(cupboard_traces(c, &old), 0);
	assert_int_equal(cupboard_traces(c, &new), 0);
	secret_free(old.keys);
	secret_free(new.keys);
}

/* With only the veil gone, too: all that is under it is known to be lost at the next start. */
static void test_r8_an_old_database_does_not_bring_a_profile_back(void **state)
{
	struct cupboard *c = *state;
	struct kept gone = { 0 };
	struct veil_row row;
	static const uint8_t zeros[KEY_BYTES];

	assert_int_equal(cupboard_keep(c, &adult_id, A | T, 300, &gone), 0);
	assert_int_equal(store_veil(c->store, &adult_id, &row), 0);
	cupboard_shut(c);
	room_write(c->room, "slots.bin",
		   (off_t)(row.slot.number / 127) * 4096 + 32 + (off_t)(row.slot.number % 127) * 32,
		   zeros, KEY_BYTES);
	cupboard_open(c);
	assert_int_equal(archive_lost(c->archive), 2);
	assert_int_equal(listed(c), 0);
	assert_int_equal(opens(c, &gone), ANSWER_NOT_FOUND);
	assert_answer(cupboard_keep(c, &adult_id, A, 300, &gone), ANSWER_FAILED, c->why);
	done(c, remove_ask(c, &adult_id));
	assert_int_equal(cupboard_traces(c, &gone), 0);
	secret_free(gone.keys);
}

/* Its slot holds some other key, which is nobody's: that one goes, and with it the profile. */
static void test_r8_a_damaged_veil_keeps_no_profile(void **state)
{
	struct cupboard *c = *state;
	struct kept gone = { 0 };
	uint8_t damaged[KEY_BYTES];
	struct veil_row row;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &gone), 0);
	assert_int_equal(store_veil(c->store, &child_id, &row), 0);
	crypt_random(damaged, sizeof(damaged));
	room_write(c->room, "slots.bin",
		   (off_t)(row.slot.number / 127) * 4096 + 32 + (off_t)(row.slot.number % 127) * 32,
		   damaged, KEY_BYTES);
	done(c, remove_ask(c, &child_id));
	assert_int_equal(in_slots(c, damaged), 0);
	assert_int_equal(cupboard_traces(c, &gone), 0);
	assert_int_equal(room_count(c->room, "cubby.db", child_id.bytes, ID_BYTES), 0);
	secret_free(gone.keys);
}

static void test_r8_nothing_comes_in_behind_a_removal(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	const enum kind kind = KIND_AUDIO;
	uint8_t sealed[64] = { 1 };
	struct archive_body body = { KIND_AUDIO, sealed, 64, 3600, 0 };
	struct archive_keep keep = { .profile = child_id, .bodies = &body, .n_bodies = 1 };
	struct kept kept = { 0 };
	int64_t removal, sweep;

	assert_int_equal(cupboard_keep(c, &child_id, A, 300, &kept), 0);
	assert_int_equal(archive_begin(c->archive, &child_id, &kind, 1, &draft, &c->why), 0);
	keep.profile = adult_id;
	assert_answer(archive_commit(c->archive, draft, &keep, NULL, &c->why),
		      ANSWER_INVALID_ARGUMENT, c->why);
	keep.profile = child_id;
	removal = remove_ask(c, &child_id);
	assert_int_equal(archive_commit(c->archive, draft, &keep, NULL, &c->why),
			 ANSWER_NOT_FOUND);
	/* Nor does another erasure take its parts away. */
	c->boot_ms += INT64_C(8) * 86400000;
	assert_int_equal(erasure_sweep(c->erasure, &sweep), 0);
	assert_int_equal(sweep, 0);
	assert_int_equal(cupboard_ask(c, &everything, &sweep), ANSWER_NOT_FOUND);
	done(c, removal);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	secret_free(kept.keys);
}

static void test_r8_a_copy_ends_with_its_profile(void **state)
{
	struct cupboard *c = *state;
	struct archive_opened *opened = NULL;
	struct kept kept = { 0 };
	struct id copy;
	int64_t job;

	assert_int_equal(cupboard_keep(c, &adult_id, A | T, 300, &kept), 0);
	assert_int_equal(cupboard_approve(c, &kept.id, &copy), 0);
	assert_int_equal(copy_opens(c, &copy, &opened), 0);
	archive_opened_free(opened);
	job = remove_ask(c, &adult_id);
	assert_int_equal(copy_opens(c, &copy, &opened), ANSWER_NOT_FOUND);
	done(c, job);
	assert_int_equal(room_count(c->room, "cubby.db", copy.bytes, ID_BYTES), 0);
	secret_free(kept.keys);
}

/* The same key opens it afterwards, through another slot and the other profile's veil alone. */
static void test_r17_an_item_that_moves_changes_its_veil(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct kept kept = { 0 };
	struct veil_left left;

	assert_int_equal(cupboard_keep(c, &adult_id, A | T, 300, &kept), 0);
	assert_int_equal(store_begin(c->store, &transaction), 0);
	assert_int_equal(veil_move(c->store, c->vault, &kept.id, &child_id, &left), 0);
	assert_int_equal(store_commit(take(transaction)), 0);
	assert_int_equal(in_slots(c, kept.keys->bytes), 1);
	assert_int_equal(veil_moved(c->vault, &left), 0);
	assert_int_equal(in_slots(c, kept.keys->bytes), 0);
	assert_int_equal(in_slots(c, kept.keys->bytes + KEY_BYTES), 0);
	assert_int_equal(opens(c, &kept), 0);
	done(c, remove_ask(c, &adult_id));
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(opens(c, &kept), 0);
	done(c, remove_ask(c, &child_id));
	assert_int_equal(opens(c, &kept), ANSWER_NOT_FOUND);
	assert_int_equal(cupboard_traces(c, &kept), 0);
	secret_free(kept.keys);
}

/* A cut between the commit and the overwriting: the next start overwrites. */
static void test_r17_a_move_that_was_cut_leaves_no_key(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct kept kept = { 0 };
	struct veil_left left;

	assert_int_equal(cupboard_keep(c, &adult_id, A, 300, &kept), 0);
	assert_int_equal(store_begin(c->store, &transaction), 0);
	assert_int_equal(veil_move(c->store, c->vault, &kept.id, &child_id, &left), 0);
	transaction = store_rollback(transaction);
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(opens(c, &kept), 0);
	assert_int_equal(store_begin(c->store, &transaction), 0);
	assert_int_equal(veil_move(c->store, c->vault, &kept.id, &child_id, &left), 0);
	assert_int_equal(store_commit(take(transaction)), 0);
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(opens(c, &kept), 0);
	assert_int_equal(in_slots(c, kept.keys->bytes), 0);
	secret_free(kept.keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_r8_a_key_handed_out_is_on_no_disk,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r8_a_profile_is_unreadable_with_its_veil,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r8_items_without_a_veil_open_and_go,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(
			test_r8_an_old_database_does_not_bring_a_profile_back, cupboard_make,
			cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r8_a_damaged_veil_keeps_no_profile,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r8_nothing_comes_in_behind_a_removal,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r8_a_copy_ends_with_its_profile,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r17_an_item_that_moves_changes_its_veil,
						cupboard_make, cupboard_drop),
		cmocka_unit_test_setup_teardown(test_r17_a_move_that_was_cut_leaves_no_key,
						cupboard_make, cupboard_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
