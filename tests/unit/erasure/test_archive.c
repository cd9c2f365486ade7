/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept, listed and opened, and what is refused. */

#include "copies.h"

#define A (1u << KIND_AUDIO)
#define T (1u << KIND_TRANSCRIPT)
#define L (1u << KIND_LOCATION)

static size_t list(struct cupboard *c, const struct archive_selection *selection, unsigned limit)
{
	char cursor[ARCHIVE_CURSOR_TEXT] = "";
	struct archive_item *items = NULL;
	size_t n = 0, total = 0;
	int64_t last = INT64_MAX;

	do {
		assert_int_equal(archive_list(c->archive, selection, cursor, limit, &items, &n,
					      cursor, &c->why),
				 0);
		for (size_t i = 0; i < n; i++) {
			assert_true(items[i].started_min <= last);
			assert_true(items[i].n_parts > 0);
			last = items[i].started_min;
		}
		total += n;
		free(items);
	} while (cursor[0]);
	return total;
}

static void test_kept_item_is_listed_and_opened(void **state)
{
	struct cupboard *c = *state;
	struct archive_selection all = { 0 };
	struct archive_opened *opened = NULL;
	struct archive_item item;
	struct kept kept = { 0 };

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 5000, &kept), 0);
	assert_int_equal(list(c, &all, 0), 1);
	cupboard_shut(c);
	cupboard_open(c);
	assert_int_equal(list(c, &all, 0), 1);
	assert_int_equal(archive_find(c->archive, &kept.id, &item, &c->why), 0);
	assert_true(id_equal(&item.profile, &child_id));
	assert_int_equal(item.n_parts, 2);
	assert_int_equal(item.started_min, T0_MIN);
	assert_int_equal(item.parts[0].expires_min, T0_MIN + 7 * 1440);
	assert_int_equal(archive_open(c->archive, &kept.id, 0, &opened, &c->why), 0);
	assert_int_equal(opened->n_parts, 2);
	assert_int_equal(opened->n_bodies, 10000);
	assert_memory_equal(opened->bodies + 1, kept.head, 16);
	assert_memory_equal(opened->keys->bytes, kept.given, 2 * KEY_BYTES);
	archive_opened_free(opened);
	assert_int_equal(archive_open(c->archive, &kept.id, T, &opened, &c->why), 0);
	assert_int_equal(opened->n_parts, 1);
	assert_memory_equal(opened->keys->bytes, kept.given + KEY_BYTES, KEY_BYTES);
	archive_opened_free(opened);
	assert_answer(archive_open(c->archive, &kept.id, L, &opened, &c->why), ANSWER_NOT_FOUND,
		      c->why);
	assert_answer(archive_open(c->archive, &child_id, 0, &opened, &c->why), ANSWER_NOT_FOUND,
		      c->why);
	secret_free(kept.keys);
}

static void test_pages_and_selections(void **state)
{
	struct cupboard *c = *state;
	struct kept kept[60] = { 0 };
	struct id two[2];

	for (int i = 0; i < 60; i++) {
		c->boot_ms += 60 * 1000;
		c->wall_s += 60;
		assert_int_equal(cupboard_keep(c, i % 3 ? &child_id : &adult_id, i % 2 ? A : A | T,
					       100, &kept[i]),
				 0);
		secret_free(kept[i].keys);
	}
	two[0] = kept[3].id;
	two[1] = kept[50].id;
	assert_int_equal(list(c, &(struct archive_selection){ 0 }, 7), 60);
	assert_int_equal(list(c, &(struct archive_selection){ 0 }, 60), 60);
	assert_int_equal(list(c, &(struct archive_selection){ .profile = &adult_id }, 7), 20);
	assert_int_equal(list(c, &(struct archive_selection){ .kinds = T }, 7), 30);
	assert_int_equal(list(c, &(struct archive_selection){ .ids = two, .n_ids = 2 }, 1), 2);
	assert_int_equal(list(c, &(struct archive_selection){ .ids = two, .n_ids = 2,
							      .profile = &adult_id }, 1), 1);
	assert_int_equal(list(c, &(struct archive_selection){ .since_min = T0_MIN + 11,
							      .until_min = T0_MIN + 21 }, 3), 10);
	assert_int_equal(list(c, &(struct archive_selection){ .until_min = T0_MIN + 1 }, 3), 0);
}

static void test_what_is_not_there_is_said(void **state)
{
	struct cupboard *c = *state;
	struct archive_item *items;
	char cursor[ARCHIVE_CURSOR_TEXT];
	struct id nobody = { "nobody" };
	size_t n;

	assert_answer(archive_list(c->archive, &(struct archive_selection){ .profile = &nobody },
				   NULL, 0, &items, &n, cursor, &c->why),
		      ANSWER_NOT_FOUND, c->why);
	assert_answer(archive_list(c->archive,
				   &(struct archive_selection){ .ids = &nobody, .n_ids = 1 }, NULL,
				   0, &items, &n, cursor, &c->why),
		      ANSWER_NOT_FOUND, c->why);
	assert_answer(archive_list(c->archive, &(struct archive_selection){ 0 }, "zz", 0, &items,
				   &n, cursor, &c->why),
		      ANSWER_INVALID_ARGUMENT, c->why);
}

static int commit_with(struct cupboard *c, uint32_t keep_s, const struct id *profile, size_t bytes,
		       const struct archive_within *within)
{
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	_cleanup_(cleanup_free) void *sealed = calloc(1, bytes + 1);
	const enum kind kind = KIND_AUDIO;
	struct archive_body body = { KIND_AUDIO, sealed, bytes, keep_s, 0 };
	struct archive_keep keep = { .profile = *profile, .bodies = &body, .n_bodies = 1 };

	int r = archive_begin(c->archive, profile, &kind, 1, &draft, &c->why);

	return r != 0 ? r : archive_commit(c->archive, draft, &keep, within, &c->why);
}

static void test_r2_forever_is_refused(void **state)
{
	static const uint32_t never[] = { 0, 59, KIND_KEEP_MAX_AUDIO_S + 1, INT32_MAX, UINT32_MAX };
	struct cupboard *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		assert_answer(commit_with(c, never[i], &child_id, 100, NULL),
			      ANSWER_INVALID_ARGUMENT, c->why);
	assert_int_equal(commit_with(c, KIND_KEEP_MAX_AUDIO_S, &child_id, 100, NULL), 0);
	assert_int_equal(list(c, &(struct archive_selection){ 0 }, 0), 1);
}

static int refuse(void *context)
{
	return ANSWER_NO_CONSENT;
}

static void test_bad_commits_keep_nothing(void **state)
{
	struct cupboard *c = *state;
	struct archive_within within = { refuse, NULL };
	enum kind twice[] = { KIND_AUDIO, KIND_AUDIO }, unknown[] = { (enum kind)4 };
	struct archive_draft *draft = NULL;
	struct id nobody = { "nobody" };

	assert_answer(commit_with(c, 60, &nobody, 100, NULL), ANSWER_NOT_FOUND, c->why);
	assert_answer(commit_with(c, 60, &child_id, 0, NULL), ANSWER_INVALID_ARGUMENT, c->why);
	assert_answer(commit_with(c, 60, &child_id, 4 << 20, NULL), ANSWER_INVALID_ARGUMENT,
		      c->why);
	assert_int_equal(commit_with(c, 60, &child_id, 100, &within), ANSWER_NO_CONSENT);
	assert_answer(archive_begin(c->archive, &child_id, twice, 2, &draft, &c->why),
		      ANSWER_INVALID_ARGUMENT, c->why);
	assert_answer(archive_begin(c->archive, &child_id, unknown, 1, &draft, &c->why),
		      ANSWER_INVALID_ARGUMENT, c->why);
	assert_answer(archive_begin(c->archive, &child_id, twice, 0, &draft, &c->why),
		      ANSWER_INVALID_ARGUMENT, c->why);
	assert_int_equal(list(c, &(struct archive_selection){ 0 }, 0), 0);
}

static void test_quota(void **state)
{
	struct cupboard *c = *state;
	struct kept kept = { 0 };
	uint64_t partial;
	int64_t job;

	cupboard_shut(c);
	c->max_items = 3;
	c->max_bytes = 2500;
	cupboard_open(c);
	assert_int_equal(cupboard_keep(c, &child_id, A, 1000, &kept), 0);
	secret_free(kept.keys);
	assert_answer(cupboard_keep(c, &child_id, A | T, 1000, &kept), ANSWER_QUOTA_EXCEEDED,
		      c->why);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cupboard_keep(c, &child_id, A, 100, &kept), 0);
		secret_free(kept.keys);
	}
	assert_answer(cupboard_keep(c, &child_id, A, 100, &kept), ANSWER_QUOTA_EXCEEDED, c->why);
	/* What was erased makes room, so much and no more. */
	assert_int_equal(cupboard_ask(c, &(struct archive_selection){ .ids = &kept.id, .n_ids = 1 },
				      &job), 0);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_int_equal(cupboard_keep(c, &child_id, A, 100, &kept), 0);
	secret_free(kept.keys);
	assert_answer(cupboard_keep(c, &child_id, A, 100, &kept), ANSWER_QUOTA_EXCEEDED, c->why);
}

static void test_r3_expired_is_invisible_before_any_sweep(void **state)
{
	struct cupboard *c = *state;
	struct archive_opened *opened = NULL;
	struct kept kept = { 0 };

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 100, &kept), 0);
	c->boot_ms += 7 * INT64_C(86400000) - 1000;
	assert_int_equal(list(c, &(struct archive_selection){ 0 }, 0), 1);
	c->boot_ms += 1000;
	assert_int_equal(list(c, &(struct archive_selection){ 0 }, 0), 0);
	assert_int_equal(archive_open(c->archive, &kept.id, 0, &opened, &c->why), ANSWER_NOT_FOUND);
	secret_free(kept.keys);
}

static void test_damaged_body_is_not_handed_out(void **state)
{
	struct cupboard *c = *state;
	struct archive_opened *opened = NULL;
	struct kept kept = { 0 };
	char path[320];
	uint8_t *text, *at;
	off_t size;
	FILE *file;

	assert_int_equal(cupboard_keep(c, &child_id, A, 9000, &kept), 0);
	cupboard_shut(c);
	size = room_size(c->room, "cubby.db");
	text = malloc((size_t)size);
	file = fopen(room_path(c->room, "cubby.db", path), "rb");
	assert_int_equal(fread(text, 1, (size_t)size, file), size);
	fclose(file);
	at = memmem(text, (size_t)size, kept.head, 16);
	assert_non_null(at);
	room_write(c->room, "cubby.db", at - text, "x", 1);
	free(text);
	cupboard_open(c);
	assert_answer(archive_open(c->archive, &kept.id, 0, &opened, &c->why), ANSWER_FAILED,
		      c->why);
	secret_free(kept.keys);
}

static void test_r17_only_an_adults_item_has_a_copy(void **state)
{
	struct cupboard *c = *state;
	struct kept childs = { 0 }, adults = { 0 };
	struct archive_opened *opened = NULL;
	struct archive_copy *copies = NULL;
	struct export_row row;
	struct id copy, none;
	size_t n;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 100, &childs), 0);
	assert_int_equal(cupboard_keep(c, &adult_id, A | T | L, 100, &adults), 0);
	assert_answer(cupboard_approve(c, &childs.id, &none), ANSWER_NOT_AUTHORIZED, c->why);
	assert_int_equal(exportable(c, "wake words", &row, NULL), 0);
	assert_int_equal(row.child, 1);
	assert_int_equal(row.unapproved, 1);
	assert_int_equal(cupboard_approve(c, &adults.id, &copy), 0);
	assert_answer(cupboard_approve(c, &adults.id, &none), ANSWER_EXISTS, c->why);
	assert_int_equal(copies_list(c, NULL, "me", &copies, &n), 0);
	assert_int_equal(copies[0].expires_min, T0_MIN + 7 * 1440);	/* the source's */
	assert_int_equal(n, 1);
	assert_true(id_equal(&copies[0].item, &adults.id));
	archive_copies_free(copies, n);
	assert_int_equal(copies_list(c, "other", NULL, &copies, &n), 0);
	assert_int_equal(n, 0);
	archive_copies_free(copies, n);
	assert_int_equal(exportable(c, "wake words", &row, &opened), 1);
	assert_int_equal(opened->n_parts, 2);	/* a location is never released */
	archive_opened_free(opened);
	assert_int_equal(row.child, 1);
	assert_int_equal(row.unapproved, 0);
	assert_int_equal(exportable(c, "adverts", &row, NULL), 0);
	assert_int_equal(row.elsewhere, 1);
	secret_free(childs.keys);
	secret_free(adults.keys);
}

STATEMENT(test_item_unveiled, "UPDATE part SET veiled = 0");
STATEMENT(test_item_moves, "UPDATE item SET profile = (SELECT profile FROM profile WHERE id = :to)"
			   " WHERE id = :id");
STATEMENT(test_item_renamed, "UPDATE item SET id = randomblob(16) WHERE id = :id");
STATEMENT(test_part_moves, "UPDATE part SET item = (SELECT item FROM item WHERE id = :to)"
			   " WHERE kind = 1 AND item = (SELECT item FROM item WHERE id = :id)");

static int moved(struct cupboard *c, struct statement_source *source, const struct id *id,
		 const struct id *to)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(c->store, source);

	statement_bind_id(s, ":id", id);
	if (to)
		statement_bind_id(s, ":to", to);
	return statement_run(s);
}

/* Under direct SQL, too: what is a child's cannot be made an adult's and then released. */
static void test_r17_a_childs_item_stays_a_childs(void **state)
{
	struct cupboard *c = *state;
	_cleanup_(statement_endp) struct statement *s = NULL;
	struct kept childs = { 0 }, adults = { 0 };
	struct id none;

	assert_int_equal(cupboard_keep(c, &child_id, A | T, 100, &childs), 0);
	assert_int_equal(cupboard_keep(c, &adult_id, T, 100, &adults), 0);
	assert_int_not_equal(moved(c, &test_item_moves, &childs.id, &adult_id), 0);
	assert_answer(cupboard_approve(c, &childs.id, &none), ANSWER_NOT_AUTHORIZED, c->why);
	assert_int_not_equal(moved(c, &test_part_moves, &childs.id, &adults.id), 0);
	assert_int_not_equal(moved(c, &test_item_renamed, &childs.id, NULL), 0);
	/* The other way it may go: an adult's item turns out to be a child's. But not with a veil
	 * that is the adult's. */
	assert_int_not_equal(moved(c, &test_item_moves, &adults.id, &child_id), 0);
	s = store_statement(c->store, &test_item_unveiled);
	assert_int_equal(statement_run(s), 0);
	assert_int_equal(moved(c, &test_item_moves, &adults.id, &child_id), 0);
	assert_answer(cupboard_approve(c, &adults.id, &none), ANSWER_NOT_AUTHORIZED, c->why);
	secret_free(childs.keys);
	secret_free(adults.keys);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, cupboard_make, cupboard_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_kept_item_is_listed_and_opened),
		TEST(test_pages_and_selections),
		TEST(test_what_is_not_there_is_said),
		TEST(test_r2_forever_is_refused),
		TEST(test_bad_commits_keep_nothing),
		TEST(test_quota),
		TEST(test_r3_expired_is_invisible_before_any_sweep),
		TEST(test_damaged_body_is_not_handed_out),
		TEST(test_r17_only_an_adults_item_has_a_copy),
		TEST(test_r17_a_childs_item_stays_a_childs),
	};

	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
