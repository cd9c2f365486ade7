/* SPDX-License-Identifier: Apache-2.0 */
/* R27, R28: whom the ear takes for enrolled. A keeper that was tampered with must not be able to
 * make anybody an adult, so every guard is the ear's own. */

#include "../test.h"

#include "crypt/voiceconsent.h"
#include "decide.h"

#define POLICY "1111111111111111111111111111111111111111111111111111111111111111"

/* A household with a child, Mia, and an adult, Tom, whose voiceprint has this hash. */
struct home {
	struct sign_keypair *parent, *stranger;
	char *household;
	struct decide_profile profiles[2];
	struct decider *decider;
	struct voice_consent enrolment;
};

static int setup(void **state)
{
	struct household household = { .home = { 1 }, .release = { 2 } };
	struct home *home = calloc(1, sizeof(*home));

	assert_int_equal(crypt_init(), 0);
	assert_int_equal(sign_keypair_new(&home->parent), 0);
	assert_int_equal(sign_keypair_new(&home->stranger), 0);
	assert_int_equal(household_sign(&household, "Ada", 1700000000, home->parent,
					&home->household), 0);
	home->profiles[0] = (struct decide_profile) {
		.id = { { 1 } }, .name = "Mia", .type = PROFILE_CHILD };
	home->profiles[1] = (struct decide_profile) {
		.id = { { 2 } }, .name = "Tom", .type = PROFILE_ADULT };
	home->enrolment = (struct voice_consent) {
		.profile = home->profiles[1].id, .voiceprint = { 7 }, .keep_s = 3600,
		.time_s = 1700000000,
	};
	memset(home->enrolment.policy, 0x11, sizeof(home->enrolment.policy));
	assert_int_equal(decider_new(NULL, &home->decider), 0);
	*state = home;
	return 0;
}

static int teardown(void **state)
{
	struct home *home = *state;

	sign_keypair_free(home->parent);
	sign_keypair_free(home->stranger);
	decider_free(home->decider);
	free(home->household);
	free(home);
	return 0;
}

/* Is the voiceprint with this first byte the profile's, as of what `signer` signed? */
static bool enrolled(struct home *home, const struct sign_keypair *signer, unsigned profile,
		     uint8_t voiceprint)
{
	const uint8_t hash[HASH_BYTES] = { voiceprint };
	_cleanup_(cleanup_free) char *text = NULL;
	struct snapshot snapshot = {
		.household = home->household, .policy_hash = POLICY,
		.profiles = home->profiles, .n_profiles = 2,
	};
	const char *consents[1];
	struct why why = { "" };

	assert_int_equal(voice_consent_sign(&home->enrolment, signer, &text), 0);
	consents[0] = text;
	snapshot.consents = consents;
	snapshot.n_consents = 1;
	assert_int_equal(decider_update(home->decider, &snapshot, &why), 0);
	return decider_enrolled(home->decider, &home->profiles[profile].id, hash);
}

static void test_r27_an_adult_whom_a_parent_enrolled(void **state)
{
	struct home *home = *state;

	assert_true(enrolled(home, home->parent, 1, 7));
	decider_clear(home->decider);
	assert_false(decider_enrolled(home->decider, &home->profiles[1].id,
				      home->enrolment.voiceprint));
}

static void test_r27_never_a_child(void **state)
{
	struct home *home = *state;

	home->enrolment.profile = home->profiles[0].id;
	assert_false(enrolled(home, home->parent, 0, 7));
	assert_false(enrolled(home, home->parent, 1, 7));
}

static void test_r28_never_by_a_stranger(void **state)
{
	struct home *home = *state;

	assert_false(enrolled(home, home->stranger, 1, 7));
}

static void test_r28_never_another_voiceprint_or_profile(void **state)
{
	struct home *home = *state;

	assert_false(enrolled(home, home->parent, 1, 8));
	assert_false(enrolled(home, home->parent, 0, 7));
	home->enrolment.profile = (struct id) { { 3 } };
	assert_false(enrolled(home, home->parent, 1, 7));
}

static void test_r21_never_under_another_policy(void **state)
{
	struct home *home = *state;

	home->enrolment.policy[0] ^= 1;
	assert_false(enrolled(home, home->parent, 1, 7));
}

#define WITH_HOME(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(test_r27_an_adult_whom_a_parent_enrolled),
		WITH_HOME(test_r27_never_a_child),
		WITH_HOME(test_r28_never_by_a_stranger),
		WITH_HOME(test_r28_never_another_voiceprint_or_profile),
		WITH_HOME(test_r21_never_under_another_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
