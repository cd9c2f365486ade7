/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Walks over what is kept and, where asked, opens it: many at a time, so that parents get one alert
 * and not a storm, and one in clear at a time. */

#include "item.h"

struct batch {
	struct hand *hand;
	const struct cubby_selection *selection;
	const char *const *kinds;	/* to open, NULL-ended; NULL: open nothing */
	/* For each item, newest first; opened is NULL where it has none of the kinds, or has just
	 * expired or been deleted. Returns an exit code; anything but 0 ends the walk. */
	int (*each)(void *context, const struct cubby_item *item,
		    const struct cubby_opened *opened);
	void *context;
};

/* Returns an exit code. */
int batch_walk(const struct batch *batch);
