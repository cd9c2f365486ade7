/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The list of recalls: what was exported and must not be used any more. A statement signed by the
 * device, numbered and dated, and under it one line of JSON for each item, as in a manifest. A
 * later list has a higher number and everything that an earlier one had.
 */

#include "base/id.h"
#include "crypt/statement.h"

#define RECALLS_STATEMENT "cubby-recalls-1"
#define RECALL_REASON_TEXT 12

struct recalls {
	int64_t number;
	int64_t issued_s;
	int64_t items;
	uint8_t lines[HASH_BYTES];	/* of all below the first line, as they stand */
};

int recalls_sign(const struct recalls *recalls, const struct sign_keypair *device, char **ret_text);
/* As manifest_verify(). */
int recalls_verify(const char *text, const uint8_t *device, uint8_t *ret_key, struct recalls *ret,
		   struct why *why);

struct recall {
	struct id export;
	struct id token;
	char reason[RECALL_REASON_TEXT];	/* deleted, withdrawn, removed, expired, moved */
	int64_t recalled_s;
};

/* One line, with its end; free(). */
int recall_text(const struct recall *recall, char **ret);
/* ANSWER_INVALID_ARGUMENT. n: without the line's end. */
int recall_parse(const char *line, size_t n, struct recall *ret, struct why *why);
