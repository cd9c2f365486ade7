/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the access log tells, in words: who did what; for a page, a line for each day, deed and
 * person. */

#include <jansson.h>

#include "hand.h"
#include "page.h"

#define DEEDS_DAYS 30

#define DEED_WHO_TEXT 40

enum deed_kind { DEED_LOOK, DEED_DENIED, DEED_ERASURE, DEED_CHANGE };

struct deed {
	int64_t day_s;			/* midnight, local time */
	char what[64];			/* in words */
	char who[DEED_WHO_TEXT];
	unsigned times, items;
	enum deed_kind kind;
	bool partial;			/* an erasure that is not complete */
};

struct deeds {
	struct deed *all;		/* newest first */
	size_t n, room;
	struct page_column days[DEEDS_DAYS];	/* looks and denials; the last is today */
};

/* Of an entry's body: the user by name, where it is of this machine; "Cubby": the keeper itself. */
const char *deed_who(const struct hand *hand, const json_t *body, char ret[static DEED_WHO_TEXT]);
/* `what` of an entry, or NULL where it was emptied. */
const char *deed_words(const char *what, enum deed_kind *ret_kind);

/* The last DEEDS_DAYS days. Returns an exit code. */
int deeds_read(struct hand *hand, struct deeds *ret);
void deeds_clear(struct deeds *deeds);
