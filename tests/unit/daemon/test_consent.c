/* SPDX-License-Identifier: Apache-2.0 */
/* Who may consent to what, and when a consent is in force. */

#include "house.h"

#include "store/consent.h"

#define DAY_S 86400

static int in_force(struct house *house, const struct profile *profile, enum kind kind,
		    uint32_t *ret_keep_s)
{
	house->why.text[0] = '\0';
	return consent_in_force(&house->ground, profile, kind, ret_keep_s, &house->why);
}

static void test_r20_each_kind_by_itself(void **state)
{
	struct house *house = *state;
	struct profile mia, ben;
	uint32_t keep_s;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	ben = house_add(house, "ben", "child");
	for (int kind = 1; kind <= KIND_MAX; kind++)
		assert_answer(in_force(house, &mia, kind, &keep_s), ANSWER_NO_CONSENT, house->why);
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 7 * DAY_S), 0);
	assert_int_equal(in_force(house, &mia, KIND_AUDIO, &keep_s), 0);
	assert_int_equal(keep_s, 7 * DAY_S);
	assert_answer(in_force(house, &mia, KIND_TRANSCRIPT, &keep_s), ANSWER_NO_CONSENT,
		      house->why);
	assert_answer(in_force(house, &mia, KIND_LOCATION, &keep_s), ANSWER_NO_CONSENT, house->why);
	assert_answer(in_force(house, &ben, KIND_AUDIO, &keep_s), ANSWER_NO_CONSENT, house->why);
}

static void test_r2_no_consent_for_ever(void **state)
{
	static const int64_t forever_s[] = {0, -1, 59, 30 * DAY_S + 60, INT32_MAX, UINT32_MAX};
	struct house *house = *state;
	struct consent_row row = {.kind = KIND_AUDIO, .granted_min = 1, .statement = (char[]){"x"}};
	struct profile mia;
	uint32_t keep_s;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	for (size_t i = 0; i < ARRAY_SIZE(forever_s); i++) {
		struct consent consent = {.profile = mia.id, .kind = KIND_AUDIO,
					  .keep_s = (uint32_t)forever_s[i], .time_s = HOUSE_NOW_S};
		_cleanup_(cleanup_free) char *text = NULL;

		memcpy(consent.policy, house->policy->hash, sizeof(consent.policy));
		/* The client refuses to sign it; where one does not, the keeper refuses to take it.
		 */
		if (!consent_sign(&consent, house->founder, &text))
			assert_int_equal(consent_grant(&house->ground, &house->proof,
						       (const char *[]){text}, 1, HOUSE_UID,
						       &house->why), ANSWER_INVALID_ARGUMENT);
		/* And the table itself. */
		row.profile = mia.id;
		row.keep_s = (uint32_t)forever_s[i];
		assert_int_equal(store_consent_insert(house->store, &row), ANSWER_INVALID_ARGUMENT);
	}
	assert_int_equal(in_force(house, &mia, KIND_AUDIO, &keep_s), ANSWER_NO_CONSENT);
}

static void test_the_configuration_caps_a_consent(void **state)
{
	struct house *house = *state;
	struct profile mia;

	house->config.keep_max_s[KIND_AUDIO] = 2 * DAY_S;
	house_restart(house);
	house_setup(house);
	mia = house_add(house, "mia", "child");
	assert_answer(house_grant(house, &mia, KIND_AUDIO, 2 * DAY_S + 60), ANSWER_INVALID_ARGUMENT,
		      house->why);
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 2 * DAY_S), 0);
}

static void test_r21_another_policy_stops_storing(void **state)
{
	struct house *house = *state;
	const char *kinds[] = {"audio"};
	struct intake_asker ear = house_ear(house);
	_cleanup_(cleanup_free) char *old = NULL;
	struct profile mia;
	uint32_t keep_s;
	struct id id;

	house->config.keep_max_s[KIND_AUDIO] = 7 * DAY_S;
	house_restart(house);
	house_setup(house);
	mia = house_add(house, "mia", "child");
	old = house_consent(house, &mia, KIND_AUDIO, DAY_S);
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, DAY_S), 0);
	assert_int_equal(house_keep(house, &ear, "mia", kinds, 1, &id), 0);
	house->config.keep_max_s[KIND_AUDIO] = 30 * DAY_S;
	house_restart(house);
	assert_answer(house_keep(house, &ear, "mia", kinds, 1, &id), ANSWER_NO_CONSENT, house->why);
	assert_non_null(strstr(house->why.text, "policy changed"));
	/* Consent given for the old one is not taken either. */
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	assert_answer(consent_grant(&house->ground, &house->proof, (const char *[]){ old }, 1,
				    HOUSE_UID, &house->why),
		      ANSWER_NO_CONSENT, house->why);
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, DAY_S), 0);
	assert_int_equal(in_force(house, &mia, KIND_AUDIO, &keep_s), 0);
	assert_int_equal(house_keep(house, &ear, "mia", kinds, 1, &id), 0);
}

/* Lowering the configuration keeps what was allowed allowed; going back to it is no more than what
 * was consented to; one number above it is. */
static void test_r21_a_narrower_policy_goes_on(void **state)
{
	struct house *house = *state;
	const char *kinds[] = {"audio"};
	struct intake_asker ear = house_ear(house);
	struct consent_row *rows;
	struct profile mia;
	uint32_t keep_s;
	struct id id;
	size_t n;

	house->config.keep_max_s[KIND_AUDIO] = 7 * DAY_S;
	house->config.inactive_days = 60;
	house_restart(house);
	house_setup(house);
	mia = house_add(house, "mia", "child");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 2 * DAY_S), 0);
	for (int i = 0; i < 2; i++) {
		house->config.keep_max_s[KIND_AUDIO] = DAY_S;
		house->config.keep_max_s[KIND_LOCATION] = 60;
		house->config.inactive_days = 1;
		house_restart(house);
		assert_int_equal(in_force(house, &mia, KIND_AUDIO, &keep_s), 0);
		assert_int_equal(keep_s, DAY_S);
		assert_int_equal(house_keep(house, &ear, "mia", kinds, 1, &id), 0);
		house->config.keep_max_s[KIND_AUDIO] = 7 * DAY_S;
		house->config.keep_max_s[KIND_LOCATION] = 7 * DAY_S;
		house->config.inactive_days = 60;
		house_restart(house);
		assert_int_equal(in_force(house, &mia, KIND_AUDIO, &keep_s), 0);
	}
	assert_int_equal(store_consents(house->store, &mia.id, &rows, &n), 0);
	assert_string_equal(consent_state(&house->ground, &rows[0]), "in force");
	/* Less sound does not make up for keeping the profile longer. */
	house->config.keep_max_s[KIND_AUDIO] = DAY_S;
	house->config.inactive_days = 61;
	house_restart(house);
	assert_answer(in_force(house, &mia, KIND_AUDIO, &keep_s), ANSWER_NO_CONSENT, house->why);
	assert_string_equal(consent_state(&house->ground, &rows[0]), "policy changed");
	consent_rows_free(rows, n);
	assert_answer(house_keep(house, &ear, "mia", kinds, 1, &id), ANSWER_NO_CONSENT, house->why);
}

/* The numbers in the database are no argument: only if they make the hash that was signed. */
STATEMENT(test_policy_lie,
	"INSERT INTO policy VALUES (randomblob(32), 2592000, 7776000, 604800, 90, 30)");
STATEMENT(test_policy_widen, "UPDATE policy SET audio_s = 2592000");
STATEMENT(test_policy_drop, "DELETE FROM policy");

static void run(struct house *house, struct statement_source *source)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(house->store, source);

	assert_int_equal(statement_run(s), 0);
}

static void test_r21_numbers_that_are_not_the_policys_count_for_nothing(void **state)
{
	struct house *house = *state;
	struct profile mia;
	uint32_t keep_s;

	house->config.keep_max_s[KIND_AUDIO] = DAY_S;
	house_restart(house);
	house_setup(house);
	mia = house_add(house, "mia", "child");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, DAY_S), 0);
	house->config.keep_max_s[KIND_AUDIO] = 2 * DAY_S;
	house_restart(house);
	run(house, &test_policy_lie);
	run(house, &test_policy_widen);
	assert_answer(in_force(house, &mia, KIND_AUDIO, &keep_s), ANSWER_NO_CONSENT, house->why);
	/* Nor does a narrower policy help where nobody knows any more what the older one said. */
	house->config.keep_max_s[KIND_AUDIO] = DAY_S / 2;
	house_restart(house);
	run(house, &test_policy_drop);
	assert_answer(in_force(house, &mia, KIND_AUDIO, &keep_s), ANSWER_NO_CONSENT, house->why);
}

/* What is allowed of one kind never comes from another, and goes with it. */
static void test_r20_withdrawing_one_kind_leaves_the_others(void **state)
{
	struct house *house = *state;
	uint32_t keep_s;

	house_setup(house);
	for (int gone = 1; gone <= KIND_MAX; gone++) {
		char name[8];
		struct profile child;

		snprintf(name, sizeof(name), "kid%d", gone);
		child = house_add(house, name, "child");
		for (int kind = 1; kind <= KIND_MAX; kind++)
			assert_int_equal(house_grant(house, &child, kind, DAY_S), 0);
		assert_int_equal(consent_withdraw(&house->ground, &child, gone), 0);
		for (int kind = 1; kind <= KIND_MAX; kind++)
			assert_int_equal(in_force(house, &child, kind, &keep_s),
					 kind == gone ? ANSWER_NO_CONSENT : 0);
	}
}

static void test_r22_only_a_proved_parent_consents(void **state)
{
	struct house *house = *state;
	_cleanup_(sign_keypair_freep) struct sign_keypair *child = NULL;
	_cleanup_(cleanup_free) char *good = NULL;
	struct sign_keypair *founder;
	struct profile mia;
	uint32_t keep_s;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	good = house_consent(house, &mia, KIND_AUDIO, DAY_S);
	/* An ear, a child, a parent who did not prove: the signature alone is not enough. */
	assert_answer(consent_grant(&house->ground, NULL, (const char *[]){ good }, 1, 900,
				    &house->why),
		      ANSWER_NOT_AUTHORIZED, house->why);
	assert_answer(consent_grant(&house->ground, &(struct proof){ 0 }, (const char *[]){ good },
				    1, 900, &house->why),
		      ANSWER_NOT_AUTHORIZED, house->why);
	/* A proof, but somebody else's signature. */
	assert_int_equal(sign_keypair_new(&child), 0);
	founder = house->founder;
	house->founder = child;
	assert_answer(house_grant(house, &mia, KIND_AUDIO, DAY_S), ANSWER_INVALID_ARGUMENT,
		      house->why);
	house->founder = founder;
	/* A proof that has lapsed. */
	house->boot_ms += 301 * 1000;
	assert_answer(house_grant(house, &mia, KIND_AUDIO, DAY_S), ANSWER_NOT_AUTHORIZED,
		      house->why);
	assert_int_equal(in_force(house, &mia, KIND_AUDIO, &keep_s), ANSWER_NO_CONSENT);
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, DAY_S), 0);
}

static void test_all_consents_or_none(void **state)
{
	struct house *house = *state;
	_cleanup_(cleanup_free) char *good = NULL;
	_cleanup_(cleanup_free) char *unknown = NULL;
	struct profile mia, nobody = {{{0}}};
	uint32_t keep_s;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	good = house_consent(house, &mia, KIND_AUDIO, DAY_S);
	unknown = house_consent(house, &nobody, KIND_AUDIO, DAY_S);
	assert_answer(consent_grant(&house->ground, &house->proof,
				    (const char *[]){ good, unknown }, 2, HOUSE_UID, &house->why),
		      ANSWER_NOT_FOUND, house->why);
	assert_int_equal(in_force(house, &mia, KIND_AUDIO, &keep_s), ANSWER_NO_CONSENT);
	assert_answer(consent_grant(&house->ground, &house->proof, (const char *[]){good, good}, 2,
				    HOUSE_UID, &house->why), ANSWER_INVALID_ARGUMENT, house->why);
	assert_answer(consent_grant(&house->ground, &house->proof, (const char *[]){ "{}" }, 1,
				    HOUSE_UID, &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
	assert_answer(consent_grant(&house->ground, &house->proof, NULL, 0, HOUSE_UID, &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
	assert_int_equal(house_logged(house, "consent-grant"), 0);
}

static void test_withdrawn_is_over_and_a_newer_one_counts(void **state)
{
	struct house *house = *state;
	struct consent_row *rows;
	struct profile mia;
	uint32_t keep_s;
	size_t n;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 7 * DAY_S), 0);
	assert_int_equal(house_grant(house, &mia, KIND_TRANSCRIPT, 7 * DAY_S), 0);
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, DAY_S), 0);
	assert_int_equal(in_force(house, &mia, KIND_AUDIO, &keep_s), 0);
	assert_int_equal(keep_s, DAY_S);
	assert_int_equal(consent_withdraw(&house->ground, &mia, KIND_AUDIO), 0);
	assert_int_equal(in_force(house, &mia, KIND_AUDIO, &keep_s), ANSWER_NO_CONSENT);
	assert_int_equal(in_force(house, &mia, KIND_TRANSCRIPT, &keep_s), 0);
	assert_int_equal(store_consents(house->store, &mia.id, &rows, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(consent_state(&house->ground, &rows[0]), "withdrawn");
	assert_string_equal(consent_state(&house->ground, &rows[1]), "in force");
	consent_rows_free(rows, n);
}

static void test_a_shorter_consent_shortens_what_is_kept(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	const char *kinds[] = {"audio"};
	struct archive_item item;
	struct profile mia;
	struct id id;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 7 * DAY_S), 0);
	assert_int_equal(house_keep(house, &ear, "mia", kinds, 1, &id), 0);
	assert_int_equal(archive_find(house->archive, &id, &item, &house->why), 0);
	assert_int_equal(item.parts[0].expires_min, HOUSE_NOW_S / 60 + 7 * DAY_S / 60);
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, DAY_S), 0);
	assert_int_equal(archive_find(house->archive, &id, &item, &house->why), 0);
	assert_int_equal(item.parts[0].expires_min, HOUSE_NOW_S / 60 + DAY_S / 60);
}

static void test_r3_a_lower_cap_shortens_what_is_kept(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	const char *kinds[] = {"audio", "transcript"};
	struct archive_item item;
	struct profile mia;
	struct id id;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 7 * DAY_S), 0);
	assert_int_equal(house_grant(house, &mia, KIND_TRANSCRIPT, 7 * DAY_S), 0);
	assert_int_equal(house_keep(house, &ear, "mia", kinds, 2, &id), 0);
	house->config.keep_max_s[KIND_AUDIO] = DAY_S;
	house_restart(house);
	assert_int_equal(consent_narrow(&house->ground), 0);
	assert_int_equal(archive_find(house->archive, &id, &item, &house->why), 0);
	assert_int_equal(item.n_parts, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(item.parts[i].expires_min, HOUSE_NOW_S / 60 +
				 (item.parts[i].kind == KIND_AUDIO ? 1 : 7) * DAY_S / 60);
	/* What is over the new cap already is not there any more. */
	house->boot_ms += 2 * DAY_S * 1000ll;
	house_restart(house);
	house->config.keep_max_s[KIND_TRANSCRIPT] = DAY_S;
	assert_int_equal(consent_narrow(&house->ground), 0);
	assert_int_equal(archive_find(house->archive, &id, &item, &house->why), ANSWER_NOT_FOUND);
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_r20_each_kind_by_itself),
		HOUSE_TEST(test_r2_no_consent_for_ever),
		HOUSE_TEST(test_the_configuration_caps_a_consent),
		HOUSE_TEST(test_r21_another_policy_stops_storing),
		HOUSE_TEST(test_r21_a_narrower_policy_goes_on),
		HOUSE_TEST(test_r21_numbers_that_are_not_the_policys_count_for_nothing),
		HOUSE_TEST(test_r20_withdrawing_one_kind_leaves_the_others),
		HOUSE_TEST(test_r22_only_a_proved_parent_consents),
		HOUSE_TEST(test_all_consents_or_none),
		HOUSE_TEST(test_withdrawn_is_over_and_a_newer_one_counts),
		HOUSE_TEST(test_a_shorter_consent_shortens_what_is_kept),
		HOUSE_TEST(test_r3_a_lower_cap_shortens_what_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
