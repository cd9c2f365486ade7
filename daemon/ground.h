/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the nouns of the household stand on. Everything is borrowed from the keeper. */

#include "alert.h"
#include "log.h"
#include "policy.h"

struct ground {
	const struct config *config;
	const struct policy *policy;
	const struct clock *clock;
	struct store *store;
	struct vault *vault;
	struct age *age;
	struct archive *archive;
	struct access_log *log;
	struct alerts *alerts;
};

/* What a write into the store that did not go through is to people: 0 stays 0, a fault a fault, a
 * full disk ANSWER_FAILED with the remedy; anything else is a fault of ours. */
int ground_stored(int r, struct why *why);
