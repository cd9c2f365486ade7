/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* "cubby-parent-1": a parent vouches for another one's key. The chain begins with the founding
 * parent, whose key signed the household and is what ears and clients pin. */

#include "crypt/statement.h"

/* A household's, those who were removed included. */
#define PARENTS_MAX 32
#define PARENT_NAME_TEXT (4 * 32 + 1)

struct vouch {
	char name[PARENT_NAME_TEXT];
	uint8_t parent[SIGN_PUBLIC_BYTES];
	int64_t time_s;
	uint8_t voucher[SIGN_PUBLIC_BYTES];	/* signs this statement */
};

/* The signer's key is the voucher, whatever vouch->voucher holds. ANSWER_INVALID_ARGUMENT: the name
 * is empty or longer than 32 characters, or they vouch for themselves. */
int vouch_sign(const struct vouch *vouch, const struct sign_keypair *voucher, char **ret_text);
/* Whether the voucher is a parent is for the caller. */
int vouch_verify(const char *text, struct vouch *ret, struct why *why);

struct parent_keys {
	uint8_t keys[PARENTS_MAX][SIGN_PUBLIC_BYTES];
	size_t n;
};
/* The founder, and whoever a chain of these statements leads to, without those in `mute` (or NULL)
 * and whom they alone vouch for. What does not hold or leads nowhere is as if it were not there. */
void parent_keys_find(const uint8_t founder[static SIGN_PUBLIC_BYTES], const char *const *texts,
		      size_t n, const struct parent_keys *mute, struct parent_keys *ret);
bool parent_keys_have(const struct parent_keys *known, const uint8_t key[static SIGN_PUBLIC_BYTES]);
