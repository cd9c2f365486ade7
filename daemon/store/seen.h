/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What may be seen, in SQL: the one place that says when something is past its expiry, or has lost
 * its key (lost.h). What was made while the wall clock was ahead already is not hidden by that
 * lead. */

#include "kept.h"
#include "store/store.h"

/* What is of a profile that is being removed is hidden by the profile's row alone, and belongs to
 * that erasure (store/removal.h). ITEM_STAYS wants `item` in scope, the others what they are named
 * after. The inner selections are empty but while a profile goes. */
#define REMOVED_PROFILES "(SELECT profile FROM profile WHERE removing = 1)"
#define REMOVED_ITEMS "(SELECT item FROM item WHERE profile IN " REMOVED_PROFILES ")"
#define ITEM_STAYS "item.profile NOT IN " REMOVED_PROFILES
#define PART_STAYS "part.item NOT IN " REMOVED_ITEMS
#define COPY_PART_STAYS                                                                    \
	"copy_part.copy NOT IN (SELECT copy FROM copy WHERE item IN " REMOVED_ITEMS ")"

#define VOICE_STAYS "voiceprint.profile NOT IN " REMOVED_PROFILES

/* Want `part` and its `item` in scope, and :now and :ahead. */
#define PART_SEEN                                                                                  \
	"(:now <= 0 OR part.slot NOT IN (SELECT slot FROM lost)) AND " PART_IN_TIME
#define PART_IN_TIME                                                                               \
	"(part.expires_min > :now"                                                                 \
	" + max(0, :ahead - max(0, item.started_min - part.made_min)))"
/* Wants `copy_part` and its `copy`; it is hidden like the part it was made of. */
#define COPY_PART_SEEN                                                                     \
	"(:now <= 0 OR copy_part.slot NOT IN (SELECT slot FROM lost))"                     \
	" AND (copy_part.expires_min > :now"                                               \
	" + max(0, :ahead - max(0, coalesce((SELECT source.started_min - made.made_min"    \
	" FROM item AS source JOIN part AS made ON made.item = source.item"                \
	" AND made.kind = copy_part.kind WHERE source.item = copy.item), 0))))"
/* Wants `voiceprint`. */
#define VOICE_SEEN                                                                         \
	"(:now <= 0 OR voiceprint.slot NOT IN (SELECT slot FROM lost))"                    \
	" AND (voiceprint.expires_min > :now"                                              \
	" + max(0, :ahead - max(0, voiceprint.wall_min - voiceprint.made_min)))"

static inline void sight_bind(struct statement *s, const struct sight *sight)
{
	statement_bind_integer(s, ":now", sight->now_min);
	statement_bind_integer(s, ":ahead", sight->ahead_min);
}
