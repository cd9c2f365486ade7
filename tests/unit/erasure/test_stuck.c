/* SPDX-License-Identifier: Apache-2.0 */
/* Slots that do not hold the key their row says, and rows that cannot go yet. */

#include "keeper_room.h"

#define A (1u << KIND_AUDIO)
#define T (1u << KIND_TRANSCRIPT)

/* The row of one item names the slot of another: that key is left alone, the job says partial, and
 * ends when the slot is what it should be. */
STATEMENT(test_swap_tag, "UPDATE part SET slot_tag = :tag WHERE kind = 1");

static void test_r8_wrong_tag_is_partial_and_never_another_items_key(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL, *again = NULL;
	struct archive_opened *opened = NULL;
	struct statement *s;
	struct kept kept = { 0 };
	uint8_t wrong[16] = "somebody else's";
	uint8_t zeros[KEY_BYTES] = { 0 };
	int64_t number;
	char path[320];
	FILE *file;
	uint8_t *text, *at;
	off_t size;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 300, &kept), 0);
	s = store_statement(c->store, &test_swap_tag);
	statement_bind_blob(s, ":tag", wrong, sizeof(wrong));
	assert_int_equal(statement_run(s), 0);
	statement_end(s);
	assert_answer(archive_open(c->archive, &kept.id, A, &opened, &c->why), ANSWER_FAILED,
		      c->why);
	assert_int_equal(cupboard_ask(c, &everything, &number), 0);
	job = finished(c, number);
	assert_int_equal(job->state, ERASURE_PARTIAL);
	assert_string_equal(job->receipt, "");
	assert_non_null(strstr(job->problem, "slots.bin"));
	/* The key stands, the other part's is gone, and no ciphertext is left. */
	assert_int_equal(room_count(c->room, "slots.bin", kept.keys->bytes, KEY_BYTES), 1);
	assert_int_equal(room_count(c->room, "slots.bin", kept.keys->bytes + KEY_BYTES, KEY_BYTES),
			 0);
	assert_int_equal(room_count(c->room, "cubby.db", kept.head, 16), 0);
	assert_int_equal(c->ended, 1);
	/* Through a restart, too. */
	cupboard_shut(c);
	cupboard_open(c);
	again = finished(c, number);
	assert_int_equal(again->state, ERASURE_PARTIAL);
	assert_int_equal(c->ended, 1);	/* no news */
	size = room_size(c->room, "slots.bin");
	text = malloc((size_t)size);
	file = fopen(room_path(c->room, "slots.bin", path), "rb");
	assert_int_equal(fread(text, 1, (size_t)size, file), size);
	fclose(file);
	at = memmem(text, (size_t)size, kept.keys->bytes, KEY_BYTES);
	room_write(c->room, "slots.bin", at - text, zeros, KEY_BYTES);
	free(text);
	done(c, number);
	assert_int_equal(cupboard_traces(c, &kept), 0);
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
	struct archive_approve approve = { .purpose = "p", .recipient = "r", .bodies = &body,
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
	assert_int_equal(secret_from(draft->keys->bytes, KEY_BYTES, &key), 0);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, cupboard_make, cupboard_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_r8_wrong_tag_is_partial_and_never_another_items_key),
		TEST(test_r9_no_receipt_while_a_row_of_the_item_remains),
	};

	return cmocka_run_group_tests_name("stuck", tests, NULL, NULL);
}
