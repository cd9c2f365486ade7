/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Items of an adult, approved for export where a purpose is given, laid into the files of a stopped
 * keeper: over the bus its limits make of 10,000 items a matter of many minutes. For measuring
 * alone. */

#include "base/id.h"
#include "crypt/household.h"

struct seed {
	struct id profile;		/* an adult's */
	const struct household *household;
	size_t items, frames;
	const char *purpose, *recipient;
};

/* seed: a struct seed. For world_between(). */
void seed_items(const char *state, void *seed);
