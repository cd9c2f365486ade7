/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What each profile has of something: JSON, a table, or one sentence where there is nothing. */

#include <stddef.h>
#include "hand.h"
#include "render.h"

struct listing {
	const char *const *heads;
	const char *nothing;
	size_t n;
	const void *const *list;
	size_t profile_offset;		/* of the char array with the profile's id in an element */
	json_t *(*json)(const void *one, const char *profile);
	int (*row)(struct table *table, const void *one, const char *profile);
};

/* Returns an exit code. */
int listing_print(struct hand *hand, const struct listing *listing);

/* One of cubby_consents, of cubby_retentions, as a listing shows it. */
json_t *consent_json(const void *one, const char *profile);
json_t *retention_json(const void *one, const char *profile);
