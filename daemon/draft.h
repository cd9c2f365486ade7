/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a connection has begun and not yet handed over: items (Intake) and released copies (Export).
 * At most four, each for a minute; they end with the connection and leave nothing behind. */

#include "archive.h"

#define DRAFTS_MAX 4
#define DRAFT_LASTS_S 60

enum draft_way {
	DRAFT_EAR = 1,		/* of a child, under consent */
	DRAFT_IMPORT,		/* of an adult, by a proved parent */
	DRAFT_APPROVAL,		/* a copy for export, by a proved parent */
};

struct draft {
	enum draft_way way;	/* 0: this place is free */
	struct archive_draft *archive;
	struct id profile;
	int64_t until_boot_ms;
};

struct drafts {
	struct draft places[DRAFTS_MAX];
	/* Handed over last: whoever got no answer may ask what became of it. All zero: none. */
	struct id handed;
};

/* ANSWER_BUSY: four are open. Takes *archive over when it returns 0. */
int drafts_add(struct drafts *drafts, enum draft_way way, const struct id *profile,
	       struct archive_draft **archive, int64_t now_boot_ms, struct why *why);
/* ANSWER_BUSY, without beginning anything. */
int drafts_room(struct drafts *drafts, int64_t now_boot_ms, struct why *why);
/* The draft with this id, begun in one of `ways` (bits 1 << way). ANSWER_NOT_FOUND. */
int drafts_find(struct drafts *drafts, const char *id, unsigned ways, int64_t now_boot_ms,
		struct draft **ret, struct why *why);
/* Gives its slots back where it was not committed. */
void draft_end(struct draft *draft);
void drafts_end_old(struct drafts *drafts, int64_t now_boot_ms);
void drafts_clear(struct drafts *drafts);
