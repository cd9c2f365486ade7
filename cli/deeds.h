/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the access log tells, in words for a page: who did what, a line for each day, deed and
 * person. */

#include "hand.h"
#include "page.h"

#define DEEDS_DAYS 30

struct deed {
	int64_t day_s;			/* midnight, local time */
	char what[64];			/* in words */
	char who[40];
	unsigned times, items;
	enum deed_kind { DEED_LOOK, DEED_DENIED, DEED_ERASURE, DEED_CHANGE } kind;
	bool partial;			/* an erasure that is not complete */
};

struct deeds {
	struct deed *all;		/* newest first */
	size_t n, room;
	struct page_column days[DEEDS_DAYS];	/* looks and denials; the last is today */
};

/* The last DEEDS_DAYS days. Returns an exit code. */
int deeds_read(struct hand *hand, struct deeds *ret);
void deeds_clear(struct deeds *deeds);
