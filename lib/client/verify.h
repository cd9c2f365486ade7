/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a manifest says, to be looked for in a directory. */

#include "client/session.h"
#include "crypt/manifest.h"
#include "crypt/recalls.h"

struct known {
	struct manifest_item item;
	char reason[RECALL_REASON_TEXT];	/* "": it may be used */
	bool found;
	unsigned lines;			/* bits of index files in which it has its line */
};

struct verify {
	struct cubby *cubby;
	const char *dir;
	struct manifest manifest;
	struct known *known;		/* sorted by token */
	size_t n;
	size_t *by_hash, *by_start, *by_sound;	/* places in `known`, each sorted by that hash */
	int (*finding)(void *context, const struct cubby_finding *finding);
	void *context;
	size_t findings;
	size_t recalled;
};

void verify_clear(struct verify *verify);
struct known *verify_token(struct verify *verify, const struct id *token);
/* The item with this hash; NULL: none. `by` is one of the three. */
struct known *verify_by_hash(struct verify *verify, const uint8_t hash[static HASH_BYTES]);
struct known *verify_by_start(struct verify *verify, const uint8_t hash[static HASH_BYTES]);
struct known *verify_by_sound(struct verify *verify, const uint8_t hash[static HASH_BYTES]);
/* Tells what is wrong. known: NULL where it is not known of what. */
int verify_tell(struct verify *verify, const char *what, const char *file,
		const struct known *known);

/* Compares the list of recalls in `path`, already read, with what was seen here of earlier ones by
 * this key (verify_seen.c): what one of them recalled stays recalled. ANSWER_FAILED: it is old. */
int verify_seen(struct verify *verify, const char *path,
		const uint8_t key[static SIGN_PUBLIC_BYTES], int64_t number);

/* Looks at everything in the directory (verify_walk.c). */
int verify_walk(struct verify *verify);
