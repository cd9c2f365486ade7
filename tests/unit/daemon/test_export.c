/* SPDX-License-Identifier: Apache-2.0 */
/* The walls around a training export (R17): a child's item is out of reach by question, by query
 * and by schema, and by key. */

#include "house.h"

#include "base/file.h"
#include "export.h"

static const char *const audio[] = {"audio"};

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

static int list(struct house *house, struct archive_copy **ret, size_t *ret_n)
{
	struct export_asker who = house_exporter(house);
	char cursor[ARCHIVE_CURSOR_TEXT];

	return approval_list(&house->ground, &who, "", 0, ret, ret_n, cursor, &house->why);
}

static int approve(struct house *house, const struct id *item, const uint8_t *recipient,
		   const char *purpose, struct id *ret_copy)
{
	return house_approve(house, item, recipient, purpose, ret_copy);
}

static struct export_row row_for(const char *purpose)
{
	struct export_row row = {.recipient = "lab", .format = "hf", .encoding = "flac"};

	strncpy(row.purpose, purpose, sizeof(row.purpose) - 1);
	return row;
}

static int begin(struct house *house, struct export_row *row, const char *purpose)
{
	struct export_asker who = house_exporter(house);

	*row = row_for(purpose);
	house->why.text[0] = '\0';
	return export_begin(&house->ground, &who, row, &house->why);
}

static unsigned fetch(struct house *house, const struct export_row *row, struct export_page *page)
{
	struct export_asker who = house_exporter(house);
	char id[ID_TEXT];

	assert_int_equal(export_fetch(&house->ground, &who, id_text(&row->id, id), 0, page,
				      &house->why), 0);
	return page->n;
}

static int wrote(struct house *house, const struct export_row *row, const struct id *token)
{
	const struct manifest_item item = {.token = *token, .bytes = 7, .hash = {1},
					   .start = {2}, .sound = {3}, .lines = {{4}},
					   .n_lines = 1};
	char id[ID_TEXT];

	return export_wrote(&house->ground, id_text(&row->id, id), &item, 1, &house->why);
}

static int finish(struct house *house, const struct export_row *row, uint64_t generation,
		  struct export_list *ret)
{
	struct export_asker who = house_exporter(house);
	char id[ID_TEXT];

	return export_finish(&house->ground, &who, house->device->sign, "cubby test",
			     id_text(&row->id, id), generation, ret, &house->why);
}

static void test_r17_a_childs_item_cannot_be_approved(void **state)
{
	struct house *house = *state;
	struct export_asker who = house_exporter(house);
	struct archive_draft *draft;
	struct archive_item *items;
	struct id child, adult, copy;
	char cursor[ARCHIVE_CURSOR_TEXT];
	size_t n;

	setup(house, &child, &adult);
	assert_answer(approve(house, &child, house->release->public, "training", &copy),
		      ANSWER_NOT_AUTHORIZED, house->why);
	assert_non_null(strstr(house->why.text, "child"));
	assert_int_equal(house_logged(house, "\"reason\": \"child\""), 1);
	/* Below the question: the archive refuses as well. */
	assert_int_equal(archive_copy_begin(house->archive, &child, &draft, &house->why),
			 ANSWER_NOT_AUTHORIZED);
	/* Nor is it offered for review, or refused as if it could be. */
	assert_answer(approval_candidates(&house->ground, &who, "mia", "", 0, &items, &n, cursor,
					  &house->why), ANSWER_NOT_AUTHORIZED, house->why);
	assert_answer(approval_own(&house->ground, &who, "Export.Refuse", &child, 1, &house->why),
		      ANSWER_NOT_AUTHORIZED, house->why);
	assert_int_equal(house_logged(house, "\"reason\": \"child\""), 3);
	assert_int_equal(approval_candidates(&house->ground, &who, "", "", 0, &items, &n, cursor,
					     &house->why), 0);
	assert_int_equal(n, 1);
	assert_true(id_equal(&items[0].id, &adult));
	free(items);
	if (approve(house, &adult, house->release->public, "training", &copy))
		fail_msg("%s", house->why.text);
	assert_int_equal(house_logged(house, "export-approve"), 1);
	assert_int_equal(house_logged(house, "\"reason\": \"heard\""), 1);
	assert_int_equal(approval_candidates(&house->ground, &who, "dad", "", 0, &items, &n,
					     cursor, &house->why), 0);
	assert_int_equal(n, 0);
	free(items);
}

static void test_r17_an_export_has_what_was_approved_for_it(void **state)
{
	struct house *house = *state;
	struct intake_asker parent = house_parent(house);
	_cleanup_(export_page_clear) struct export_page page = {.n = 0};
	struct export_row row, none;
	struct archive_copy *copies;
	struct id child, adult, other, copy, elsewhere;
	size_t n;

	setup(house, &child, &adult);
	assert_int_equal(house_keep(house, &parent, "dad", audio, 1, &other), 0);
	assert_answer(begin(house, &row, "training"), ANSWER_NOT_FOUND, house->why);
	assert_int_equal(house_logged(house, "\"not approved\""), 1);
	if (approve(house, &adult, house->release->public, "training", &copy) ||
	    approve(house, &other, house->release->public, "adverts", &elsewhere))
		fail_msg("%s", house->why.text);
	assert_int_equal(list(house, &copies, &n), 0);
	assert_int_equal(n, 2);
	assert_true(id_equal(&copies[1].id, &copy));
	assert_true(id_equal(&copies[1].item, &adult));
	archive_copies_free(copies, n);
	if (begin(house, &row, "training"))
		fail_msg("%s", house->why.text);
	assert_int_equal(row.items, 1);
	assert_int_equal(row.child, 1);
	assert_int_equal(row.unapproved, 0);
	assert_int_equal(row.elsewhere, 1);
	assert_int_equal(fetch(house, &row, &page), 1);
	assert_true(id_equal(&page.items[0].copy, &copy));
	assert_int_equal(house_logged(house, "export-open"), 1);
	/* A token says nothing of its item, and the next export has another. */
	assert_false(id_equal(&page.items[0].token, &copy));
	assert_int_equal(begin(house, &none, "train"), ANSWER_NOT_FOUND);
	none = row_for("training");
	strcpy(none.recipient, "la");
	assert_int_equal(export_begin(&house->ground, &(struct export_asker){
			.uid = 1, .proof = &house->proof, .drafts = &house->drafts}, &none,
			&house->why), ANSWER_NOT_FOUND);
}

/* R19: a manifest of just what stands, signed; afterwards nothing is added. */
static void test_r19_an_export_from_beginning_to_manifest(void **state)
{
	struct house *house = *state;
	_cleanup_(export_list_clear) struct export_list out = EXPORT_LIST_INIT;
	struct export_page page = {.n = 0};
	struct manifest_item item;
	struct manifest manifest;
	struct export_row row;
	struct id child, adult, copy;
	uint8_t hash[HASH_BYTES];
	char id[ID_TEXT], lines[4096] = "";
	size_t n;

	setup(house, &child, &adult);
	assert_int_equal(approve(house, &adult, house->release->public, "training", &copy), 0);
	assert_int_equal(begin(house, &row, "training"), 0);
	assert_answer(finish(house, &row, 0, &out), ANSWER_BUSY, house->why);
	assert_int_equal(fetch(house, &row, &page), 1);
	assert_int_equal(wrote(house, &row, &page.items[0].token), 0);
	export_page_clear(&page);
	/* All are written: nothing more is handed out. */
	assert_int_equal(fetch(house, &row, &page), 0);
	assert_int_equal(finish(house, &row, 0, &out), 0);
	assert_int_equal(manifest_verify(out.head, house->device->sign->public, NULL, &manifest,
					 &house->why), 0);
	assert_true(file_memfd_sealed(out.lines, &n));
	assert_int_equal(file_pread(out.lines, lines, n, 0), 0);
	crypt_hash(lines, n, hash);
	assert_memory_equal(hash, manifest.lines, HASH_BYTES);
	assert_int_equal(manifest.items, 1);
	assert_int_equal(manifest.child, 1);
	assert_string_equal(manifest.purpose, "training");
	assert_string_equal(manifest.recipient, "lab");
	assert_memory_equal(manifest.policy, house->policy->hash, HASH_BYTES);
	assert_int_equal(manifest_item_parse(lines, n - 1, "flac", &item,
					     &house->why), 0);
	assert_string_equal(item.review, "heard");
	assert_int_equal(item.expires_s, manifest.expires_s);
	assert_int_equal(item.bytes, 7);
	assert_int_equal(house_logged(house, "export-end"), 1);
	/* No id of ours and no name is in it. */
	assert_null(strstr(lines, id_text(&copy, id)));
	assert_null(strstr(lines, id_text(&adult, id)));
	assert_null(strstr(out.head, "\"dad\""));	/* three digits of hex, without quotes */
	assert_int_equal(wrote(house, &row, &item.token), 0);	/* passed over */
	assert_answer(export_cancel(&house->ground, &(struct export_asker){.uid = 1},
				    id_text(&row.id, id), &house->why), ANSWER_EXISTS, house->why);
}

struct reasons {
	unsigned n;
	char last[RECALL_REASON_TEXT];
};

static int reason_note(void *context, struct recall *recall)
{
	struct reasons *reasons = context;

	reasons->n++;
	strcpy(reasons->last, recall->reason);
	return 0;
}

static struct reasons reasons_of(struct house *house, const struct export_row *row)
{
	struct reasons reasons = {.n = 0};

	assert_int_equal(store_recalls(house->store, row->export, reason_note, &reasons), 0);
	return reasons;
}

STATEMENT(test_remove, "UPDATE profile SET removing = 1 WHERE name = 'dad'");
STATEMENT(test_link_drop, "DELETE FROM export_item");
STATEMENT(test_childs_link,
	"INSERT INTO export_item (export, copy, token) SELECT (SELECT export FROM export),"
	" item, randomblob(16) FROM item");
STATEMENT(test_childs_refusal,
	"INSERT INTO refusal (item, refused_min) SELECT item, 1 FROM item"
	" JOIN profile USING (profile) WHERE type = 'child'");
STATEMENT(test_childs_item_moves,
	"UPDATE item SET profile = (SELECT profile FROM profile WHERE type = 'adult')");
STATEMENT(test_childs_copy,
	"INSERT INTO copy (id, item, header, purpose, recipient, approved_min)"
	" SELECT randomblob(16), item, header, 'training', 'lab', 1 FROM item"
	" JOIN profile USING (profile) WHERE type = 'child'");
STATEMENT(test_child_grows_up, "UPDATE profile SET type = 'adult'");
STATEMENT(test_other_purpose, "UPDATE copy SET purpose = 'adverts'");
STATEMENT(test_export_for_more, "UPDATE export SET recipient = 'everybody'");
STATEMENT(test_recall_unsaid, "UPDATE recall SET reason = 'deleted'");
STATEMENT(test_names_change, "UPDATE profile SET name = name || 'x'");

static int sql(struct house *house, struct statement_source *source)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(house->store, source);

	return statement_run(s);
}

/* R17: what an attacker could do with SQL to export a child's item, or unlink an export. */
static void test_r17_the_schema_refuses_sql(void **state)
{
	struct statement_source *const sources[] = {
		&test_childs_copy, &test_childs_link, &test_childs_refusal, &test_childs_item_moves,
		&test_child_grows_up, &test_other_purpose, &test_export_for_more, &test_link_drop,
	};
	struct house *house = *state;
	struct export_page page = {.n = 0};
	_cleanup_(export_list_clear) struct export_list out = EXPORT_LIST_INIT;
	struct id child, adult, copy;
	struct export_row row;

	setup(house, &child, &adult);
	assert_int_equal(approve(house, &adult, house->release->public, "training", &copy), 0);
	assert_int_equal(begin(house, &row, "training"), 0);
	assert_int_equal(fetch(house, &row, &page), 1);
	assert_int_equal(wrote(house, &row, &page.items[0].token), 0);
	export_page_clear(&page);
	assert_int_equal(finish(house, &row, 0, &out), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (sql(house, sources[i]) != ANSWER_INVALID_ARGUMENT)
			fail_msg("went through: %s", sources[i]->sql);
	/* Names may change; whose an item is does not hang on them. */
	assert_int_equal(sql(house, &test_names_change), 0);
	assert_answer(approve(house, &child, house->release->public, "training", &copy),
		      ANSWER_NOT_AUTHORIZED, house->why);
}

/* R19: the recall is written by the statement that ends the source: here nothing else runs. */
static void test_r19_a_removed_profile_is_recalled_at_once(void **state)
{
	struct house *house = *state;
	struct export_row row, again;
	struct id child, adult, copy;
	char id[ID_TEXT];

	setup(house, &child, &adult);
	assert_int_equal(approve(house, &adult, house->release->public, "training", &copy), 0);
	assert_int_equal(begin(house, &row, "training"), 0);
	assert_int_equal(reasons_of(house, &row).n, 0);
	assert_int_equal(sql(house, &test_remove), 0);
	assert_int_equal(reasons_of(house, &row).n, 1);
	assert_string_equal(reasons_of(house, &row).last, "removed");
	assert_int_equal(export_find(&house->ground, id_text(&row.id, id), &again, &house->why),
			 0);
	assert_int_equal(again.items, 0);
	assert_int_equal(sql(house, &test_recall_unsaid), ANSWER_INVALID_ARGUMENT);
}

static void test_an_export_is_cancelled_or_forgotten(void **state)
{
	struct house *house = *state;
	struct export_asker who = house_exporter(house);
	struct export_row row, other;
	struct id child, adult, copy;
	char id[ID_TEXT];

	setup(house, &child, &adult);
	assert_int_equal(approve(house, &adult, house->release->public, "training", &copy), 0);
	assert_int_equal(begin(house, &row, "training"), 0);
	assert_int_equal(export_cancel(&house->ground, &who, id_text(&row.id, id), &house->why),
			 0);
	assert_answer(export_find(&house->ground, id, &other, &house->why), ANSWER_NOT_FOUND,
		      house->why);
	assert_int_equal(begin(house, &row, "training"), 0);
	house->boot_ms += 8 * 86400 * 1000ll;
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	assert_int_equal(begin(house, &other, "training"), 0);
	assert_int_equal(export_find(&house->ground, id_text(&row.id, id), &row, &house->why),
			 ANSWER_NOT_FOUND);
	assert_answer(export_find(&house->ground, "../mia", &row, &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
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

static void test_r17_an_approval_ends_with_its_source(void **state)
{
	struct house *house = *state;
	_cleanup_(export_list_clear) struct export_list out = EXPORT_LIST_INIT;
	struct export_page page = {.n = 0};
	struct export_row running, none;
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
	assert_int_equal(list(house, &copies, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(copies[0].expires_min, item.parts[0].expires_min);
	archive_copies_free(copies, n);
	assert_int_equal(begin(house, &running, "training"), 0);
	house->boot_ms += 86400 * 1000ll;
	assert_int_equal(list(house, &copies, &n), 0);
	assert_int_equal(n, 0);
	archive_copies_free(copies, n);
	/* Neither the export that runs nor another one has it. */
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	assert_int_equal(fetch(house, &running, &page), 0);
	assert_answer(finish(house, &running, 0, &out), ANSWER_NOT_FOUND, house->why);
	assert_answer(begin(house, &none, "training"), ANSWER_NOT_FOUND, house->why);
}

static void test_words_of_an_approval(void **state)
{
	struct approval approval = {.purpose = "p", .recipient = "r", .review = "guessed"};
	struct house *house = *state;
	struct export_asker who = house_exporter(house);
	struct id child, adult, copy;
	char longest[402];
	int64_t until_min;

	setup(house, &child, &adult);
	assert_answer(approval_give(&house->ground, &who, &approval, &until_min, &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
	assert_answer(approval_begin(&house->ground, &who, "zz", NULL, &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
	approval.review = "heard";
	approval.voice = "perhaps";
	assert_answer(approval_give(&house->ground, &who, &approval, &until_min, &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
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
	struct export_row row;
	struct id child, adult, copy;

	setup(house, &child, &adult);
	house->boot_ms += 301 * 1000;
	assert_answer(approve(house, &adult, house->release->public, "training", &copy),
		      ANSWER_NOT_AUTHORIZED, house->why);
	assert_int_equal(house_logged(house, "\"Export.BeginApproval\""), 1);
	assert_answer(begin(house, &row, "training"), ANSWER_NOT_AUTHORIZED, house->why);
	assert_int_equal(house_logged(house, "\"Export.Begin\""), 1);
}

/* However many there are and however long their words: a page is never more than a message. */
static void test_a_long_listing_comes_in_pages(void **state)
{
	enum { COPIES = 100 };
	struct house *house = *state;
	struct intake_asker parent = house_parent(house);
	struct export_asker who = house_exporter(house);
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
		assert_int_equal(approval_list(&house->ground, &who, cursor, 0, &copies, &n, next,
					       &house->why), 0);
		assert_in_range(n, 1, 48 * 1024 / 900);
		for (size_t i = 0; i < n; i++, all++)
			if (all == 0)
				assert_true(id_equal(&copies[i].id, &copy));
		archive_copies_free(copies, n);
		memcpy(cursor, next, sizeof(cursor));
	} while (cursor[0]);
	assert_int_equal(all, COPIES);
	assert_answer(approval_list(&house->ground, &who, "zz", 0, &copies, &n, next, &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_r17_a_childs_item_cannot_be_approved),
		HOUSE_TEST(test_r17_an_export_has_what_was_approved_for_it),
		HOUSE_TEST(test_r19_an_export_from_beginning_to_manifest),
		HOUSE_TEST(test_r17_the_schema_refuses_sql),
		HOUSE_TEST(test_r19_a_removed_profile_is_recalled_at_once),
		HOUSE_TEST(test_an_export_is_cancelled_or_forgotten),
		HOUSE_TEST(test_r17_each_copy_has_its_key),
		HOUSE_TEST(test_r17_an_approval_ends_with_its_source),
		HOUSE_TEST(test_words_of_an_approval),
		HOUSE_TEST(test_no_export_without_a_proof),
		HOUSE_TEST(test_a_long_listing_comes_in_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
