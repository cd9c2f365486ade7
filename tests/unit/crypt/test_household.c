/* SPDX-License-Identifier: Apache-2.0 */
/* R20, R21, R22: what a parent signs, and what is refused although a parent signed it. */

#include "unit/crypt/crypt_test.h"

#include "crypt/household.h"

static struct sign_keypair *parent, *other;
static struct household household;
static struct consent consent;

static int group_setup(void **state)
{
	if (crypt_init() || sign_keypair_new(&parent) || sign_keypair_new(&other))
		return -1;
	crypt_random(household.home, BOX_PUBLIC_BYTES);
	crypt_random(household.release, BOX_PUBLIC_BYTES);
	consent.kind = KIND_TRANSCRIPT;
	consent.keep_s = 8 * 86400;
	consent.time_s = 1700000000;
	crypt_random(consent.profile.bytes, ID_BYTES);
	crypt_random(consent.policy, sizeof(consent.policy));
	return 0;
}

static int group_teardown(void **state)
{
	parent = sign_keypair_free(parent);
	other = sign_keypair_free(other);
	return 0;
}

static void test_household_round_trip(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct household read;
	struct why why;

	assert_int_equal(household_sign(&household, "Zoë", 1700000000, parent, &text), 0);
	assert_int_equal(household_verify(text, NULL, &read, &why), 0);
	assert_int_equal(household_verify(text, parent->public, &read, &why), 0);
	assert_memory_equal(read.home, household.home, BOX_PUBLIC_BYTES);
	assert_memory_equal(read.release, household.release, BOX_PUBLIC_BYTES);
	assert_memory_equal(read.founder, parent->public, SIGN_PUBLIC_BYTES);
}

static void test_r22_household_of_another_founder_is_refused(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct household read = { .home = { 1 } };
	struct why why = { "" };

	assert_int_equal(household_sign(&household, "Eve", 1700000000, other, &text), 0);
	assert_answer(household_verify(text, parent->public, &read, &why), ANSWER_INVALID_ARGUMENT,
		      why);
	assert_int_equal(read.home[0], 1);
}

static void test_household_any_change_is_refused(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct household read;
	struct why why;

	assert_int_equal(household_sign(&household, "Ada", 1700000000, parent, &text), 0);
	for (size_t i = 0; text[i]; i++) {
		text[i] ^= 1;
		assert_int_equal(household_verify(text, NULL, &read, &why),
				 ANSWER_INVALID_ARGUMENT);
		text[i] ^= 1;
	}
}

static void test_r17_household_with_one_key_for_both_is_not_signed(void **state)
{
	struct household same = household;
	char *text = NULL;

	memcpy(same.release, same.home, BOX_PUBLIC_BYTES);
	assert_int_equal(household_sign(&same, "Ada", 1700000000, parent, &text),
			 ANSWER_INVALID_ARGUMENT);
	assert_null(text);
}

/* A household as a client that knows no rules would sign it. */
static void assert_household_by_hand_refused(const char *member, json_t *value, const char *reason)
{
	_cleanup_(cleanup_free) char *text = NULL, *again = NULL;
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct household read;
	struct why why = { "" };

	assert_int_equal(household_sign(&household, "Ada", 1700000000, parent, &text), 0);
	body = json_loads(text, 0, NULL);
	json_object_set_new(body, member, value);
	assert_int_equal(statement_sign(body, HOUSEHOLD_STATEMENT, parent, &again), 0);
	assert_answer(household_verify(again, parent->public, &read, &why), ANSWER_INVALID_ARGUMENT,
		      why);
	if (!strstr(why.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", why.text, reason);
}

static void test_r17_household_with_one_key_for_both_is_refused(void **state)
{
	char release[2 * BOX_PUBLIC_BYTES + 1];

	hex_text(household.release, BOX_PUBLIC_BYTES, release);
	assert_household_by_hand_refused("home", json_string(release), "the same");
	assert_household_by_hand_refused("home", json_string("00"), "home");
	assert_household_by_hand_refused("founder_name", json_string(""), "name");
	assert_household_by_hand_refused("founder_name", json_integer(1), "founder_name");
	assert_household_by_hand_refused("time_s", json_integer(0), "time_s");
	assert_household_by_hand_refused("school", json_string(release), "members");
}

static void test_household_names(void **state)
{
	static const char *const wrong[] = { "", "123456789012345678901234567890123", "\xff\xfe" };
	char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(household_sign(&household, wrong[i], 1700000000, parent, &text),
				 ANSWER_INVALID_ARGUMENT);
	assert_int_equal(household_sign(&household, "Ada", 0, parent, &text),
			 ANSWER_INVALID_ARGUMENT);
	assert_null(text);
	/* 32 characters of two bytes each. */
	assert_int_equal(household_sign(&household,
		"éééééééééééééééééééééééééééééééé", 1, parent, &text), 0);
	free(text);
}

static void test_consent_round_trip(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct consent read;
	struct why why;

	assert_int_equal(consent_sign(&consent, parent, &text), 0);
	assert_int_equal(consent_verify(text, &read, &why), 0);
	assert_true(id_equal(&read.profile, &consent.profile));
	assert_int_equal(read.kind, consent.kind);
	assert_int_equal(read.keep_s, consent.keep_s);
	assert_int_equal(read.time_s, consent.time_s);
	assert_memory_equal(read.policy, consent.policy, sizeof(read.policy));
	assert_memory_equal(read.parent, parent->public, SIGN_PUBLIC_BYTES);
}

static void test_consent_any_change_is_refused(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct consent read;
	struct why why;

	assert_int_equal(consent_sign(&consent, parent, &text), 0);
	for (size_t i = 0; text[i]; i++) {
		text[i] ^= 1;
		assert_int_equal(consent_verify(text, &read, &why), ANSWER_INVALID_ARGUMENT);
		text[i] ^= 1;
	}
}

static void test_r2_consent_without_end_is_not_signed(void **state)
{
	for (int kind = 0; kind <= KIND_MAX + 1; kind++) {
		const uint32_t keeps[] = { 0, 59, kind_keep_max_s(kind) + 1, INT32_MAX,
					   UINT32_MAX };

		for (size_t i = 0; i < ARRAY_SIZE(keeps); i++) {
			struct consent wrong = consent;
			char *text = NULL;

			wrong.kind = (enum kind)kind;
			wrong.keep_s = keeps[i];
			assert_int_equal(consent_sign(&wrong, parent, &text),
					 ANSWER_INVALID_ARGUMENT);
			assert_null(text);
		}
	}
}

/* A consent as a client that knows no rules would sign it. */
static char *consent_by_hand(const char *member, json_t *value)
{
	_cleanup_(cleanup_free) char *text = NULL;
	_cleanup_(statement_json_freep) json_t *body = NULL;
	char *again = NULL;

	assert_int_equal(consent_sign(&consent, parent, &text), 0);
	body = json_loads(text, 0, NULL);
	if (value)
		json_object_set_new(body, member, value);
	else
		json_object_del(body, member);
	assert_int_equal(statement_sign(body, CONSENT_STATEMENT, parent, &again), 0);
	return again;
}

static void assert_by_hand_refused(const char *member, json_t *value, const char *reason)
{
	_cleanup_(cleanup_free) char *text = consent_by_hand(member, value);
	struct consent read = { .keep_s = 5 };
	struct why why = { "" };

	assert_answer(consent_verify(text, &read, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_int_equal(read.keep_s, 5);
	if (!strstr(why.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", why.text, reason);
}

static void test_r2_consent_without_end_is_refused(void **state)
{
	assert_by_hand_refused("keep_s", json_integer(0), "keep_s");
	assert_by_hand_refused("keep_s", json_integer(-1), "keep_s");
	assert_by_hand_refused("keep_s", json_integer(59), "keep_s");
	assert_by_hand_refused("keep_s", json_integer(90 * 86400 + 1), "keep_s");
	assert_by_hand_refused("keep_s", json_integer(INT64_MAX), "keep_s");
	assert_by_hand_refused("keep_s", json_string("forever"), "keep_s");
	assert_by_hand_refused("keep_s", NULL, "members");
}

static void test_r20_consent_for_anything_else_is_refused(void **state)
{
	assert_by_hand_refused("kind", json_string("training"), "kind");
	assert_by_hand_refused("kind", json_string("audio,transcript"), "kind");
	assert_by_hand_refused("kind", json_integer(1), "kind");
	assert_by_hand_refused("training", json_true(), "members");
	/* The cap is that of the kind named: 8 days are fine for a transcript, not for a location.
	 */
	assert_by_hand_refused("kind", json_string("location"), "keep_s");
}

static void test_r22_consent_by_a_method_without_a_name_is_refused(void **state)
{
	static const char *const wrong[] = { "", "../key", "Email", "e mail", "a\n",
					     "a-name-that-is-one-letter-too-long" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_by_hand_refused("method", json_string(wrong[i]), "method");
	assert_by_hand_refused("method", NULL, "members");
	assert_by_hand_refused("time_s", json_integer(0), "time_s");
	assert_by_hand_refused("policy", json_string("00"), "policy");
	assert_by_hand_refused("profile", json_string("everyone"), "profile");
}

static void test_consent_is_no_household(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct household read;
	struct why why = { "" };

	assert_int_equal(consent_sign(&consent, parent, &text), 0);
	assert_answer(household_verify(text, NULL, &read, &why), ANSWER_INVALID_ARGUMENT, why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_household_round_trip),
		cmocka_unit_test(test_r22_household_of_another_founder_is_refused),
		cmocka_unit_test(test_household_any_change_is_refused),
		cmocka_unit_test(test_r17_household_with_one_key_for_both_is_not_signed),
		cmocka_unit_test(test_r17_household_with_one_key_for_both_is_refused),
		cmocka_unit_test(test_household_names),
		cmocka_unit_test(test_consent_round_trip),
		cmocka_unit_test(test_consent_any_change_is_refused),
		cmocka_unit_test(test_r2_consent_without_end_is_not_signed),
		cmocka_unit_test(test_r2_consent_without_end_is_refused),
		cmocka_unit_test(test_r20_consent_for_anything_else_is_refused),
		cmocka_unit_test(test_r22_consent_by_a_method_without_a_name_is_refused),
		cmocka_unit_test(test_consent_is_no_household),
	};

	return cmocka_run_group_tests_name("crypt/household", tests, group_setup, group_teardown);
}
