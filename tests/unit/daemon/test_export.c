/* SPDX-License-Identifier: Apache-2.0 */
/* The walls around a training export (R17): a child's item is out of reach by question, by query
 * and by schema, and by key. */

#include "house.h"

#include "export.h"

static const char *const audio[] = {"audio"};

static struct export_asker asker(struct house *house)
{
	return (struct export_asker){.uid = HOUSE_UID, .proof = &house->proof,
				     .drafts = &house->drafts};
}

/* A child with one item, an adult with one. */
static void setup(struct house *house, struct id *ret_child, struct id *ret_adult)
{
	struct intake_asker ear = house_ear(house), parent = house_parent(house);
	struct profile mia;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	house_add(house, "dad", "adult");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 86400), 0);
	assert_int_equal(house_keep(house, &ear, "mia", audio, 1, ret_child), 0);
	assert_int_equal(house_keep(house, &parent, "dad", audio, 1, ret_adult), 0);
}

static int list(struct house *house, const char *purpose, const char *recipient,
		struct archive_copy **ret, size_t *ret_n)
{
	struct export_asker who = asker(house);
	char cursor[ARCHIVE_CURSOR_TEXT];

	return export_list(&house->ground, &who, purpose, recipient, "", 0, ret, ret_n, cursor,
			   &house->why);
}

static int approve(struct house *house, const struct id *item, const uint8_t *recipient,
		   const char *purpose, struct id *ret_copy)
{
	struct export_asker who = asker(house);
	const struct archive_draft *draft;
	struct sealed_item sealed;
	int64_t expires_min;
	char id[ID_TEXT];
	int r;

	house->why.text[0] = '\0';
	r = export_begin(&house->ground, &who, id_text(item, id), &draft, &house->why);
	if (r)
		return r;
	*ret_copy = draft->id;
	house_seal(draft, recipient, "an adult's words", &sealed);
	r = export_approve(&house->ground, &who, id_text(&draft->id, id), &sealed.delivery, purpose,
			   "lab", &expires_min, &house->why);
	sealed_item_clear(&sealed);
	drafts_clear(&house->drafts);
	return r;
}

static void test_r17_a_childs_item_cannot_be_approved(void **state)
{
	struct house *house = *state;
	struct export_asker who = asker(house);
	struct archive_draft *draft;
	struct id child, adult, copy;

	setup(house, &child, &adult);
	assert_answer(approve(house, &child, house->release->public, "training", &copy),
		      ANSWER_NOT_AUTHORIZED, house->why);
	assert_non_null(strstr(house->why.text, "child"));
	assert_int_equal(house_logged(house, "\"reason\": \"child\""), 1);
	/* Below the question: the archive refuses as well. */
	assert_int_equal(archive_copy_begin(house->archive, &child, &draft, &house->why),
			 ANSWER_NOT_AUTHORIZED);
	if (approve(house, &adult, house->release->public, "training", &copy))
		fail_msg("%s", house->why.text);
	assert_int_equal(house_logged(house, "export-approve"), 1);
	(void)who;
}

static void test_r17_a_childs_item_cannot_be_opened_or_listed(void **state)
{
	struct house *house = *state;
	struct export_asker who = asker(house);
	struct archive_opened *opened = NULL;
	struct archive_copy *copies;
	struct id child, adult, copy;
	uint64_t children, not_approved;
	char id[ID_TEXT];
	size_t n;

	setup(house, &child, &adult);
	assert_int_equal(list(house, "", "", &copies, &n), 0);
	assert_int_equal(n, 0);
	archive_copies_free(copies, n);
	assert_int_equal(archive_copy_excluded(house->archive, &children, &not_approved), 0);
	assert_int_equal(children, 1);
	assert_int_equal(not_approved, 1);
	assert_answer(export_open(&house->ground, &who, id_text(&child, id), &opened, &house->why),
		      ANSWER_NOT_AUTHORIZED, house->why);
	assert_answer(export_open(&house->ground, &who, id_text(&adult, id), &opened, &house->why),
		      ANSWER_NOT_FOUND, house->why);
	assert_answer(export_open(&house->ground, &who, "../mia", &opened, &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
	assert_null(opened);
	if (approve(house, &adult, house->release->public, "training", &copy))
		fail_msg("%s", house->why.text);
	assert_int_equal(list(house, "training", "lab", &copies, &n), 0);
	assert_int_equal(n, 1);
	assert_true(id_equal(&copies[0].id, &copy));
	assert_true(id_equal(&copies[0].item, &adult));
	archive_copies_free(copies, n);
	assert_int_equal(list(house, "other", "", &copies, &n), 0);
	assert_int_equal(n, 0);
	archive_copies_free(copies, n);
	assert_int_equal(export_open(&house->ground, &who, id_text(&copy, id), &opened,
				     &house->why),
			 0);
	archive_opened_free(opened);
	assert_int_equal(house_logged(house, "export-open"), 1);
	assert_int_equal(house_logged(house, "\"reason\": \"child\""), 1);
}

/* The keeper takes a copy only under the release key: a copy under `home` would be unreadable for
 * the exporter, an item under `release` readable without a review. */
static void test_r17_each_copy_has_its_key(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	const struct archive_draft *draft;
	struct archive_body bodies[KIND_MAX];
	struct sealed_item sealed;
	struct id child, adult, copy;
	char id[ID_TEXT];
	unsigned n;

	setup(house, &child, &adult);
	assert_answer(approve(house, &adult, house->home->public, "training", &copy),
		      ANSWER_INVALID_ARGUMENT, house->why);
	assert_int_equal(intake_begin(house->intake, &ear, "mia", audio, 1, &draft, &house->why),
			 0);
	house_seal(draft, house->release->public, "a child's words", &sealed);
	assert_answer(intake_commit(house->intake, &ear, id_text(&draft->id, id), &sealed.delivery,
				    bodies, &n, &house->why), ANSWER_INVALID_ARGUMENT, house->why);
	sealed_item_clear(&sealed);
}

static void test_an_approval_ends_with_its_source(void **state)
{
	struct house *house = *state;
	struct archive_copy *copies;
	struct archive_item item;
	struct id child, adult, copy;
	size_t n;

	house->config.keep_max_s[KIND_AUDIO] = 86400;
	house_restart(house);
	setup(house, &child, &adult);
	if (approve(house, &adult, house->release->public, "training", &copy))
		fail_msg("%s", house->why.text);
	assert_int_equal(archive_find(house->archive, &adult, &item, &house->why), 0);
	assert_int_equal(list(house, "", "", &copies, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(copies[0].expires_min, item.parts[0].expires_min);
	archive_copies_free(copies, n);
	house->boot_ms += 86400 * 1000ll;
	assert_int_equal(list(house, "", "", &copies, &n), 0);
	assert_int_equal(n, 0);
	archive_copies_free(copies, n);
}

static void test_words_of_an_approval(void **state)
{
	struct house *house = *state;
	struct id child, adult, copy;
	char longest[402];

	setup(house, &child, &adult);
	memset(longest, 'x', sizeof(longest));
	longest[201] = '\0';
	assert_answer(approve(house, &adult, house->release->public, "", &copy),
		      ANSWER_INVALID_ARGUMENT, house->why);
	assert_answer(approve(house, &adult, house->release->public, longest, &copy),
		      ANSWER_INVALID_ARGUMENT, house->why);
	assert_answer(approve(house, &adult, house->release->public, "two\nlines", &copy),
		      ANSWER_INVALID_ARGUMENT, house->why);
	longest[200] = '\0';
	assert_int_equal(approve(house, &adult, house->release->public, longest, &copy), 0);
	/* Approved once. */
	assert_answer(approve(house, &adult, house->release->public, "again", &copy), ANSWER_BUSY,
		      house->why);
}

static void test_no_export_without_a_proof(void **state)
{
	struct house *house = *state;
	struct id child, adult, copy;

	setup(house, &child, &adult);
	house->boot_ms += 301 * 1000;
	assert_answer(approve(house, &adult, house->release->public, "training", &copy),
		      ANSWER_NOT_AUTHORIZED, house->why);
	assert_int_equal(house_logged(house, "\"no proof\""), 1);
}

/* However many there are and however long their words: a page is never more than a message. */
static void test_a_long_listing_comes_in_pages(void **state)
{
	enum { COPIES = 100 };
	struct house *house = *state;
	struct intake_asker parent = house_parent(house);
	struct export_asker who = asker(house);
	char words[801], cursor[ARCHIVE_CURSOR_TEXT] = "", next[ARCHIVE_CURSOR_TEXT];
	struct archive_copy *copies;
	struct id child, adult, copy;
	size_t n, all = 0;

	setup(house, &child, &adult);
	for (size_t i = 0; i < sizeof(words) - 1; i += 4)
		memcpy(words + i, "\xf0\x9f\x8e\x93", 4);
	words[800] = '\0';
	for (int i = 0; i < COPIES; i++) {
		assert_int_equal(house_keep(house, &parent, "dad", audio, 1, &adult), 0);
		assert_int_equal(approve(house, &adult, house->release->public, words, &copy), 0);
	}
	do {
		assert_int_equal(export_list(&house->ground, &who, words, "lab", cursor, 0, &copies,
					     &n, next, &house->why), 0);
		assert_in_range(n, 1, 48 * 1024 / 900);
		for (size_t i = 0; i < n; i++, all++)
			if (all == 0)
				assert_true(id_equal(&copies[i].id, &copy));
		archive_copies_free(copies, n);
		memcpy(cursor, next, sizeof(cursor));
	} while (cursor[0]);
	assert_int_equal(all, COPIES);
	assert_answer(export_list(&house->ground, &who, "", "", "zz", 0, &copies, &n, next,
				  &house->why), ANSWER_INVALID_ARGUMENT, house->why);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_r17_a_childs_item_cannot_be_approved),
		HOUSE_TEST(test_r17_a_childs_item_cannot_be_opened_or_listed),
		HOUSE_TEST(test_r17_each_copy_has_its_key),
		HOUSE_TEST(test_an_approval_ends_with_its_source),
		HOUSE_TEST(test_words_of_an_approval),
		HOUSE_TEST(test_no_export_without_a_proof),
		HOUSE_TEST(test_a_long_listing_comes_in_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
