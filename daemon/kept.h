/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An item as the keeper may know it, and how a person names some of them. Nothing here was heard.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/id.h"
#include "base/kind.h"

struct archive_part {
	enum kind kind;
	int64_t expires_min;
	uint64_t bytes;
};

struct archive_item {
	struct id id;
	struct id profile;
	int64_t started_min;		/* as people's clocks said (age_wall_min) */
	unsigned n_parts;
	struct archive_part parts[KIND_MAX];
};

/* A copy of an adult's item, approved for export. */
struct archive_copy {
	struct id id;
	struct id item;
	struct id profile;
	int64_t approved_min;
	int64_t expires_min;		/* of its shortest part */
	char *purpose;
	char *recipient;
};

struct archive_copy *archive_copies_free(struct archive_copy *copies, size_t n);

/* What may be seen: parts that have not expired by the age clock (now_min), nor would have if the
 * wall clock, ahead_min ahead of it, were right. All zero: everything that is there. */
struct sight {
	int64_t now_min;
	int64_t ahead_min;
};
#define SIGHT_ALL (&(const struct sight){ 0 })

/* Members narrow each other; one that is zero or NULL does not narrow. */
/* Voiceprints that go with an erasure: of the profile, or of everybody. An erasure of everything
 * takes them in any case. */
enum archive_voices {
	ARCHIVE_VOICES_STAY = 0,
	ARCHIVE_VOICES_TOO,
	ARCHIVE_VOICES_ALONE,		/* and no item */
};

struct archive_selection {
	const struct id *ids;
	size_t n_ids;
	const struct id *profile;
	int64_t since_min;		/* started at or after, in minutes of age_wall_min() */
	int64_t until_min;		/* started before; 0: no end */
	unsigned kinds;			/* bits 1 << kind: only items that have one of these, and of
					 * those only these kinds; 0: all */
	const uint32_t *uid;		/* told by this user's ear */
	bool newest;			/* of those, the one that came in last */
	bool all;			/* needed by erasure when nothing else is set */
	enum archive_voices voices;
};
