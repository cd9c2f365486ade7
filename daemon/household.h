/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The household: made once, by its founding parent; afterwards its public keys, as that parent
 * signed them. */

#include "crypt/box.h"
#include "crypt/household.h"
#include "ground.h"
#include "nonce.h"
#include "store/household.h"

/* Who calls: unique bus name, uid, and what the box that comes with it must repeat. */
struct asker {
	const char *name;
	uint32_t uid;
	struct nonce *nonce;
};

/*
 * Household, founding parent, both doors and their wraps, all in one transaction. `box` opens what
 * is sealed to this keeper. ANSWER_EXISTS: there is a household. ANSWER_INVALID_ARGUMENT.
 */
int household_setup(const struct ground *ground, const struct box_keypair *box,
		    const struct asker *asker, const char *name, const char *statement,
		    const void *sealed_doors, size_t n_sealed, struct parent_row *ret_founder,
		    struct why *why);
/* The keys that items (home) and copies (release) must be sealed to, as they are after the last
 * change (rekey.h). ANSWER_NOT_FOUND: there is no household. */
int household_now(struct store *store, struct household *ret);
/* The same where there is a profile and so a household. */
int household_keys(const struct ground *ground, struct household *ret);
