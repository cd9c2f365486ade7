/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of alerts: at most one of a kind and profile. */

#include "name.h"
#include "store/store.h"

#define ALERT_KIND_TEXT 21

struct alert_row {
	char kind[ALERT_KIND_TEXT];
	char profile[NAME_BYTES];	/* nickname; "" for nobody's */
	int64_t time_min;
	uint64_t count;
};

/* Takes the place of an older one of this kind and profile (NULL: nobody's). */
int store_alert_put(struct store *store, const char *kind, const struct id *profile,
		    int64_t time_min, uint64_t count);
/* Of every profile. Nothing to drop is no fault. */
int store_alert_drop(struct store *store, const char *kind);
/* Newest first, without those of profiles that are being removed; free() them. */
int store_alerts(struct store *store, struct alert_row **ret_rows, size_t *ret_n);
/* The nickname of a profile, for a sentence. ANSWER_NOT_FOUND. */
int store_alert_name(struct store *store, const struct id *profile, char ret[static NAME_BYTES]);
