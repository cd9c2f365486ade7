/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Statements: the one form in which anything is signed in Cubby (household keys, consents,
 * receipts, checkpoints, export manifests). A statement is a JSON object of strings, integers,
 * booleans, arrays and objects (no reals, no null) with three members that every one has:
 *
 *   "statement"  its type, for instance "cubby-consent-1" (see schemas/json)
 *   "key"        the signer's Ed25519 public key, 64 hex digits
 *   "signature"  128 hex digits over the canonical text of the object without this member
 *
 * Canonical text: members sorted by the UTF-8 bytes of their names, no white space, ASCII with
 * upper-case \u escapes (what jansson's JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII writes).
 * A file may be laid out otherwise for readers; the signature does not change.
 */

#include <jansson.h>
#include <stdbool.h>
#include "base/fault.h"
#include "crypt/sign.h"

#define STATEMENT_MAX_BYTES 65536

static inline void statement_json_freep(json_t **json)
{
	json_decref(*json);
}

/* Signs `body` (borrowed; gets "statement", "key" and "signature"). ret_text is canonical.
 * ANSWER_INVALID_ARGUMENT: a real, a null or a NUL character in it, or over STATEMENT_MAX_BYTES. */
int statement_sign(json_t *body, const char *type, const struct sign_keypair *pair,
		   char **ret_text);

/*
 * Parses `text`, checks type and signature. `public` is the key it must be signed with, or NULL
 * to take the one it names (then the caller decides whether to trust ret_key).
 * ret_key and ret_body may be NULL.
 * ANSWER_INVALID_ARGUMENT: not such a statement, or the signature does not hold.
 */
int statement_verify(const char *text, const char *type, const uint8_t *public,
		     uint8_t *ret_key, json_t **ret_body, struct why *why);

/* Members that must be there with this type; ANSWER_INVALID_ARGUMENT names the missing one. */
int statement_get_string(const json_t *body, const char *member, const char **ret, struct why *why);
int statement_get_integer(const json_t *body, const char *member, int64_t min, int64_t max,
		      int64_t *ret, struct why *why);
/* As many members as this and no more: a type says all it may say. */
int statement_get_size(const json_t *body, size_t members, struct why *why);
/* A string of 2 * n hex digits. */
int statement_get_bytes(const json_t *body, const char *member, void *ret_bytes, unsigned n,
		    struct why *why);
