/* SPDX-License-Identifier: Apache-2.0 */
/* R20: a consent that ends by itself is told of while there is time to give another. */

#include "house.h"

#include "speaker/voiceprint.h"
#include "voice.h"
#include "voice_end.h"

#define DAY_S 86400

/* Of a new adult, for so many days. */
static void enrolled(struct house *house, const char *name, uint32_t days)
{
	const struct profile adult = house_add(house, name, "adult");
	struct voiceprint voiceprint = { .utterances = 5, .speech_ms = 12000, .n = 80 };
	struct voice_consent consent = { .profile = adult.id, .keep_s = days * DAY_S,
					 .time_s = HOUSE_NOW_S };
	_cleanup_(voice_draft_freep) struct voice_draft *draft = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	_cleanup_(cleanup_free) char *statement = NULL;
	uint8_t bytes[VOICEPRINT_BYTES_MAX];
	size_t n, n_box;

	n = voiceprint_write(&voiceprint, bytes);
	memcpy(consent.policy, house->policy->hash, HASH_BYTES);
	crypt_hash(bytes, n, consent.voiceprint);
	assert_int_equal(voice_consent_sign(&consent, house->founder, &statement), 0);
	assert_int_equal(box_seal(house->device->box->public, bytes, n, &box, &n_box), 0);
	assert_int_equal(voice_enrol(&house->ground, house->device->box, &house->proof, statement,
				     box, n_box, HOUSE_UID, &draft, &house->why), 0);
	assert_int_equal(voice_enrol_alone(draft, &house->why), 0);
	draft->stored = true;
}

static void days_pass(struct house *house, unsigned days)
{
	house->wall_s += days * DAY_S;
	house->boot_ms += INT64_C(1000) * days * DAY_S;
	assert_int_equal(voice_notice(&house->ground), 0);
}

/* What status says of the first: days left, 0 for nothing. */
static uint32_t days_left(struct house *house)
{
	const struct sight sight = age_sight(house->age);
	struct voice_row *rows;
	uint32_t days;
	size_t n;

	assert_int_equal(store_voices(house->store, NULL, &sight, &rows, &n), 0);
	days = n > 0 ? voice_ends_in_days(&house->ground, &rows[0]) : 0;
	voice_rows_free(rows, n);
	return days;
}

static void test_r20_told_once_and_shown_until_its_end(void **state)
{
	struct house *house = *state;

	house_setup(house);
	enrolled(house, "tom", 365);
	days_pass(house, 350);
	assert_string_equal(house->told, "");
	assert_int_equal(days_left(house), 0);
	days_pass(house, 1);
	assert_string_equal(house->told, " consent-ends");
	assert_int_equal(days_left(house), 14);
	days_pass(house, 3);
	house_restart(house);
	days_pass(house, 1);
	assert_string_equal(house->told, " consent-ends");
	assert_int_equal(days_left(house), 10);
	days_pass(house, 11);
	assert_int_equal(days_left(house), 0);
}

static void test_r20_a_short_one_is_told_of_near_its_end(void **state)
{
	struct house *house = *state;

	house_setup(house);
	enrolled(house, "tom", 8);
	days_pass(house, 5);
	assert_string_equal(house->told, "");
	days_pass(house, 1);
	assert_string_equal(house->told, " consent-ends");
	assert_int_equal(days_left(house), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_r20_told_once_and_shown_until_its_end),
		TEST(test_r20_a_short_one_is_told_of_near_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
