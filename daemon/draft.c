/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps count of what is begun. A draft of one connection is never seen by another. */

#include "draft.h"

void draft_end(struct draft *draft)
{
	archive_draft_free(draft->archive);
	*draft = (struct draft){0};
}

void drafts_end_old(struct drafts *drafts, int64_t now_boot_ms)
{
	for (int i = 0; i < DRAFTS_MAX; i++)
		if (drafts->places[i].way && drafts->places[i].until_boot_ms <= now_boot_ms)
			draft_end(&drafts->places[i]);
}

void drafts_clear(struct drafts *drafts)
{
	drafts_end_old(drafts, INT64_MAX);
}

static struct draft *place_free(struct drafts *drafts)
{
	for (int i = 0; i < DRAFTS_MAX; i++)
		if (!drafts->places[i].way)
			return &drafts->places[i];
	return NULL;
}

int drafts_room(struct drafts *drafts, int64_t now_boot_ms, struct why *why)
{
	drafts_end_old(drafts, now_boot_ms);
	if (place_free(drafts))
		return 0;
	return answer_why(why, ANSWER_BUSY,
			  "%d items are open on this connection already; commit or abort one first",
			  DRAFTS_MAX);
}

int drafts_add(struct drafts *drafts, enum draft_way way, const struct id *profile,
	       struct archive_draft **archive, int64_t now_boot_ms, struct why *why)
{
	int r = drafts_room(drafts, now_boot_ms, why);

	if (r)
		return r;
	*place_free(drafts) = (struct draft){
		.way = way,
		.archive = take(*archive),
		.profile = *profile,
		.until_boot_ms = now_boot_ms + 1000ll * DRAFT_LASTS_S,
	};
	return 0;
}

int drafts_find(struct drafts *drafts, const char *id, unsigned ways, int64_t now_boot_ms,
		struct draft **ret, struct why *why)
{
	struct id parsed;

	drafts_end_old(drafts, now_boot_ms);
	for (int i = 0; id_parse(id, &parsed) && i < DRAFTS_MAX; i++) {
		struct draft *draft = &drafts->places[i];

		if (!draft->way || !(ways & 1u << draft->way) ||
		    !id_equal(&draft->archive->id, &parsed))
			continue;
		*ret = draft;
		return 0;
	}
	return answer_why(why, ANSWER_NOT_FOUND,
			  "no open item has this id on this connection; an item stays open for %d "
			  "seconds: begin again",
			  DRAFT_LASTS_S);
}
