/* SPDX-License-Identifier: Apache-2.0 */
/* R12: after a parent was removed, what is heard goes to the new key, and never back to the old. */

#include "../test.h"

#include "decide.h"

static char *household_text(const struct sign_keypair *founder)
{
	const struct household household = { .home = { 1 }, .release = { 2 } };
	char *text = NULL;

	assert_int_equal(household_sign(&household, "Ada", 1700000000, founder, &text), 0);
	return text;
}

/* Somebody is removed, and `parent` remains. */
static char *rekey_text(const char *before, const struct sign_keypair *parent,
			const struct sign_keypair *signer)
{
	struct rekey rekey = { .number = 1, .home = { 3 }, .release = { 4 }, .removed = { 5 },
			       .parents = { .n = 1 }, .time_s = 1700000000 };
	char *text = NULL;

	crypt_hash(before, strlen(before), rekey.before);
	memcpy(rekey.parents.keys[0], parent->public, SIGN_PUBLIC_BYTES);
	assert_int_equal(rekey_sign(&rekey, signer, &text), 0);
	return text;
}

/* The first byte of the home key; 0 where nothing is kept. */
static unsigned home_after(struct decider *decider, const char *household, const char *rekey)
{
	struct decide_profile nobody = { .name = "" };
	const struct snapshot snapshot = {
		.household = household, .profiles = &nobody,
		.parents = &rekey, .n_parents = rekey != NULL,
		.policy_hash = "1111111111111111111111111111111111111111111111111111111111111111",
	};
	struct why why = { "" };
	int r = decider_update(decider, &snapshot, &why);

	if (r != 0)
		assert_answer(r, ANSWER_INVALID_ARGUMENT, why);
	assert_int_equal(decider_household(decider) != NULL, r == 0);
	return r == 0 ? decider_household(decider)->home[0] : 0;
}

static void test_r12_keys_change_and_stay_changed(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *parent = NULL, *stranger = NULL;
	_cleanup_(cleanup_free) char *household = NULL, *changed = NULL, *forged = NULL;
	_cleanup_(decider_freep) struct decider *decider = NULL;

	assert_int_equal(crypt_init(), 0);
	assert_int_equal(sign_keypair_new(&parent), 0);
	assert_int_equal(sign_keypair_new(&stranger), 0);
	assert_int_equal(decider_new(NULL, &decider), 0);
	household = household_text(parent);
	changed = rekey_text(household, parent, parent);
	forged = rekey_text(household, parent, stranger);
	assert_int_equal(home_after(decider, household, NULL), 1);
	assert_int_equal(home_after(decider, household, forged), 0);
	assert_int_equal(home_after(decider, household, changed), 3);
	assert_int_equal(home_after(decider, household, NULL), 0);
	assert_int_equal(home_after(decider, household, changed), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r12_keys_change_and_stay_changed),
	};

	return cmocka_run_group_tests_name("rekeyed", tests, NULL, NULL);
}
