/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The way to a training export: an adult's own item, reviewed and approved by its owner, as a copy
 * sealed to the release key. A child's item is refused here, and again by the query and by the
 * schema (R17). */

#include "consent.h"
#include "delivery.h"
#include "draft.h"

#define APPROVAL_LASTS_S (30 * 86400)

struct export_asker {
	uint32_t uid;
	const struct proof *proof;
	struct drafts *drafts;
};

/* Each answer but 0 is in the access log, with its reason. */
int approval_begin(const struct ground *ground, const struct export_asker *asker, const char *item,
		   const struct archive_draft **ret, struct why *why);

struct approval {
	const char *copy;
	const struct delivery *delivery;
	const char *purpose;
	const char *recipient;
	const char *review;		/* "named", "heard", "batch" */
	const char *voice;		/* "match", "mine", "unclear", "none"; NULL: not compared */
};
int approval_give(const struct ground *ground, const struct export_asker *asker,
		  const struct approval *approval, int64_t *ret_expires_min, struct why *why);

/* A page, as archive_copy_list() makes it. Free with archive_copies_free(). */
int approval_list(const struct ground *ground, const struct export_asker *asker, const char *cursor,
		  unsigned limit, struct archive_copy **ret_copies, size_t *ret_n,
		  char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why);
/* A page, as archive_candidates() makes it. profile: an adult's; "": all adults. */
int approval_candidates(const struct ground *ground, const struct export_asker *asker,
			const char *profile, const char *cursor, unsigned limit,
			struct archive_item **ret_items, size_t *ret_n,
			char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why);

/* The items, of adults all. Needs no proof. ANSWER_NOT_FOUND, ANSWER_NOT_AUTHORIZED (a child's). */
int approval_own(const struct ground *ground, const struct export_asker *asker, const char *method,
		 const struct id *ids, size_t n, struct why *why);
/* Remembers that the working set (store/selection.h) is refused, with a log entry; inside the
 * transaction. */
int approval_refuse(const struct ground *ground, const struct export_asker *asker, size_t n);

/* Logs a refusal and returns `answer`. profile and item may be NULL. */
int export_refuse(const struct ground *ground, const struct export_asker *asker, const char *method,
		  int answer, const char *reason, const struct profile *profile,
		  const struct id *item);
