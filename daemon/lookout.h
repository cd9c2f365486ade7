/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Looks at each entry of the access log as it is written, and raises an alert to parents where
 * access is out of the ordinary (R15). The rules, all of them:
 *
 *   bulk   a user opened LOOKOUT_BULK_OPENS items within LOOKOUT_BULK_MS (released copies count);
 *          again for each further LOOKOUT_BULK_OPENS; pages of many (OpenMany) only count on
 *          in the alert that stands, so that one takeout is one alert
 *   odd    a user opened something who never had, while another one had before
 *   odd    a user gave LOOKOUT_WRONG_PROOFS wrong passphrases in a row; again for each further
 *
 * "User" is a uid of the machine. It holds times and counts only, and only in memory, but for the
 * uids that have opened before.
 */

#include "alert.h"

#define LOOKOUT_BULK_OPENS 20
#define LOOKOUT_BULK_MS (5 * 60 * 1000)
#define LOOKOUT_WRONG_PROOFS 3

struct access_entry;
struct lookout;

int lookout_new(struct store *store, const struct clock *clock, struct alerts *alerts,
		struct lookout **ret);
struct lookout *lookout_free(struct lookout *lookout);
CLEANUP_DEFINE(struct lookout *, lookout_free)

/* Inside the transaction of the entry. What cannot be stored of an alert is told all the same and
 * never stops the entry. */
void lookout_saw(struct lookout *lookout, const struct access_entry *entry);
