/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Parents and their doors. A passphrase is stretched in the client; here arrives a proof, sealed to
 * this keeper's key and bound to the connection it came on, and what goes out are wraps that this
 * keeper cannot open. A wrong guess is charged and on the disk before it is checked.
 */

#include "crypt/box.h"
#include "crypt/door.h"
#include "ground.h"
#include "household.h"

#define PROOF_LASTS_S 300

/* A parent who proved on the caller's connection; all zero: nobody did. */
struct proof {
	int64_t parent;
	uint8_t sign_key[SIGN_PUBLIC_BYTES];
	int64_t until_boot_ms;
};

bool proof_holds(const struct proof *proof, const struct clock *clock);

struct parents;

/* `box` opens what is sealed to this keeper; borrowed. From here on the waits count. */
int parents_new(const struct ground *ground, const struct box_keypair *box, struct parents **ret);
struct parents *parents_free(struct parents *parents);
CLEANUP_DEFINE(struct parents *, parents_free)

/* As household_setup(); the founding parent is proved afterwards. */
int parent_setup(struct parents *parents, const struct asker *asker, const char *name,
		 const char *household, const void *sealed_doors, size_t n_sealed,
		 struct proof *ret_proof, struct why *why);
/* ANSWER_NOT_FOUND, ANSWER_INVALID_ARGUMENT. */
int parent_challenge(struct parents *parents, const char *name, const char *door,
		     struct door *ret_door, uint32_t *ret_wait_s, struct why *why);

struct parent_guess {
	const char *name;
	const char *door;
	const void *sealed_proof;
	size_t n_sealed_proof;
	const char *const *secrets;
	size_t n_secrets;
	const uint8_t *reply_key;	/* BOX_PUBLIC_BYTES */
};

/*
 * ANSWER_LOCKED: wait; nothing was checked or charged. ANSWER_NOT_AUTHORIZED: wrong, charged.
 * ANSWER_INVALID_ARGUMENT: not a guess at all (for another connection, reply key or keeper),
 * not charged. ANSWER_NOT_FOUND.
 */
int parent_prove(struct parents *parents, const struct asker *asker,
		 const struct parent_guess *guess, struct proof *ret_proof,
		 uint8_t **ret_sealed_wraps, size_t *ret_n_sealed, struct why *why);
