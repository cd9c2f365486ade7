/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The way into a training export: an adult's own item, approved one by one, as a copy sealed to the
 * release key. A child's item is refused here, and again by the query and by the schema (R17). */

#include "consent.h"
#include "delivery.h"
#include "draft.h"

#define EXPORT_APPROVAL_S (30 * 86400)
#define EXPORT_TEXT_CHARACTERS 200

struct export_asker {
	uint32_t uid;
	const struct proof *proof;
	struct drafts *drafts;
};

/* Each answer but 0 is in the access log, with its reason. */
int export_begin(const struct ground *ground, const struct export_asker *asker, const char *item,
		 const struct archive_draft **ret, struct why *why);
int export_approve(const struct ground *ground, const struct export_asker *asker, const char *copy,
		   const struct delivery *delivery, const char *purpose, const char *recipient,
		   int64_t *ret_expires_min, struct why *why);
/* A page, as archive_copy_list() makes it. purpose, recipient: "" for any. Free with
 * archive_copies_free(). */
int export_list(const struct ground *ground, const struct export_asker *asker, const char *purpose,
		const char *recipient, const char *cursor, unsigned limit,
		struct archive_copy **ret_copies, size_t *ret_n,
		char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why);
int export_open(const struct ground *ground, const struct export_asker *asker, const char *copy,
		struct archive_opened **ret, struct why *why);
