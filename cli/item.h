/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One item as JSON and as cells of a table. Field names are public: docs/man/cubby.1.scd. */

#include <stdint.h>
#include "crypt/secret.h"
#include "hand.h"
#include "render.h"

/* opened may be NULL: then duration_s and transcript are null. NULL when memory ran out. */
json_t *item_json(const struct cubby_item *item, const char *profile,
		  const struct cubby_opened *opened);

struct item_cells {
	char id[9];
	char started[32];
	char kinds[64];
	char expires[128];
	char length[32];
};
void item_cells(const struct cubby_item *item, const struct cubby_opened *opened, int64_t now_s,
		struct item_cells *ret);

/* cubby_open() that waits where the keeper asks for patience. */
int item_open(struct hand *hand, const char *id, const char *const *kinds,
	      struct cubby_opened **ret);
/* The sound of an opened item as a complete WAV file. 0 or a fault. */
int item_wav(const struct cubby_opened *opened, struct secret **ret);
/* Does the item have this kind? */
bool item_has(const struct cubby_item *item, const char *kind);
