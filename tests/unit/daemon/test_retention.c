/* SPDX-License-Identifier: Apache-2.0 */
/* How long what is kept stays: shortened after the fact, in every state, and never for ever. */

#include "house.h"

#include "erasure.h"
#include "retention.h"
#include "store/retention.h"

#define DAY_S 86400

static const char *const both[] = {"audio", "transcript"};

/* What expired, swept and brought to its end. Returns how many jobs are partial. */
static uint64_t sweep(struct house *house)
{
	_cleanup_(erasure_freep) struct erasure *erasure = NULL;
	struct erasure_config config = {
		.dir = house->dir, .clock = &house->clock, .age = house->age,
		.store = house->store, .vault = house->vault, .archive = house->archive,
		.device = house->device->sign,
	};
	uint64_t partial = 0;

	assert_int_equal(erasure_new(&config, &erasure, &house->why), 0);
	assert_int_equal(erasure_sweep(erasure, NULL), 0);
	assert_int_equal(erasure_finish(erasure, &partial), 0);
	return partial;
}

static void days_pass(struct house *house, unsigned days)
{
	house->boot_ms += days * DAY_S * INT64_C(1000);
	house->wall_s += days * DAY_S;
}

static unsigned parts_of(struct house *house, const struct id *id)
{
	struct archive_item item;

	return archive_find(house->archive, id, &item, &house->why) ? 0 : item.n_parts;
}

static int shorten(struct house *house, const struct profile *profile, enum kind kind,
		   uint32_t keep_s)
{
	house->why.text[0] = '\0';
	return retention_shorten(&house->ground, profile, kind, keep_s, HOUSE_UID, &house->why);
}

STATEMENT(test_rows,
	"SELECT (SELECT count(*) FROM item) + (SELECT count(*) FROM part)"
	" + (SELECT count(*) FROM body) + (SELECT count(*) FROM copy)"
	" + (SELECT count(*) FROM copy_part) AS n");

static int64_t rows(struct house *house)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(house->store, &test_rows);

	assert_int_equal(statement_next(s), STATEMENT_ROW);
	return statement_integer(s, "n");
}

static struct profile mia_with(struct house *house, uint32_t keep_s)
{
	struct profile mia;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, keep_s), 0);
	assert_int_equal(house_grant(house, &mia, KIND_TRANSCRIPT, keep_s), 0);
	return mia;
}

static void test_r3_seven_days_shortened_to_one(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	struct profile mia = mia_with(house, 7 * DAY_S);
	struct id old, young;
	uint32_t keep_s;

	assert_int_equal(house_keep(house, &ear, "mia", both, 2, &old), 0);
	days_pass(house, 2);
	assert_int_equal(house_keep(house, &ear, "mia", both, 2, &young), 0);
	assert_int_equal(shorten(house, &mia, KIND_AUDIO, DAY_S), 0);
	/* Out of sight at once, gone at the next sweep; the other kind stays. */
	assert_int_equal(parts_of(house, &old), 1);
	assert_int_equal(sweep(house), 0);
	assert_int_equal(parts_of(house, &old), 1);
	assert_int_equal(parts_of(house, &young), 2);
	assert_int_equal(shorten(house, &mia, KIND_TRANSCRIPT, DAY_S), 0);
	assert_int_equal(sweep(house), 0);
	assert_int_equal(parts_of(house, &old), 0);
	assert_int_equal(parts_of(house, &young), 2);
	assert_int_equal(rows(house), 1 + 2 + 2);
	/* What comes later is kept for the shorter time, through a restart. */
	house_restart(house);
	assert_int_equal(retention_now(&house->ground, &mia, KIND_AUDIO, &keep_s, &house->why), 0);
	assert_int_equal(keep_s, DAY_S);
	assert_int_equal(house_keep(house, &ear, "mia", both, 2, &old), 0);
	days_pass(house, 1);
	assert_int_equal(sweep(house), 0);
	assert_int_equal(rows(house), 0);
	assert_int_equal(house_logged(house, "\"retention\""), 2);
}

/* A row that names the slot of another's key keeps its erasure from succeeding: the job is partial,
 * and what it holds is not swept twice nor shown. */
STATEMENT(test_slot_of, "SELECT slot FROM part WHERE kind = :kind");
STATEMENT(test_slot_to, "UPDATE part SET slot = :slot WHERE kind = :kind");

static int64_t slot_of(struct house *house, enum kind kind)
{
	struct statement *s = store_statement(house->store, &test_slot_of);
	int64_t slot;

	statement_bind_integer(s, ":kind", kind);
	assert_int_equal(statement_next(s), STATEMENT_ROW);
	slot = statement_integer(s, "slot");
	statement_end(s);
	return slot;
}

static void slot_to(struct house *house, enum kind kind, int64_t slot)
{
	struct statement *s = store_statement(house->store, &test_slot_to);

	statement_bind_integer(s, ":kind", kind);
	statement_bind_integer(s, ":slot", slot);
	assert_int_equal(statement_run(s), 0);
	statement_end(s);
}

static void slots_swap(struct house *house)
{
	int64_t audio = slot_of(house, KIND_AUDIO), transcript = slot_of(house, KIND_TRANSCRIPT);

	slot_to(house, KIND_AUDIO, 1000000);
	slot_to(house, KIND_TRANSCRIPT, audio);
	slot_to(house, KIND_AUDIO, transcript);
}

static void test_r3_items_of_a_partial_job_and_drafts(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	struct profile mia = mia_with(house, 7 * DAY_S);
	struct id id;

	assert_int_equal(house_keep(house, &ear, "mia", both, 2, &id), 0);
	slots_swap(house);
	days_pass(house, 2);
	assert_int_equal(shorten(house, &mia, KIND_AUDIO, DAY_S), 0);
	assert_int_equal(sweep(house), 1);
	assert_int_equal(parts_of(house, &id), 1);
	assert_int_equal(shorten(house, &mia, KIND_TRANSCRIPT, DAY_S), 0);
	assert_int_equal(sweep(house), 2);
	assert_int_equal(parts_of(house, &id), 0);
	/* What stood in the way is gone: both end, and nothing is left. */
	slots_swap(house);
	assert_int_equal(sweep(house), 0);
	assert_int_equal(rows(house), 0);
}

/* A wall clock far ahead hides items before anybody erases them; shortening reaches these too. */
static void test_r3_r29_hidden_items_are_shortened(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	struct profile mia = mia_with(house, 7 * DAY_S);
	struct id id;

	assert_int_equal(house_keep(house, &ear, "mia", both, 2, &id), 0);
	days_pass(house, 2);
	house->wall_s += 100 * DAY_S;
	assert_int_equal(age_watch(house->age), 0);
	assert_int_equal(parts_of(house, &id), 0);
	assert_int_equal(sweep(house), 0);
	assert_int_not_equal(rows(house), 0);
	assert_int_equal(shorten(house, &mia, KIND_AUDIO, DAY_S), 0);
	assert_int_equal(shorten(house, &mia, KIND_TRANSCRIPT, DAY_S), 0);
	assert_int_equal(sweep(house), 0);
	assert_int_equal(rows(house), 0);
}

static void test_r3_approved_copies_are_shortened_with_their_source(void **state)
{
	struct house *house = *state;
	struct intake_asker parent = house_parent(house);
	uint64_t copies = 1;
	struct profile dad;
	struct id item, copy;

	house_setup(house);
	dad = house_add(house, "dad", "adult");
	assert_int_equal(house_keep(house, &parent, "dad", both, 1, &item), 0);
	assert_int_equal(house_approve(house, &item, house->release->public, "training", &copy), 0);
	days_pass(house, 2);
	/* An import has no consent; the configuration's cap is what is shortened. */
	assert_int_equal(shorten(house, &dad, KIND_AUDIO, DAY_S), 0);
	assert_int_equal(archive_count_copies(house->archive, &copies), 0);
	assert_int_equal(copies, 0);
	assert_int_equal(sweep(house), 0);
	assert_int_equal(rows(house), 0);
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	assert_int_equal(house_keep(house, &parent, "dad", both, 1, &item), 0);
	days_pass(house, 1);
	assert_int_equal(sweep(house), 0);
	assert_int_equal(rows(house), 0);
}

static void test_r2_no_retention_for_ever(void **state)
{
	static const int64_t forever_s[] = {0, -1, 59, 30 * DAY_S + 1, INT32_MAX, UINT32_MAX};
	struct house *house = *state;
	struct profile mia = mia_with(house, 30 * DAY_S);

	for (size_t i = 0; i < ARRAY_SIZE(forever_s); i++) {
		assert_answer(shorten(house, &mia, KIND_AUDIO, (uint32_t)forever_s[i]),
			      ANSWER_INVALID_ARGUMENT, house->why);
		assert_int_equal(store_retention_put(house->store, &mia.id, KIND_AUDIO,
						     (uint32_t)forever_s[i], 1),
				 ANSWER_INVALID_ARGUMENT);
	}
	assert_int_equal(store_retention_put(house->store, &mia.id, KIND_MAX + 1, 60, 1),
			 ANSWER_INVALID_ARGUMENT);
}

static void test_r21_longer_is_a_new_consent(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	struct profile mia = mia_with(house, 2 * DAY_S);
	struct archive_item item;
	struct id id;
	uint32_t keep_s;

	assert_answer(shorten(house, &mia, KIND_AUDIO, 2 * DAY_S + 1), ANSWER_NO_CONSENT,
		      house->why);
	assert_non_null(strstr(house->why.text, "cubby consent grant mia audio --keep"));
	assert_answer(shorten(house, &mia, KIND_LOCATION, 60), ANSWER_NO_CONSENT, house->why);
	assert_int_equal(shorten(house, &mia, KIND_AUDIO, DAY_S), 0);
	/* What was shortened is not lengthened again, either. */
	assert_answer(shorten(house, &mia, KIND_AUDIO, DAY_S + 1), ANSWER_NO_CONSENT, house->why);
	assert_int_equal(house_keep(house, &ear, "mia", both, 1, &id), 0);
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 7 * DAY_S), 0);
	assert_int_equal(retention_now(&house->ground, &mia, KIND_AUDIO, &keep_s, &house->why), 0);
	assert_int_equal(keep_s, 7 * DAY_S);
	/* A new consent is for what comes: what was kept under the shorter word keeps it. */
	assert_int_equal(archive_find(house->archive, &id, &item, &house->why), 0);
	assert_int_equal(item.parts[0].expires_min, HOUSE_NOW_S / 60 + DAY_S / 60);
}

static void test_withdrawing_ends_what_was_shortened(void **state)
{
	struct house *house = *state;
	struct profile mia = mia_with(house, 7 * DAY_S);
	uint32_t keep_s;

	assert_int_equal(shorten(house, &mia, KIND_AUDIO, DAY_S), 0);
	assert_int_equal(shorten(house, &mia, KIND_TRANSCRIPT, DAY_S), 0);
	assert_int_equal(consent_withdraw(&house->ground, &mia, KIND_AUDIO), 0);
	assert_int_equal(store_retention_find(house->store, &mia.id, KIND_AUDIO, &keep_s),
			 ANSWER_NOT_FOUND);
	assert_int_equal(retention_now(&house->ground, &mia, KIND_AUDIO, &keep_s, &house->why),
			 ANSWER_NO_CONSENT);
	assert_int_equal(retention_now(&house->ground, &mia, KIND_TRANSCRIPT, &keep_s,
				       &house->why), 0);
	assert_int_equal(keep_s, DAY_S);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_r3_seven_days_shortened_to_one),
		HOUSE_TEST(test_r3_items_of_a_partial_job_and_drafts),
		HOUSE_TEST(test_r3_r29_hidden_items_are_shortened),
		HOUSE_TEST(test_r3_approved_copies_are_shortened_with_their_source),
		HOUSE_TEST(test_r2_no_retention_for_ever),
		HOUSE_TEST(test_r21_longer_is_a_new_consent),
		HOUSE_TEST(test_withdrawing_ends_what_was_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
