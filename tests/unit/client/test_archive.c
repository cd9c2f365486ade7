/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles, consents, items and receipts through the real keeper. Items come by import: an adult's
 * own, since a child's only ever come from an ear. */

#include "unit/client/world.h"

#include <jansson.h>
#include <malloc.h>

#include "base/id.h"
#include "sound/sound.h"

#define RATE_HZ SOUND_RATE_HZ

static int16_t samples[RATE_HZ];

static void samples_make(unsigned seed)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		seed = seed * 1103515245u + 12345u;
		samples[i] = (int16_t)(seed >> 16);
	}
}

static void profile_make(const char *name, bool child)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", 0);
	char id[CUBBY_ID_TEXT];
	int r = cubby_profile_add(cubby, name, child, id);

	assert_true(r == 0 || r == CUBBY_EXISTS);
}

static void item_make(const char *transcript, char ret_id[CUBBY_ID_TEXT])
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;

	profile_make("Anna", false);
	cubby = world_proved("home", 0);
	assert_cubby(cubby, cubby_import(cubby, "Anna", samples, ARRAY_SIZE(samples), transcript,
					 ret_id));
}

static size_t list_count(struct cubby *cubby, const struct cubby_selection *selection)
{
	_cleanup_(cubby_list_freep) struct cubby_list *list = NULL;
	static char seen[64][CUBBY_ID_TEXT];
	const struct cubby_item *item;
	int64_t before_s = INT64_MAX;
	size_t n = 0;

	assert_cubby(cubby, cubby_list_new(cubby, selection, &list));
	for (;; n++) {
		assert_cubby(cubby, cubby_list_next(list, &item));
		if (!item)
			return n;
		assert_true(item->started_s <= before_s);
		before_s = item->started_s;
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(seen[i], item->id);
		assert_true(n < ARRAY_SIZE(seen));
		memcpy(seen[n], item->id, sizeof(seen[n]));
	}
}

static void delete_all(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cubby_erasure_freep) struct cubby_erasure *erasure = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	struct cubby_selection all = CUBBY_SELECTION_INIT;
	uint32_t items = 0;

	world_code();
	cubby = world_parent("home");
	all.all = true;
	if (cubby_delete(cubby, &all, false, &job, &items) == 0 && job)
		assert_cubby(cubby, cubby_job_wait(cubby, job, 0, &erasure));
}

static int archive_empty(void **state)
{
	delete_all(state);
	return 0;
}

static void test_profiles(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", 0);
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL, *after = NULL;
	_cleanup_(cubby_erasure_freep) struct cubby_erasure *erasure = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	char id[CUBBY_ID_TEXT];

	assert_cubby(cubby, cubby_profile_add(cubby, "emma", true, id));
	assert_refused(cubby, cubby_profile_add(cubby, "emma", false, id), CUBBY_EXISTS);
	assert_refused(cubby, cubby_profile_add(cubby, "", true, id), CUBBY_INVALID_ARGUMENT);
	assert_cubby(cubby, cubby_profiles(cubby, &profiles));
	assert_int_equal(profiles->n, 1);
	assert_string_equal(profiles->list[0]->name, "emma");
	assert_true(profiles->list[0]->child);
	assert_string_equal(profiles->list[0]->id, id);
	assert_cubby(cubby, cubby_profile_remove(cubby, "emma", &job));
	if (job)
		assert_cubby(cubby, cubby_job_wait(cubby, job, 0, &erasure));
	assert_cubby(cubby, cubby_profiles(cubby, &after));
	assert_int_equal(after->n, 0);
	assert_refused(cubby, cubby_profile_remove(cubby, "emma", &job), CUBBY_NOT_FOUND);
}

/* R20: one kind is one statement; nothing is granted that was not named. */
static void test_r20_granting_one_kind_grants_no_other(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cubby_consents_freep) struct cubby_consents *consents = NULL, *after = NULL;
	_cleanup_(cubby_erasure_freep) struct cubby_erasure *erasure = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	const char *const kinds[] = { "transcript" };
	const uint32_t keep_s[] = { 7 * 86400 };

	profile_make("tom", true);
	cubby = world_proved("home", CUBBY_SECRET_SIGN);
	assert_cubby(cubby, cubby_consent_grant_by(cubby, "tom", kinds, keep_s, 1, "letter"));
	assert_cubby(cubby, cubby_consents(cubby, "tom", &consents));
	assert_int_equal(consents->n, 1);
	assert_string_equal(consents->list[0]->method, "letter");
	assert_string_equal(consents->list[0]->kind, "transcript");
	assert_string_equal(consents->list[0]->state, "in force");
	assert_int_equal(consents->list[0]->keep_s, 7 * 86400);
	assert_cubby(cubby, cubby_consent_withdraw(cubby, "tom", NULL, 0, &job));
	if (job)
		assert_cubby(cubby, cubby_job_wait(cubby, job, 0, &erasure));
	assert_cubby(cubby, cubby_consents(cubby, "tom", &after));
	for (size_t i = 0; i < after->n; i++)
		assert_string_equal(after->list[i]->state, "withdrawn");
}

static void test_r2_no_consent_for_ever(void **state)
{
	static const uint32_t keep_s[] = { 0, 59, 30 * 86400 + 1, UINT32_MAX };
	const char *const audio[] = { "audio" }, *const none[] = { "training" };
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;

	profile_make("tom", true);
	cubby = world_proved("home", CUBBY_SECRET_SIGN);
	for (size_t i = 0; i < ARRAY_SIZE(keep_s); i++)
		assert_refused(cubby, cubby_consent_grant(cubby, "tom", audio, &keep_s[i], 1),
			       CUBBY_INVALID_ARGUMENT);
	assert_refused(cubby, cubby_consent_grant(cubby, "tom", none, &keep_s[1], 1),
		       CUBBY_INVALID_ARGUMENT);
	assert_refused(cubby, cubby_consent_grant(cubby, "nobody", audio, &keep_s[1], 1),
		       CUBBY_NOT_FOUND);
}

static void test_r22_consent_needs_a_parents_key(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	const char *const kinds[] = { "audio" };
	const uint32_t keep_s[] = { 86400 };

	profile_make("tom", true);
	cubby = world_proved("home", CUBBY_SECRET_HOME);
	assert_refused(cubby, cubby_consent_grant(cubby, "tom", kinds, keep_s, 1),
		       CUBBY_NOT_AUTHORIZED);
}

static void test_what_is_imported_comes_back_sample_for_sample(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL, *text = NULL;
	const char *const transcript[] = { "transcript", NULL };
	char id[CUBBY_ID_TEXT], found[CUBBY_ID_TEXT], prefix[9];

	samples_make(1);
	item_make("go forward ten meters", id);
	cubby = world_proved("home", CUBBY_SECRET_HOME);
	snprintf(prefix, sizeof(prefix), "%.8s", id);
	assert_cubby(cubby, cubby_resolve(cubby, prefix, found));
	assert_string_equal(found, id);
	assert_cubby(cubby, cubby_open(cubby, id, NULL, &opened));
	assert_int_equal(opened->rate_hz, RATE_HZ);
	assert_int_equal(opened->frames, ARRAY_SIZE(samples));
	assert_memory_equal(opened->samples, samples, sizeof(samples));
	assert_string_equal(opened->text, "go forward ten meters");
	assert_int_equal(opened->duration_ms, 1000);
	assert_cubby(cubby, cubby_open(cubby, id, transcript, &text));
	assert_null(text->samples);
	assert_string_equal(text->text, "go forward ten meters");
}

static void test_r12_opening_needs_the_proof(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *release = NULL;
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
	char id[CUBBY_ID_TEXT];

	samples_make(2);
	item_make(NULL, id);
	cubby = world_parent("home");
	assert_refused(cubby, cubby_open(cubby, id, NULL, &opened), CUBBY_NOT_AUTHORIZED);
	/* The release key does not open what is sealed to home, on whatever path it comes. */
	release = world_proved("home", CUBBY_SECRET_RELEASE);
	release->home = release->release;
	assert_refused(release, cubby_open(release, id, NULL, &opened), CUBBY_INVALID_ARGUMENT);
	release->home = NULL;
	assert_null(opened);
}

static unsigned words_freed;

static void spy_free(void *block)
{
	size_t n = block ? malloc_usable_size(block) : 0;

	if (n && memmem(block, n, "canary words", 12))
		words_freed++;
	free(block);
}

/* The host's JSON library may not get to see a word: nobody wipes what it frees. */
static void test_r7_words_touch_no_json_library(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", CUBBY_SECRET_HOME);
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
	char id[CUBBY_ID_TEXT];
	json_t *planted;

	samples_make(4);
	json_set_alloc_funcs(malloc, spy_free);
	planted = json_string("the canary words, planted");
	json_decref(planted);
	assert_int_equal(words_freed, 1);
	item_make("canary words of a child", id);
	assert_cubby(cubby, cubby_open(cubby, id, NULL, &opened));
	json_set_alloc_funcs(malloc, free);
	assert_string_equal(opened->text, "canary words of a child");
	assert_int_equal(words_freed, 1);
}

static void test_import_refusals(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *unproved = NULL;
	char id[CUBBY_ID_TEXT];

	samples_make(3);
	profile_make("tom", true);
	profile_make("Anna", false);
	cubby = world_proved("home", 0);
	unproved = world_parent("home");
	assert_refused(cubby, cubby_import(cubby, "tom", samples, 100, NULL, id),
		       CUBBY_NOT_AUTHORIZED);
	assert_refused(cubby, cubby_import(cubby, "nobody", samples, 100, NULL, id),
		       CUBBY_NOT_FOUND);
	assert_refused(cubby, cubby_import(cubby, "Anna", samples, 100, "\xff\xfe", id),
		       CUBBY_INVALID_ARGUMENT);
	assert_refused(unproved, cubby_import(unproved, "Anna", samples, 100, NULL, id),
		       CUBBY_NOT_AUTHORIZED);
	assert_int_equal(list_count(unproved, NULL), 0);
}

static void test_prefixes(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	char found[CUBBY_ID_TEXT];

	world_code();
	cubby = world_parent("home");
	assert_refused(cubby, cubby_resolve(cubby, "abc", found), CUBBY_INVALID_ARGUMENT);
	assert_refused(cubby, cubby_resolve(cubby, "ABCD", found), CUBBY_INVALID_ARGUMENT);
	assert_refused(cubby, cubby_resolve(cubby, "abcg", found), CUBBY_INVALID_ARGUMENT);
	assert_refused(cubby, cubby_resolve(cubby, "abcd", found), CUBBY_NOT_FOUND);
	assert_cubby(cubby, cubby_resolve(cubby, "0123456789abcdef0123456789abcdef", found));
}

/* R8, R9, R10: done is said with a receipt that holds, without a passphrase. */
static void test_r9_a_deletion_ends_in_a_receipt_that_holds(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cubby_erasure_freep) struct cubby_erasure *erasure = NULL;
	_cleanup_(cubby_receipt_freep) struct cubby_receipt *receipt = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	char first[CUBBY_ID_TEXT], second[CUBBY_ID_TEXT];
	const char *ids[] = { first };
	uint32_t items = 0;
	char *changed;

	samples_make(4);
	item_make("one", first);
	item_make("two", second);
	cubby = world_parent("home");
	selection.ids = ids;
	selection.n_ids = 1;
	assert_cubby(cubby, cubby_delete(cubby, &selection, true, &job, &items));
	assert_int_equal(items, 1);
	assert_null(job);
	assert_int_equal(list_count(cubby, NULL), 2);
	assert_cubby(cubby, cubby_delete(cubby, &selection, false, &job, &items));
	assert_int_equal(items, 1);
	assert_int_equal(list_count(cubby, NULL), 1);
	assert_cubby(cubby, cubby_job_wait(cubby, job, 0, &erasure));
	assert_true(erasure->done);
	assert_cubby(cubby, cubby_receipt_verify(cubby, erasure->receipt, NULL, &receipt));
	assert_string_equal(receipt->reason, "delete");
	assert_int_equal(receipt->items, 1);
	assert_int_equal(receipt->parts, 2);

	/* One changed digit, and another device's key. */
	changed = strdup(erasure->receipt);
	strstr(changed, "\"items\":1")[8] = '2';
	cubby_receipt_free(take(receipt));
	assert_refused(cubby, cubby_receipt_verify(cubby, changed, NULL, &receipt),
		       CUBBY_INVALID_ARGUMENT);
	free(changed);
	assert_refused(cubby, cubby_receipt_verify(cubby, erasure->receipt,
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", &receipt),
		CUBBY_INVALID_ARGUMENT);
	assert_null(receipt);
}

/* R9: a genuine receipt of another erasure, as a keeper gone wrong would hand out. */
static void test_r9_a_receipt_of_another_erasure_is_refused(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cubby_erasure_freep) struct cubby_erasure *erasure = NULL;
	_cleanup_(cleanup_free) char *other = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	char first[CUBBY_ID_TEXT], second[CUBBY_ID_TEXT];
	const char *ids[] = { first };
	uint32_t items = 0;

	samples_make(4);
	item_make("one", first);
	item_make("two", second);
	cubby = world_parent("home");
	selection.ids = ids;
	selection.n_ids = 1;
	assert_cubby(cubby, cubby_delete(cubby, &selection, false, &other, &items));
	ids[0] = second;
	assert_cubby(cubby, cubby_delete(cubby, &selection, false, &job, &items));
	/* As if the first one's receipt came for the second: same reason, same count. */
	free(cubby->asked.job);
	cubby->asked.job = strdup(other);
	assert_refused(cubby, cubby_job_wait(cubby, other, 0, &erasure), CUBBY_FAILED);
	assert_non_null(strstr(cubby_why(cubby), "another erasure"));
	free(cubby->asked.job);
	cubby->asked.job = strdup(job);
	cubby->asked.reason = "withdraw";
	assert_refused(cubby, cubby_job_wait(cubby, job, 0, &erasure), CUBBY_FAILED);
	cubby->asked.reason = "delete";
	cubby->asked.items = 2;
	assert_refused(cubby, cubby_job_wait(cubby, job, 0, &erasure), CUBBY_FAILED);
	cubby->asked.items = 1;
	assert_cubby(cubby, cubby_job_wait(cubby, job, 0, &erasure));
	assert_true(erasure->done);
	assert_true(erasure->compared);
}

/* What another session asked for is not compared, and that is said; no receipt is of two jobs. */
static void test_r9_a_receipt_of_another_session_is_not_called_compared(void **state)
{
	_cleanup_(cubby_freep) struct cubby *asker = NULL, *cubby = NULL;
	_cleanup_(cubby_erasure_freep) struct cubby_erasure *erasure = NULL, *again = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	char id[CUBBY_ID_TEXT];
	uint32_t items = 0;

	samples_make(4);
	item_make("one", id);
	asker = world_parent("home");
	cubby = world_parent("home");
	selection.all = true;
	assert_cubby(asker, cubby_delete(asker, &selection, false, &job, &items));
	assert_cubby(cubby, cubby_job_wait(cubby, job, 0, &erasure));
	assert_true(erasure->done);
	assert_false(erasure->compared);
	assert_cubby(cubby, cubby_job_wait(cubby, job, 0, &again));
	/* As if the same receipt had come for another job. */
	free(cubby->receipt_job);
	cubby->receipt_job = strdup("/another");
	again = cubby_erasure_free(again);
	assert_refused(cubby, cubby_job_wait(cubby, job, 0, &again), CUBBY_FAILED);
	assert_non_null(strstr(cubby_why(cubby), "another erasure"));
}

/* A shorter retention ends what expires by it, and nothing else is a receipt of that. */
static void test_r9_a_shorter_retention_is_compared(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	const char *kind = "audio";
	const uint32_t keep_s = 86400;

	profile_make("Otto", true);
	cubby = world_proved("home", CUBBY_SECRET_SIGN);
	assert_cubby(cubby, cubby_consent_grant(cubby, "Otto", &kind, &keep_s, 1));
	assert_cubby(cubby, cubby_retention_shorten(cubby, "Otto", kind, 3600, &job));
	assert_null(job);
	assert_string_equal(cubby->asked.reason, "expire");
}

static void test_deletion_never_takes_more_than_was_named(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	struct cubby_selection nothing = CUBBY_SELECTION_INIT, other = CUBBY_SELECTION_INIT;
	char id[CUBBY_ID_TEXT];
	uint32_t items = 0;

	samples_make(5);
	item_make("stays", id);
	profile_make("tom", true);
	cubby = world_parent("home");
	assert_refused(cubby, cubby_delete(cubby, &nothing, false, &job, &items),
		       CUBBY_INVALID_ARGUMENT);
	other.profile = "nobody";
	assert_refused(cubby, cubby_delete(cubby, &other, false, &job, &items), CUBBY_NOT_FOUND);
	other.profile = "tom";
	assert_refused(cubby, cubby_delete(cubby, &other, false, &job, &items), CUBBY_NOT_FOUND);
	assert_int_equal(list_count(cubby, NULL), 1);
	other.profile = NULL;
	other.until_s = 60;
	assert_refused(cubby, cubby_delete(cubby, &other, false, &job, &items), CUBBY_NOT_FOUND);
	assert_null(job);
	assert_int_equal(list_count(cubby, NULL), 1);
}

/* A struct that was only zeroed could hold anything behind its end in a later version. */
static void test_structs_begin_with_their_size(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *none = NULL;
	struct cubby_options options = { 0 };
	struct cubby_selection selection = { 0 };
	struct cubby_proof proof = { 0 };
	char *job = NULL;
	uint32_t items;

	world_code();
	cubby = world_parent("home");
	selection.all = true;
	assert_refused(cubby, cubby_delete(cubby, &selection, false, &job, &items),
		       CUBBY_INVALID_ARGUMENT);
	assert_refused(cubby, cubby_prove(cubby, &proof, 0), CUBBY_INVALID_ARGUMENT);
	assert_int_equal(cubby_new(&options, &none), CUBBY_INVALID_ARGUMENT);
}

/* Each page size must give the same items, each once, newest first. */
static void test_listing_in_pages(void **state)
{
	static const uint32_t pages[] = { 1, 7, 20, 40, 41, 0 };

	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	struct cubby_selection transcripts = CUBBY_SELECTION_INIT;
	char id[CUBBY_ID_TEXT];

	samples_make(6);
	profile_make("Anna", false);
	cubby = world_proved("home", 0);
	for (int i = 0; i < 40; i++)
		assert_cubby(cubby, cubby_import(cubby, "Anna", samples, 160, i % 2 ? "odd" :
						 NULL, id));
	transcripts.kind = "transcript";
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		cubby->page_items = pages[i];
		assert_int_equal(list_count(cubby, NULL), 40);
		assert_int_equal(list_count(cubby, &transcripts), 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_r20_granting_one_kind_grants_no_other),
		cmocka_unit_test(test_r2_no_consent_for_ever),
		cmocka_unit_test(test_r22_consent_needs_a_parents_key),
		cmocka_unit_test_teardown(test_what_is_imported_comes_back_sample_for_sample,
					  archive_empty),
		cmocka_unit_test_teardown(test_r12_opening_needs_the_proof, archive_empty),
		cmocka_unit_test_teardown(test_r7_words_touch_no_json_library, archive_empty),
		cmocka_unit_test_teardown(test_import_refusals, archive_empty),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_structs_begin_with_their_size),
		cmocka_unit_test_teardown(test_r9_a_deletion_ends_in_a_receipt_that_holds,
					  archive_empty),
		cmocka_unit_test_teardown(test_r9_a_receipt_of_another_erasure_is_refused,
					  archive_empty),
		cmocka_unit_test_teardown(
			test_r9_a_receipt_of_another_session_is_not_called_compared, archive_empty),
		cmocka_unit_test(test_r9_a_shorter_retention_is_compared),
		cmocka_unit_test_teardown(test_deletion_never_takes_more_than_was_named,
					  archive_empty),
		cmocka_unit_test_teardown(test_listing_in_pages, archive_empty),
	};

	return cmocka_run_group_tests_name("archive", tests, world_start, world_stop);
}
