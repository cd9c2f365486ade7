/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of adults' voiceprints: at most one of a profile. The schema itself refuses one of a
 * child. */

#include "kept.h"
#include "store/store.h"
#include "vault/vault.h"

struct voice_row {
	struct id id;
	struct id profile;
	char *statement;
	uint8_t policy[32];
	struct vault_slot slot;
	int64_t made_min, wall_min, expires_min;
	uint64_t bytes;
	int64_t body;
	bool noticed;			/* parents were told that it ends soon */
};

/* Wants a transaction. ANSWER_INVALID_ARGUMENT: the schema refuses it. ANSWER_EXISTS: the profile
 * has one. */
int store_voice_insert(struct store *store, const struct voice_row *row);
/* Those that may be seen, of one profile or, with NULL, of all. Free with voice_rows_free. */
int store_voices(struct store *store, const struct id *profile, const struct sight *sight,
		 struct voice_row **ret_rows, size_t *ret_n);
int store_voice_noticed(struct store *store, const struct id *id);
struct voice_row *voice_rows_free(struct voice_row *rows, size_t n);
