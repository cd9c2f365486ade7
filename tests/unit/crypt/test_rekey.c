/* SPDX-License-Identifier: Apache-2.0 */
/* R12: the household's keys change by the word of a parent who remains, and by nobody else's. */

#include "unit/crypt/crypt_test.h"

#include "crypt/envelope.h"
#include "crypt/rekey.h"

enum who { ANNA, BEN, CARA, DAN, EVE, WHO };	/* Anna founded; nobody knows Eve */
static struct sign_keypair *keys[WHO];
static char *founding, *vouches[3];		/* of Ben and Cara by Anna, of Dan by Ben */

static char *vouched(enum who voucher, enum who parent)
{
	struct vouch vouch = { .name = "x", .time_s = 1700000000 };
	char *text = NULL;

	memcpy(vouch.parent, keys[parent]->public, SIGN_PUBLIC_BYTES);
	assert_int_equal(vouch_sign(&vouch, keys[voucher], &text), 0);
	return text;
}

static int group_start(void **state)
{
	const struct household household = { .home = { 100 }, .release = { 200 } };

	assert_int_equal(crypt_init(), 0);
	for (size_t i = 0; i < WHO; i++)
		assert_int_equal(sign_keypair_new(&keys[i]), 0);
	assert_int_equal(household_sign(&household, "Anna", 1700000000, keys[ANNA], &founding), 0);
	vouches[0] = vouched(ANNA, BEN);
	vouches[1] = vouched(ANNA, CARA);
	vouches[2] = vouched(BEN, DAN);
	return 0;
}

static int group_stop(void **state)
{
	for (size_t i = 0; i < WHO; i++)
		sign_keypair_free(keys[i]);
	for (size_t i = 0; i < ARRAY_SIZE(vouches); i++)
		free(vouches[i]);
	free(founding);
	return 0;
}

/* `parents`: a bit for each who remains. */
static char *changed(unsigned number, const char *before, enum who signer, enum who removed,
		     unsigned parents)
{
	struct rekey rekey = { .number = number, .home = { (uint8_t)(100 + number) },
			       .release = { (uint8_t)(200 + number) }, .time_s = 1700000000 };
	char *text = NULL;

	crypt_hash(before, strlen(before), rekey.before);
	memcpy(rekey.removed, keys[removed]->public, SIGN_PUBLIC_BYTES);
	for (unsigned i = 0; i < WHO; i++)
		if (parents & 1u << i)
			memcpy(rekey.parents.keys[rekey.parents.n++], keys[i]->public,
			       SIGN_PUBLIC_BYTES);
	assert_int_equal(rekey_sign(&rekey, keys[signer], &text), 0);
	return text;
}

/* With these two (or NULL) behind the vouches. Returns the first byte of the home key, 0 where the
 * chain does not hold. */
static unsigned followed(const char *one, const char *two, const struct rekey_mark *seen)
{
	const char *texts[5] = { vouches[2] };
	size_t n = 1;
	struct rekeyed rekeyed;
	struct why why = { "" };
	int r;

	/* Their order says nothing. */
	if (two)
		texts[n++] = two;
	if (one)
		texts[n++] = one;
	texts[n++] = vouches[1];
	texts[n++] = vouches[0];
	r = rekeys_follow(founding, texts, n, seen, &rekeyed, &why);
	if (r == 0)
		return rekeyed.household.home[0];
	assert_answer(r, ANSWER_INVALID_ARGUMENT, why);
	return 0;
}

#define BIT(who) (1u << (who))
#define REMAIN (BIT(ANNA) | BIT(CARA) | BIT(DAN))

static void test_r12_a_parent_who_remains_changes_the_keys(void **state)
{
	_cleanup_(cleanup_free) char *one = changed(1, founding, ANNA, BEN, REMAIN);
	_cleanup_(cleanup_free) char *two = changed(2, one, DAN, ANNA, BIT(CARA) | BIT(DAN));

	assert_int_equal(followed(NULL, NULL, NULL), 100);
	assert_int_equal(followed(one, NULL, NULL), 101);
	/* Dan, for whom Ben had vouched, is one all the same; the founder can go. */
	assert_int_equal(followed(one, two, NULL), 102);
}

static void test_r12_who_was_removed_signs_nothing_more(void **state)
{
	_cleanup_(cleanup_free) char *one = changed(1, founding, ANNA, BEN, REMAIN);
	_cleanup_(cleanup_free) char *bens = changed(2, one, BEN, ANNA, BIT(CARA) | BIT(DAN));
	_cleanup_(cleanup_free) char *eves = changed(2, one, EVE, ANNA, BIT(CARA));
	_cleanup_(cleanup_free) char *puppet = vouched(BEN, EVE);
	const char *texts[] = { vouches[0], vouches[1], vouches[2], puppet, one, eves };
	_cleanup_(cleanup_free) char *own = changed(1, founding, BEN, BEN, REMAIN);
	_cleanup_(cleanup_free) char *slips = changed(1, founding, ANNA, BEN, REMAIN | BIT(EVE));
	_cleanup_(cleanup_free) char *stays = changed(1, founding, ANNA, BEN, REMAIN | BIT(BEN));
	struct rekeyed rekeyed;

	assert_int_equal(followed(one, bens, NULL), 0);
	assert_int_equal(followed(one, eves, NULL), 0);
	/* Not through somebody whom Ben vouches for afterwards, either. */
	assert_int_equal(rekeys_follow(founding, texts, ARRAY_SIZE(texts), NULL, &rekeyed, NULL),
			 ANSWER_INVALID_ARGUMENT);
	assert_int_equal(followed(own, NULL, NULL), 0);
	assert_int_equal(followed(slips, NULL, NULL), 0);
	assert_int_equal(followed(stays, NULL, NULL), 0);
}

static void test_r12_a_chain_that_was_seen_is_not_taken_back(void **state)
{
	_cleanup_(cleanup_free) char *one = changed(1, founding, ANNA, BEN, REMAIN);
	_cleanup_(cleanup_free) char *two = changed(2, one, DAN, ANNA, BIT(CARA) | BIT(DAN));
	_cleanup_(cleanup_free) char *other = changed(1, founding, BEN, ANNA, BIT(BEN) | BIT(CARA));
	_cleanup_(cleanup_free) char *apart = changed(2, other, CARA, BEN, BIT(CARA));
	struct rekey_mark seen = { .number = 1 };

	crypt_hash(one, strlen(one), seen.hash);
	assert_int_equal(followed(one, NULL, &seen), 101);
	assert_int_equal(followed(one, two, &seen), 102);
	assert_int_equal(followed(NULL, NULL, &seen), 0);
	assert_int_equal(followed(other, NULL, &seen), 0);
	assert_int_equal(followed(other, apart, &seen), 0);
	/* Two of one number: nobody can tell which. */
	assert_int_equal(followed(one, other, NULL), 0);
	assert_int_equal(followed(one, apart, NULL), 0);
}

static void test_what_one_signs_with_can_be_sealed_to(void **state)
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	uint8_t public[BOX_PUBLIC_BYTES];

	assert_int_equal(sign_box_keypair(keys[CARA], &pair), 0);
	assert_int_equal(sign_box_public(keys[CARA]->public, public), 0);
	assert_memory_equal(public, pair->public, sizeof(public));
}

static void test_r12_a_header_goes_to_another_key(void **state)
{
	_cleanup_(box_keypair_freep) struct box_keypair *old = NULL, *new = NULL;
	_cleanup_(secret_freep) struct secret *fk = NULL, *again = NULL;
	struct envelope_header header, anew;
	struct why why;

	assert_int_equal(box_keypair_new(&old), 0);
	assert_int_equal(box_keypair_new(&new), 0);
	assert_int_equal(envelope_new(old->public, &header, &fk), 0);
	assert_int_equal(envelope_reseal(&header, old, new->public, &anew, &why), 0);
	assert_true(envelope_is_for(&anew, new->public) && !envelope_is_for(&anew, old->public));
	assert_int_equal(envelope_open(&anew, new, &again, &why), 0);
	assert_memory_equal(again->bytes, fk->bytes, KEY_BYTES);
	assert_answer(envelope_reseal(&anew, old, new->public, &header, &why),
		      ANSWER_INVALID_ARGUMENT, why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r12_a_parent_who_remains_changes_the_keys),
		cmocka_unit_test(test_r12_who_was_removed_signs_nothing_more),
		cmocka_unit_test(test_r12_a_chain_that_was_seen_is_not_taken_back),
		cmocka_unit_test(test_what_one_signs_with_can_be_sealed_to),
		cmocka_unit_test(test_r12_a_header_goes_to_another_key),
	};

	return cmocka_run_group_tests_name("rekey", tests, group_start, group_stop);
}
