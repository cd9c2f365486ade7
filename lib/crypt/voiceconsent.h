/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The consent to a voiceprint: of one adult profile, for one voiceprint alone, with an end. Signed
 * by a parent's key; the keeper stores it and hands it out, and can make none. An ear that checks
 * it takes no voiceprint that no parent has seen made. */

#include "base/id.h"
#include "crypt/secret.h"
#include "crypt/statement.h"

#define VOICE_CONSENT_STATEMENT "cubby-enrolment-1"
#define VOICE_CONSENT_KEEP_MIN_S 60
#define VOICE_CONSENT_KEEP_MAX_S (365 * 86400)

struct voice_consent {
	struct id profile;
	uint32_t keep_s;		/* from when the keeper takes it */
	uint8_t policy[HASH_BYTES];	/* hash of the policy text in force when it was given */
	uint8_t voiceprint[HASH_BYTES];	/* BLAKE2b-256 of its bytes (lib/speaker/voiceprint.h) */
	int64_t time_s;
	uint8_t parent[SIGN_PUBLIC_BYTES];
};

/* The signer's key is the parent, whatever consent->parent holds. ANSWER_INVALID_ARGUMENT: a time
 * out of range. */
int voice_consent_sign(const struct voice_consent *consent, const struct sign_keypair *parent,
		       char **ret_text);
/* Checks the signature and every range; whether `parent` is a parent here, the profile an adult's
 * and `policy` the one in force is for the caller. */
int voice_consent_verify(const char *text, struct voice_consent *ret, struct why *why);
