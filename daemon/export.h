/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An export from its beginning to its signed manifest, and the recalls that follow. What is handed
 * out is chosen from what adults approved for just this, and linked to its source before it leaves:
 * what became of the source is known at the end, and after it (R17, R19). */

#include "approval.h"
#include "crypt/sign.h"
#include "export_list.h"
#include "store/lineage.h"

/* A page of Fetch: as many as this, and not much more than these bytes. */
#define EXPORT_PAGE_ITEMS 64
#define EXPORT_PAGE_BYTES (8u << 20)

/* 0, or the refusal of who gave no passphrase, which is in the log. */
int export_proof(const struct ground *ground, const struct export_asker *asker, const char *method,
		 struct why *why);

/* Fills in *row, of which purpose, recipient, format and encoding are given. ANSWER_NOT_FOUND:
 * nothing is approved for this. ANSWER_INVALID_ARGUMENT. */
int export_begin(const struct ground *ground, const struct export_asker *asker,
		 struct export_row *row, struct why *why);
/* ANSWER_NOT_FOUND, ANSWER_INVALID_ARGUMENT: `text` is the id of none. */
int export_find(const struct ground *ground, const char *text, struct export_row *ret,
		struct why *why);

struct export_page {
	unsigned n;
	struct {
		struct id token, copy;
		struct archive_opened *opened;
	} items[EXPORT_PAGE_ITEMS];
};
void export_page_clear(struct export_page *page);
/* The next items to write; none: all are. They are in the access log, durably. */
int export_fetch(const struct ground *ground, const struct export_asker *asker, const char *text,
		 unsigned limit, struct export_page *ret, struct why *why);
/* In one transaction; what was recalled meanwhile is passed over. ANSWER_INVALID_ARGUMENT. */
int export_wrote(const struct ground *ground, const char *text, const struct manifest_item *items,
		 size_t n, struct why *why);

/* generation: recalls that the caller has heeded. Where there are more, no statement, and their
 * tokens as lines. ANSWER_NOT_FOUND: nothing is left. ANSWER_BUSY: something is not written. */
int export_finish(const struct ground *ground, const struct export_asker *asker,
		  const struct sign_keypair *device, const char *software, const char *text,
		  uint64_t generation, struct export_list *ret, struct why *why);
/* ANSWER_EXISTS: it has ended. */
int export_cancel(const struct ground *ground, const struct export_asker *asker, const char *text,
		  struct why *why);
/* A page, newest first; free(). */
int export_history(const struct ground *ground, const struct export_asker *asker,
		   const char *cursor, unsigned limit, struct export_row **ret, size_t *ret_n,
		   char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why);
/* A new list of all recalls, with a number of its own. */
int export_recalls(const struct ground *ground, const struct export_asker *asker,
		   const struct sign_keypair *device, struct export_list *ret, struct why *why);
