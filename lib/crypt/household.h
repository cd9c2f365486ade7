/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The household's public keys, signed by its founding parent and pinned by ear and client; and
 * consents, signed by a parent. The keeper stores and hands out both and can make neither. */

#include "base/id.h"
#include "base/kind.h"
#include "crypt/box.h"
#include "crypt/statement.h"

#define HOUSEHOLD_STATEMENT "cubby-household-1"
#define CONSENT_STATEMENT "cubby-consent-1"
/* How the parent was known: by the key alone, or also by an integrator's own verification, whose
 * name stands here. It is what the parent's client says; the key is what counts. */
#define CONSENT_METHOD_LOCAL "local-parent-key"
#define CONSENT_METHOD_TEXT 33

struct household {
	uint8_t home[BOX_PUBLIC_BYTES];		/* the ear seals everything to this */
	uint8_t release[BOX_PUBLIC_BYTES]; /* only what an adult approved is re-sealed to this */
	uint8_t founder[SIGN_PUBLIC_BYTES];	/* signs this statement */
};

/* The signer's key is the founder, whatever household->founder holds.
 * ANSWER_INVALID_ARGUMENT: founder_name is empty or longer than 32 characters. */
int household_sign(const struct household *household, const char *founder_name, int64_t time_s,
		   const struct sign_keypair *founder, char **ret_text);
/* `founder` pins the signer; NULL on first use. */
int household_verify(const char *text, const uint8_t *founder, struct household *ret,
		     struct why *why);

struct consent {
	struct id profile;
	enum kind kind;
	uint32_t keep_s;		/* 60 to kind_keep_max_s(kind) */
	uint8_t policy[32];		/* hash of the policy text in force when it was given */
	int64_t time_s;
	char method[CONSENT_METHOD_TEXT];	/* "": CONSENT_METHOD_LOCAL */
	uint8_t parent[SIGN_PUBLIC_BYTES];
};

/* 1 to 32 of a-z, 0-9 and "-". */
bool consent_method_valid(const char *method);

/* The signer's key is the parent, whatever consent->parent holds.
 * ANSWER_INVALID_ARGUMENT: a kind or a method that is none, or a time out of range. */
int consent_sign(const struct consent *consent, const struct sign_keypair *parent, char **ret_text);
/* Checks the signature and every range; whether `parent` is a parent here and `policy` is the one
 * in force is for the caller. */
int consent_verify(const char *text, struct consent *ret, struct why *why);
