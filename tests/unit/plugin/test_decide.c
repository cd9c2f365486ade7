/* SPDX-License-Identifier: Apache-2.0 */
/* R1, R20, R21, R28: only a consent that holds keeps anything. */

#include "../test.h"

#include "attribute.h"
#include "decide.h"

#define AUDIO KIND_BIT(KIND_AUDIO)
#define TRANSCRIPT KIND_BIT(KIND_TRANSCRIPT)
#define LOCATION KIND_BIT(KIND_LOCATION)
#define ALL (AUDIO | TRANSCRIPT | LOCATION)
#define POLICY "1111111111111111111111111111111111111111111111111111111111111111"
#define POLICY_WIDER "2222222222222222222222222222222222222222222222222222222222222222"

/* A household with a child, Mia, and an adult, Tom, and a stranger who signs things too. */
struct home {
	struct sign_keypair *parent, *stranger;
	char *household;
	struct decide_profile profiles[2];
	struct decider *decider;
	const char *consents[8];
	char *owned[8];
	size_t n;
};

static char *household_text(const struct sign_keypair *founder)
{
	struct household household = { .home = { 1 }, .release = { 2 } };
	char *text = NULL;

	assert_int_equal(household_sign(&household, "Ada", 1700000000, founder, &text), 0);
	return text;
}

static int setup(void **state)
{
	struct home *home = calloc(1, sizeof(*home));

	assert_int_equal(crypt_init(), 0);
	assert_int_equal(sign_keypair_new(&home->parent), 0);
	assert_int_equal(sign_keypair_new(&home->stranger), 0);
	home->household = household_text(home->parent);
	home->profiles[0] = (struct decide_profile) {
		.id = { { 1 } }, .name = "Mia", .type = PROFILE_CHILD };
	home->profiles[1] = (struct decide_profile) {
		.id = { { 2 } }, .name = "Tom", .type = PROFILE_ADULT };
	assert_int_equal(decider_new(NULL, &home->decider), 0);
	*state = home;
	return 0;
}

static int teardown(void **state)
{
	struct home *home = *state;

	for (size_t i = 0; i < home->n; i++)
		free(home->owned[i]);
	sign_keypair_free(home->parent);
	sign_keypair_free(home->stranger);
	decider_free(home->decider);
	free(home->household);
	free(home);
	return 0;
}

static struct consent consent_for(const struct home *home, unsigned profile, enum kind kind)
{
	struct consent consent = { .profile = home->profiles[profile].id, .kind = kind,
				   .keep_s = 3600, .time_s = 1700000000 };

	memset(consent.policy, 0x11, sizeof(consent.policy));
	return consent;
}

static void grant(struct home *home, struct consent consent, const struct sign_keypair *signer)
{
	char *text = NULL;

	assert_int_equal(consent_sign(&consent, signer, &text), 0);
	home->owned[home->n] = text;
	home->consents[home->n++] = text;
}

static struct snapshot snapshot_of(const struct home *home)
{
	return (struct snapshot) {
		.household = home->household, .policy_hash = POLICY,
		.profiles = (struct decide_profile *)(uintptr_t)home->profiles, .n_profiles = 2,
		.consents = home->consents, .n_consents = home->n,
	};
}

static void update(struct home *home)
{
	struct snapshot snapshot = snapshot_of(home);
	struct why why;

	assert_int_equal(decider_update(home->decider, &snapshot, &why), 0);
}

static unsigned kinds(struct home *home, const char *name)
{
	struct why why = { "" };
	unsigned set = decide_kinds(home->decider, decider_profile(home->decider, name), ALL, &why);

	assert_true(set != 0 || why.text[0] != '\0');
	return set;
}

/* Of what an ear offers, nothing of Mia is kept, and this is why. */
static void assert_none_of_mia(struct home *home, unsigned offered, const char *reason)
{
	const struct decide_profile *mia = decider_profile(home->decider, "Mia");
	struct why why = { "" };

	assert_int_equal(decide_kinds(home->decider, mia, offered, &why), 0);
	assert_non_null(strstr(why.text, reason));
}

static void test_signed_consent_is_a_yes(void **state)
{
	struct home *home = *state;

	grant(home, consent_for(home, 0, KIND_AUDIO), home->parent);
	update(home);
	assert_int_equal(kinds(home, "Mia"), AUDIO);
}

static void test_r1_nothing_is_kept_before_consent(void **state)
{
	struct home *home = *state;

	assert_int_equal(kinds(home, "Mia"), 0);
	update(home);
	assert_int_equal(kinds(home, "Mia"), 0);
	assert_int_equal(kinds(home, "nobody"), 0);
}

static void test_r1_no_answer_is_no(void **state)
{
	struct home *home = *state;

	grant(home, consent_for(home, 0, KIND_AUDIO), home->parent);
	update(home);
	decider_clear(home->decider);
	assert_int_equal(kinds(home, "Mia"), 0);
	assert_null(decider_household(home->decider));
	assert_null(decider_profile(home->decider, "Mia"));
}

static void test_r20_one_kind_implies_no_other(void **state)
{
	struct home *home = *state;

	grant(home, consent_for(home, 0, KIND_TRANSCRIPT), home->parent);
	update(home);
	assert_int_equal(kinds(home, "Mia"), TRANSCRIPT);
	grant(home, consent_for(home, 0, KIND_LOCATION), home->parent);
	update(home);
	assert_int_equal(kinds(home, "Mia"), TRANSCRIPT | LOCATION);
}

static void test_r20_only_what_is_offered(void **state)
{
	struct home *home = *state;

	grant(home, consent_for(home, 0, KIND_LOCATION), home->parent);
	update(home);
	assert_none_of_mia(home, AUDIO | TRANSCRIPT, "no parent has consented");
}

static void test_r20_consent_is_for_one_profile(void **state)
{
	struct home *home = *state;

	grant(home, consent_for(home, 1, KIND_AUDIO), home->parent);
	update(home);
	assert_int_equal(kinds(home, "Mia"), 0);
	assert_int_equal(kinds(home, "Tom"), AUDIO);
}

static void test_r21_consent_for_another_policy_is_none(void **state)
{
	struct home *home = *state;
	struct snapshot snapshot;
	struct why why;

	grant(home, consent_for(home, 0, KIND_AUDIO), home->parent);
	snapshot = snapshot_of(home);
	snapshot.policy_hash = POLICY_WIDER;
	assert_int_equal(decider_update(home->decider, &snapshot, &why), 0);
	assert_none_of_mia(home, ALL, "policy");
}

/* The keeper hands over numbers; only those that make the signed hash count, and only less does. */
static void test_r21_a_narrower_policy_goes_on_and_a_wider_one_not(void **state)
{
	struct home *home = *state;
	struct consent consent = consent_for(home, 0, KIND_AUDIO);
	struct decide_policy policies[2] = { 0 };
	struct snapshot snapshot;
	char hex[65];
	struct why why = { "" };

	terms_default(&policies[0].terms);
	policies[0].terms.keep_max_s[KIND_AUDIO] = 7200;
	assert_int_equal(terms_hash(&policies[0].terms, policies[0].hash), 0);
	memcpy(consent.policy, policies[0].hash, sizeof(consent.policy));
	grant(home, consent, home->parent);
	for (int32_t more = -1; more <= 1; more++) {
		policies[1].terms = policies[0].terms;
		policies[1].terms.keep_max_s[KIND_AUDIO] += (uint32_t)more;
		assert_int_equal(terms_hash(&policies[1].terms, policies[1].hash), 0);
		snapshot = snapshot_of(home);
		snapshot.policy_hash = hex_text(policies[1].hash, 32, hex);
		snapshot.policies = policies;
		snapshot.n_policies = 2;
		assert_int_equal(decider_update(home->decider, &snapshot, &why), 0);
		assert_int_equal(kinds(home, "Mia"), more <= 0 ? AUDIO : 0);
	}
	/* A keeper that calls what was consented to wider than it was, or its own narrower. */
	policies[0].terms.keep_max_s[KIND_AUDIO] = 7201;
	assert_int_equal(decider_update(home->decider, &snapshot, &why), 0);
	assert_int_equal(kinds(home, "Mia"), 0);
	policies[0].terms.keep_max_s[KIND_AUDIO] = 7200;
	policies[1].terms.keep_max_s[KIND_AUDIO] = 60;
	assert_int_equal(decider_update(home->decider, &snapshot, &why), 0);
	assert_int_equal(kinds(home, "Mia"), 0);
	/* Another build's wording: nobody here can tell what it keeps. */
	memset(policies[1].hash, 0x22, 32);
	snapshot.policy_hash = POLICY_WIDER;
	assert_int_equal(decider_update(home->decider, &snapshot, &why), 0);
	assert_int_equal(kinds(home, "Mia"), 0);
}

static void test_r22_stranger_cannot_consent(void **state)
{
	struct home *home = *state;

	grant(home, consent_for(home, 0, KIND_AUDIO), home->stranger);
	update(home);
	assert_none_of_mia(home, ALL, "no parent of this household signed");
}

static void test_changed_consent_is_none(void **state)
{
	struct home *home = *state;
	char *kind;

	grant(home, consent_for(home, 0, KIND_AUDIO), home->parent);
	kind = strstr(home->owned[0], "\"keep_s\":3600");
	assert_non_null(kind);
	memcpy(kind, "\"keep_s\":7200", 13);
	update(home);
	assert_int_equal(kinds(home, "Mia"), 0);
}

static void test_r22_a_later_parent_consents_once_vouched_for(void **state)
{
	struct home *home = *state;
	struct vouch vouch = { .name = "Ben", .time_s = 1700000000 };
	_cleanup_(cleanup_free) char *text = NULL;
	struct snapshot snapshot;

	grant(home, consent_for(home, 0, KIND_AUDIO), home->stranger);
	update(home);
	assert_int_equal(kinds(home, "Mia"), 0);
	memcpy(vouch.parent, home->stranger->public, SIGN_PUBLIC_BYTES);
	assert_int_equal(vouch_sign(&vouch, home->parent, &text), 0);
	snapshot = snapshot_of(home);
	snapshot.parents = (const char *[]){ text }, snapshot.n_parents = 1;
	assert_int_equal(decider_update(home->decider, &snapshot, NULL), 0);
	assert_int_equal(kinds(home, "Mia"), AUDIO);
}

static void test_withdrawn_consent_ends_with_the_next_snapshot(void **state)
{
	struct home *home = *state;
	struct snapshot snapshot;
	struct why why;

	grant(home, consent_for(home, 0, KIND_AUDIO), home->parent);
	update(home);
	assert_int_equal(kinds(home, "Mia"), AUDIO);
	snapshot = snapshot_of(home);
	snapshot.n_consents = 0;
	assert_int_equal(decider_update(home->decider, &snapshot, &why), 0);
	assert_int_equal(kinds(home, "Mia"), 0);
}

static void test_household_is_pinned_on_first_use(void **state)
{
	struct home *home = *state;
	_cleanup_(cleanup_free) char *forged = household_text(home->stranger);
	struct snapshot snapshot;
	struct why why = { "" };

	grant(home, consent_for(home, 0, KIND_AUDIO), home->parent);
	grant(home, consent_for(home, 0, KIND_AUDIO), home->stranger);
	update(home);
	snapshot = snapshot_of(home);
	snapshot.household = forged;
	assert_answer(decider_update(home->decider, &snapshot, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_int_equal(kinds(home, "Mia"), 0);
	assert_null(decider_household(home->decider));
	update(home);
	assert_int_equal(kinds(home, "Mia"), AUDIO);
}

static void test_household_is_pinned_by_setting(void **state)
{
	struct home *home = *state;
	_cleanup_(decider_freep) struct decider *decider = NULL;
	struct snapshot snapshot = snapshot_of(home);
	struct why why = { "" };

	assert_int_equal(decider_new(home->stranger->public, &decider), 0);
	assert_answer(decider_update(decider, &snapshot, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_null(decider_household(decider));
}

static void test_changed_household_is_none(void **state)
{
	struct home *home = *state;
	struct snapshot snapshot = snapshot_of(home);
	char *key = strstr(home->household, "\"home\":\"01");
	struct why why = { "" };

	assert_non_null(key);
	key[9] = '3';
	assert_answer(decider_update(home->decider, &snapshot, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_null(decider_household(home->decider));
}

static void test_bad_policy_hash_is_refused(void **state)
{
	struct home *home = *state;
	struct snapshot snapshot = snapshot_of(home);
	struct why why = { "" };

	snapshot.policy_hash = "11";
	assert_answer(decider_update(home->decider, &snapshot, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_null(decider_household(home->decider));
}

static void test_named_child_counts(void **state)
{
	struct home *home = *state;
	struct attribution attribution;
	struct why why = { "" };

	update(home);
	attribution = attribute(home->decider, "Mia", NULL, &why);
	assert_int_equal(attribution.who, CUBBY_EAR_CHILD);
	assert_non_null(attribution.profile);
}

/* R28: an adult's button pressed by a child makes nobody an adult. */
static void test_r28_named_adult_is_unknown(void **state)
{
	struct home *home = *state;
	struct attribution attribution;
	struct why why = { "" };

	grant(home, consent_for(home, 1, KIND_AUDIO), home->parent);
	update(home);
	attribution = attribute(home->decider, "Tom", NULL, &why);
	assert_int_equal(attribution.who, CUBBY_EAR_UNKNOWN);
	assert_null(attribution.profile);
	assert_true(why.text[0] != '\0');
}

static void test_r28_unnamed_and_misnamed_are_unknown(void **state)
{
	static const char *const names[] = { NULL, "", "mia", "Mia ", "nobody" };
	struct home *home = *state;

	update(home);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct why why = { "" };
		struct attribution attribution = attribute(home->decider, names[i], NULL,
							   &why);

		assert_int_equal(attribution.who, CUBBY_EAR_UNKNOWN);
		assert_null(attribution.profile);
		assert_true(why.text[0] != '\0');
	}
}

static struct voice_match match_of(const struct home *home, unsigned profile)
{
	return (struct voice_match) { .matched = true, .profile = home->profiles[profile].id };
}

static void test_an_adult_counts_by_voice(void **state)
{
	struct home *home = *state;
	struct voice_match tom = match_of(home, 1);
	static const char *const names[] = { NULL, "", "Tom" };
	struct why why = { "" };

	update(home);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct attribution attribution = attribute(home->decider, names[i], &tom, &why);

		assert_int_equal(attribution.who, CUBBY_EAR_ADULT);
		assert_string_equal(attribution.profile->name, "Tom");
	}
}

static void check_unknown(const struct home *home, const char *named,
			  const struct voice_match *voice)
{
	struct why why = { "" };
	struct attribution attribution = attribute(home->decider, named, voice, &why);

	assert_int_equal(attribution.who, CUBBY_EAR_UNKNOWN);
	assert_null(attribution.profile);
	assert_true(why.text[0] != '\0');
}

/* R28: not the adult whose button it is, not an adult any more, not surely. */
static void test_r28_another_voice_than_the_named_adults(void **state)
{
	struct home *home = *state;
	struct voice_match other = match_of(home, 0), nobody = { .why = { "two voices" } };

	update(home);
	check_unknown(home, "Tom", &nobody);
	memset(&other.profile, 9, sizeof(other.profile));
	check_unknown(home, "Tom", &other);
	check_unknown(home, "", &other);
	check_unknown(home, "", &nobody);
}

/* R27: a voiceprint that claims to be a child's attributes nothing. */
static void test_r27_no_voice_makes_a_child_known(void **state)
{
	struct home *home = *state;
	struct voice_match mia = match_of(home, 0);

	update(home);
	check_unknown(home, "", &mia);
	check_unknown(home, "Tom", &mia);
}

/* A child's button stays the child's, whoever presses it: nobody is less protected by that. */
static void test_a_named_child_stays_one_with_any_voice(void **state)
{
	struct home *home = *state;
	struct voice_match tom = match_of(home, 1);
	struct why why = { "" };

	update(home);
	assert_int_equal(attribute(home->decider, "Mia", &tom, &why).who, CUBBY_EAR_CHILD);
}

static void test_r28_without_a_keeper_everybody_is_unknown(void **state)
{
	struct home *home = *state;
	struct why why = { "" };

	assert_int_equal(attribute(home->decider, "Mia", NULL, &why).who, CUBBY_EAR_UNKNOWN);
}

#define WITH_HOME(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(test_signed_consent_is_a_yes),
		WITH_HOME(test_r1_nothing_is_kept_before_consent),
		WITH_HOME(test_r1_no_answer_is_no),
		WITH_HOME(test_r20_one_kind_implies_no_other),
		WITH_HOME(test_r20_only_what_is_offered),
		WITH_HOME(test_r20_consent_is_for_one_profile),
		WITH_HOME(test_r21_consent_for_another_policy_is_none),
		WITH_HOME(test_r21_a_narrower_policy_goes_on_and_a_wider_one_not),
		WITH_HOME(test_r22_stranger_cannot_consent),
		WITH_HOME(test_changed_consent_is_none),
		WITH_HOME(test_r22_a_later_parent_consents_once_vouched_for),
		WITH_HOME(test_withdrawn_consent_ends_with_the_next_snapshot),
		WITH_HOME(test_household_is_pinned_on_first_use),
		WITH_HOME(test_household_is_pinned_by_setting),
		WITH_HOME(test_changed_household_is_none),
		WITH_HOME(test_bad_policy_hash_is_refused),
		WITH_HOME(test_named_child_counts),
		WITH_HOME(test_r28_named_adult_is_unknown),
		WITH_HOME(test_r28_unnamed_and_misnamed_are_unknown),
		WITH_HOME(test_an_adult_counts_by_voice),
		WITH_HOME(test_r28_another_voice_than_the_named_adults),
		WITH_HOME(test_r27_no_voice_makes_a_child_known),
		WITH_HOME(test_a_named_child_stays_one_with_any_voice),
		WITH_HOME(test_r28_without_a_keeper_everybody_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
