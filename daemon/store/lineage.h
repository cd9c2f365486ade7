/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of exports, of what each has of which approved copy, and of recalls. The schema writes a
 * recall itself when a copy is erased (schemas/sql/0015-lineage.sql); nothing here can do it. */

#include "crypt/manifest.h"
#include "crypt/recalls.h"
#include "store/item.h"

struct export_row {
	int64_t export;
	struct id id;
	uint8_t salt[MANIFEST_SALT_BYTES];
	char purpose[MANIFEST_TEXT];
	char recipient[MANIFEST_TEXT];
	char format[MANIFEST_WORD_TEXT];
	char encoding[MANIFEST_WORD_TEXT];
	uint8_t policy[HASH_BYTES];
	int64_t begun_min;
	int64_t ended_min;		/* 0: under way */
	uint64_t child, unapproved, elsewhere;	/* items left out */
	uint64_t items, written, recalled;	/* now; of a row that was found */
};

/* Fills in row->export, and everything counted. Items get their tokens. Wants a transaction.
 * ANSWER_NOT_FOUND: nothing is approved for this. ANSWER_INVALID_ARGUMENT: the schema refuses. */
int store_export_begin(struct store *store, struct export_row *row, const struct sight *sight);
/* ANSWER_NOT_FOUND. */
int store_export_find(struct store *store, const struct id *id, struct export_row *ret);
/* A page of a listing, newest first, below row *before, which moves to the last one given. */
int store_exports(struct store *store, int64_t *before, struct export_row *ret, size_t room,
		  size_t *ret_n, bool *ret_more);
/* Under way, and begun before: the first. ANSWER_NOT_FOUND. */
int store_export_old(struct store *store, int64_t before_min, int64_t *ret_export);
/* With everything that hangs on it. It must not have ended. Wants a transaction. */
int store_export_drop(struct store *store, int64_t export);
int store_export_end(struct store *store, int64_t export, int64_t now_min);

/* One item of an export, as it is handed out. */
struct export_item_row {
	int64_t export_item;
	struct id token;
	struct id copy;
	struct id profile;
	struct envelope_header header;
	struct part_row parts[KIND_MAX];
	unsigned n_parts;
};
/* The first to write behind row `after` that may be seen now. ANSWER_NOT_FOUND: none. */
int store_export_next(struct store *store, int64_t export, int64_t after, const struct sight *sight,
		      struct export_item_row *ret);
/* ANSWER_NOT_FOUND: no such token in it, or written already. */
int store_export_wrote(struct store *store, int64_t export, const struct manifest_item *item);
/* What is not written, and cannot be seen any more, is dropped. Wants a transaction. */
int store_export_drop_hidden(struct store *store, int64_t export, const struct sight *sight);
/* Each written item in turn, with `expires_s` in minutes of the age clock. */
int store_export_items(struct store *store, int64_t export,
		       int (*item)(void *context, struct manifest_item *item), void *context);

/* All recalls, or those of one export (0: all), oldest first; `recalled_s` in minutes. */
int store_recalls(struct store *store, int64_t export,
		  int (*recall)(void *context, struct recall *recall), void *context);
/* The number of the last list that was signed, and of the next. Wants a transaction. */
int store_recall_list_number(struct store *store, int64_t *ret);
int store_recall_list_next(struct store *store, int64_t *ret);
