/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * New keys for the household, because a parent goes. From the switch on everything is sealed to the
 * new ones; what was sealed before, a remaining parent's client seals anew, a page at a time. The
 * keeper can do neither: it takes a statement that only a parent can sign, and passes on boxes.
 */

#include "crypt/rekey.h"
#include "household.h"
#include "parent.h"
#include "store/rekey.h"

#define REKEY_PAGE 300

/* The new secrets, each in a box to the key that one remaining parent signs with. */
struct rekey_gift {
	const char *name;
	const void *home, *release;
	size_t n_home, n_release;
};
struct rekey_asked {
	const char *statement;			/* cubby-keys-1 */
	const struct rekey_gift *gifts;
	size_t n_gifts;
	const void *former_home, *former_release;	/* sealed to the new keys */
	size_t n_former_home, n_former_release;
};

/* The statements of later parents and of changed keys, as ears and clients are told them. */
struct rekey_texts {
	char **texts;
	size_t n;
};
int rekey_texts(struct store *store, struct rekey_texts *ret);
void rekey_texts_clear(struct rekey_texts *texts);

/* ANSWER_INVALID_ARGUMENT: not the next link of the chain, not signed by who proved, not about
 * `removed`, or not for just the parents who remain. */
int rekey_check(const struct ground *ground, const struct proof *proof,
		const struct parent_row *removed, const struct rekey_asked *asked,
		struct rekey *ret, struct why *why);
/* In the caller's transaction, in which the parent is removed already. */
int rekey_store(const struct ground *ground, const struct rekey *rekey,
		const struct rekey_asked *asked);

/* What is sealed to older keys: items, or (release) copies, behind `after`; *ret_left: how many
 * there are in all, where after is 0. */
int rekey_old(const struct ground *ground, bool release, int64_t after,
	      int (*each)(void *context, int64_t row, const struct id *id,
			  const struct envelope_header *header), void *context,
	      uint64_t *ret_left);
struct rekey_header {
	struct id id;
	struct envelope_header header;
};
/* Puts these in place. Without any: that was all; when nothing is sealed to an older key, the
 * traces of the old headers are removed from the disk. ANSWER_INVALID_ARGUMENT: one is not sealed
 * to the key in force. */
int rekey_replace(const struct ground *ground, const struct asker *asker, bool release,
		  const struct rekey_header *headers, size_t n, struct why *why);
