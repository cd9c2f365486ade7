/* SPDX-License-Identifier: Apache-2.0 */
/* Items that go to another profile: never from a child to an adult, to an adult only with a
 * passphrase, and to a child only what a parent consented to for that child. And who may reset. */

#include "house.h"

#include "erasure.h"
#include "move.h"
#include "reset.h"

static const char *const both[] = {"audio", "transcript"};

static struct erasure *erasure_open(struct house *house)
{
	struct erasure_config config = {
		.dir = house->dir, .clock = &house->clock, .age = house->age,
		.store = house->store, .vault = house->vault, .archive = house->archive,
		.device = house->device->sign,
	};
	struct erasure *erasure;

	assert_int_equal(erasure_new(&config, &erasure, &house->why), 0);
	return erasure;
}

static int move(struct house *house, const struct id *item, const char *profile)
{
	_cleanup_(erasure_freep) struct erasure *erasure = erasure_open(house);
	struct export_asker who = house_exporter(house);
	uint64_t partial = 0;
	char id[ID_TEXT];
	int64_t job;
	int r;

	house->why.text[0] = '\0';
	r = move_item(&house->ground, erasure, &who, id_text(item, id), profile, &job,
		      &house->why);
	if (!r)
		assert_int_equal(erasure_finish(erasure, &partial), 0);
	assert_int_equal(partial, 0);
	return r;
}

static struct archive_item found(struct house *house, const struct id *item)
{
	struct archive_item row = {.n_parts = 0};

	assert_int_equal(archive_find(house->archive, item, &row, &house->why), 0);
	return row;
}

/* Two children, of whom mia has consents, and two adults, of whom dad has an item. */
static void setup(struct house *house, struct id *ret_childs, struct id *ret_adults)
{
	struct intake_asker ear = house_ear(house), parent = house_parent(house);
	struct profile mia;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	house_add(house, "tom", "child");
	house_add(house, "dad", "adult");
	house_add(house, "mum", "adult");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 3600), 0);
	assert_int_equal(house_grant(house, &mia, KIND_TRANSCRIPT, 3600), 0);
	assert_int_equal(house_keep(house, &ear, "mia", both, 2, ret_childs), 0);
	assert_int_equal(house_keep(house, &parent, "dad", both, 2, ret_adults), 0);
}

static void test_r17_a_childs_item_goes_to_no_adult(void **state)
{
	struct house *house = *state;
	struct id childs, adults;

	setup(house, &childs, &adults);
	assert_answer(move(house, &childs, "dad"), ANSWER_NOT_AUTHORIZED, house->why);
	assert_int_equal(house_logged(house, "\"reason\": \"child\""), 1);
	assert_int_equal(found(house, &childs).n_parts, 2);
}

static void test_r17_to_an_adult_only_with_a_passphrase(void **state)
{
	struct house *house = *state;
	struct archive_item item;
	struct id childs, adults;
	struct profile mum;

	setup(house, &childs, &adults);
	house->boot_ms += 301 * 1000;
	assert_answer(move(house, &adults, "mum"), ANSWER_NOT_AUTHORIZED, house->why);
	assert_non_null(strstr(house->why.text, "passphrase"));
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	if (move(house, &adults, "mum"))
		fail_msg("%s", house->why.text);
	assert_int_equal(profile_find(&house->ground, "mum", &mum, &house->why), 0);
	item = found(house, &adults);
	assert_true(id_equal(&item.profile, &mum.id));
	assert_int_equal(item.n_parts, 2);
	assert_answer(move(house, &adults, "mum"), ANSWER_INVALID_ARGUMENT, house->why);
	assert_answer(move_item(&house->ground, NULL, NULL, "zz", "mum", NULL, &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
	/* The keys that it had under its former profile are no item's any more. */
	house_restart(house);
	assert_int_equal(found(house, &adults).n_parts, 2);
}

/* Without a passphrase, for it only protects more. */
static void test_r1_to_a_child_comes_what_was_consented_to(void **state)
{
	struct house *house = *state;
	struct archive_item item;
	struct id childs, adults;

	setup(house, &childs, &adults);
	house->boot_ms += 301 * 1000;
	if (move(house, &adults, "mia"))
		fail_msg("%s", house->why.text);
	item = found(house, &adults);
	assert_int_equal(item.n_parts, 2);
	for (unsigned i = 0; i < item.n_parts; i++)
		assert_true(item.parts[i].expires_min <= age_now_min(house->age) + 60);
	/* Nobody consented to anything for tom. */
	if (move(house, &childs, "tom"))
		fail_msg("%s", house->why.text);
	assert_int_equal(archive_find(house->archive, &childs, &item, NULL), ANSWER_NOT_FOUND);
}

static void test_a_reset_asks_for_the_founder_and_is_one_at_a_time(void **state)
{
	const struct archive_selection everything = {.all = true};
	struct house *house = *state;
	_cleanup_(erasure_freep) struct erasure *erasure = NULL;
	struct id childs, adults;
	uint64_t items;
	int64_t job;

	assert_answer(reset_check(&house->ground, "Anna", &house->why), ANSWER_NOT_FOUND,
		      house->why);
	setup(house, &childs, &adults);
	assert_answer(reset_check(&house->ground, "Ann", &house->why), ANSWER_INVALID_ARGUMENT,
		      house->why);
	assert_int_equal(reset_check(&house->ground, "Anna", &house->why), 0);
	erasure = erasure_open(house);
	assert_int_equal(erasure_ask(erasure, ERASURE_RESET, &everything, HOUSE_UID, NULL, &job,
				     &items, &house->why), 0);
	assert_answer(reset_check(&house->ground, "Anna", &house->why), ANSWER_BUSY, house->why);
	assert_answer(reset_over(&house->ground, &house->why), ANSWER_BUSY, house->why);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_r17_a_childs_item_goes_to_no_adult),
		HOUSE_TEST(test_r17_to_an_adult_only_with_a_passphrase),
		HOUSE_TEST(test_r1_to_a_child_comes_what_was_consented_to),
		HOUSE_TEST(test_a_reset_asks_for_the_founder_and_is_one_at_a_time),
	};

	return cmocka_run_group_tests_name("move", tests, NULL, NULL);
}
