/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Parents who come and go, and new passphrases. */

#include "rekey.h"

/* A parent of this name, vouched for in `statement` by the parent who proved, with a passphrase and
 * a recovery door. ANSWER_EXISTS, ANSWER_INVALID_ARGUMENT, ANSWER_QUOTA_EXCEEDED. */
int family_add(const struct ground *ground, const struct box_keypair *box,
	       const struct asker *asker, const struct proof *proof, const char *name,
	       const char *statement, const void *sealed_doors, size_t n_sealed, struct why *why);
/* Ends every door of a parent, then their name, and gives the household the new keys that `asked`
 * has. Consents they gave stay until somebody withdraws them. *ret_parent: whose proofs are void.
 * ANSWER_NOT_FOUND. ANSWER_INVALID_ARGUMENT: it is they themselves, or as rekey_check(). */
int family_remove(const struct ground *ground, const struct asker *asker,
		  const struct proof *proof, const char *name, const struct rekey_asked *asked,
		  int64_t *ret_parent, struct why *why);
/* Puts another door in the place of the passphrase or recovery door of the parent who proved. same:
 * with the same passphrase or code, for what is behind it; the access log says so. */
int family_door(const struct ground *ground, const struct box_keypair *box,
		const struct asker *asker, const struct proof *proof, const char *kind, bool same,
		const void *sealed_door, size_t n_sealed, struct why *why);
