/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of the household, its parents and their doors. */

#include "crypt/door.h"
#include "crypt/sign.h"
#include "name.h"
#include "store/store.h"
#include "vault/vault.h"

struct parent_row {
	int64_t parent;
	char name[NAME_BYTES];
	uint8_t sign_key[SIGN_PUBLIC_BYTES];
	char *statement;		/* who vouches; NULL for the founder */
	int64_t created_min;
	bool removed;			/* only the key counts any more, for what it signed */
};

struct door_row {
	int64_t parent;
	struct door door;
	uint8_t proof_hash[32];
	uint64_t failures;
	struct id slot_id;
	struct vault_slot slot;
};

/* ANSWER_NOT_FOUND: there is no household yet. */
int store_household(struct store *store, char **ret_statement);
/* ANSWER_EXISTS: there is one. */
int store_household_insert(struct store *store, const char *statement, int64_t created_min);

int store_parent_insert(struct store *store, const struct parent_row *row, int64_t *ret_parent);
/* In the order they came, those who were removed too; the founder is first. */
int store_parents(struct store *store, struct parent_row **ret_rows, size_t *ret_n);
struct parent_row *parent_rows_free(struct parent_row *rows, size_t n);
/* ANSWER_NOT_FOUND, also who was removed. The row's statement is left out (NULL). */
int store_parent_find(struct store *store, const char *name, struct parent_row *ret);

/* With every door and wrap. */
int store_parent_remove(struct store *store, int64_t parent, int64_t now_min);

int store_door_insert(struct store *store, const struct door_row *row);
/* ANSWER_NOT_FOUND. */
int store_door_find(struct store *store, int64_t parent, enum door_kind kind, struct door_row *ret);
/* ANSWER_NOT_FOUND: no such door. */
int store_door_fail(struct store *store, int64_t parent, enum door_kind kind);
/* With its wraps. */
int store_door_remove(struct store *store, int64_t parent, enum door_kind kind);
int store_door_reset(struct store *store, int64_t parent, enum door_kind kind);
/* The most failures any passphrase door has. */
int store_door_failures(struct store *store, uint64_t *ret_failures);

int store_wrap_insert(struct store *store, int64_t parent, enum door_kind kind, const char *secret,
		      const void *wrapped, size_t n);
/* In place of the one there is. */
int store_wrap_replace(struct store *store, int64_t parent, enum door_kind kind,
		       const char *secret, const void *wrapped, size_t n);
/* ANSWER_NOT_FOUND. */
int store_wrap_find(struct store *store, int64_t parent, enum door_kind kind, const char *secret,
		    uint8_t **ret_wrapped, size_t *ret_n);
