/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * "cubby-keys-1": the household has other keys from here on, because a parent was removed, and who
 * may sign the next such statement. Each names the one before it by its hash, the first one the
 * household's own ("cubby-household-1"), so that they are a chain: who was removed, and what they
 * vouch for later, has no part in it.
 */

#include "crypt/household.h"
#include "crypt/vouch.h"

#define REKEY_STATEMENT "cubby-keys-1"
#define REKEYS_MAX (PARENTS_MAX - 1)

struct rekey {
	uint32_t number;			/* 1: the first change */
	uint8_t before[HASH_BYTES];		/* hash of the statement before it */
	uint8_t home[BOX_PUBLIC_BYTES];
	uint8_t release[BOX_PUBLIC_BYTES];
	uint8_t removed[SIGN_PUBLIC_BYTES];
	struct parent_keys parents;		/* who is one now */
	int64_t time_s;
	uint8_t signer[SIGN_PUBLIC_BYTES];
};

/* The signer is `parent`, whatever rekey->signer holds. ANSWER_INVALID_ARGUMENT: no parents, or
 * the two keys are the same. */
int rekey_sign(const struct rekey *rekey, const struct sign_keypair *parent, char **ret_text);
/* This statement by itself; whether it is one of the chain is for rekeys_follow(). */
int rekey_verify(const char *text, struct rekey *ret, struct why *why);

/* A statement of the chain: its number (0: the household's own) and its hash. */
struct rekey_mark {
	uint32_t number;
	uint8_t hash[HASH_BYTES];
};
struct rekeyed {
	struct household household;		/* with the home and release key in force */
	struct rekey_mark mark;			/* of the statement that says so */
	struct parent_keys parents;		/* who may sign the next one */
};
/* Where the chain ends. texts: statements of parents and of keys, in any order. `seen`, if not
 * NULL, was its end before and must be part of it. ANSWER_INVALID_ARGUMENT: it is not, or a link
 * does not hold; then no key may be used. */
int rekeys_follow(const char *household, const char *const *texts, size_t n,
		  const struct rekey_mark *seen, struct rekeyed *ret, struct why *why);
