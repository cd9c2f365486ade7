/* SPDX-License-Identifier: Apache-2.0 */

/* Counts who opens how much. It must never keep which item, and never stop what it looks at. */

#include "lookout.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "log.h"
#include "store/log.h"

/* Beyond so many users the one seen longest ago makes room. */
#define WATCHED_MAX 64

struct watched {
	int64_t uid;
	int64_t seen_ms;
	int64_t opens_ms[LOOKOUT_BULK_OPENS];	/* a ring; valid are the last n_opens */
	unsigned at, n_opens;
	int64_t raised_ms;
	uint64_t raised;		/* items of the alert that stands */
	unsigned wrong;
};

struct lookout {
	struct store *store;
	const struct clock *clock;
	struct alerts *alerts;
	struct watched watched[WATCHED_MAX];
	unsigned n;
};

int lookout_new(struct store *store, const struct clock *clock, struct alerts *alerts,
		struct lookout **ret)
{
	struct lookout *lookout = calloc(1, sizeof(*lookout));

	if (!lookout)
		return fault_origin(-ENOMEM);
	lookout->store = store;
	lookout->clock = clock;
	lookout->alerts = alerts;
	*ret = lookout;
	return 0;
}

struct lookout *lookout_free(struct lookout *lookout)
{
	free(lookout);
	return NULL;
}

static struct watched *watched_find(struct lookout *lookout, int64_t uid, int64_t now_ms)
{
	struct watched *found = &lookout->watched[0];

	for (unsigned i = 0; i < lookout->n; i++) {
		struct watched *one = &lookout->watched[i];

		if (one->uid == uid) {
			one->seen_ms = now_ms;
			return one;
		}
		if (one->seen_ms < found->seen_ms)
			found = one;
	}
	if (lookout->n < WATCHED_MAX)
		found = &lookout->watched[lookout->n++];
	*found = (struct watched){.uid = uid, .seen_ms = now_ms};
	return found;
}

static void raise(struct lookout *lookout, enum alert_kind kind, uint64_t count)
{
	if (alert_raise(lookout->alerts, kind, NULL, count))
		log_warning("an alert on unusual access was not stored");
}

/* One item. True: it makes another LOOKOUT_BULK_OPENS full. */
static bool opened_one(struct watched *watched, int64_t now_ms)
{
	watched->opens_ms[watched->at] = now_ms;
	watched->at = (watched->at + 1) % LOOKOUT_BULK_OPENS;
	if (watched->n_opens < LOOKOUT_BULK_OPENS)
		watched->n_opens++;
	if (watched->n_opens < LOOKOUT_BULK_OPENS)
		return false;
	/* The ring is full: the oldest stands where the next one goes. */
	if (now_ms - watched->opens_ms[watched->at] > LOOKOUT_BULK_MS)
		return false;
	if (!watched->raised || now_ms - watched->raised_ms > LOOKOUT_BULK_MS)
		watched->raised = 0;
	watched->raised += LOOKOUT_BULK_OPENS;
	watched->raised_ms = now_ms;
	watched->n_opens = 0;
	return true;
}

static void opened(struct lookout *lookout, struct watched *watched, int64_t items, int64_t now_ms)
{
	bool bulk = false, standing;
	int64_t others;

	if (store_log_opener(lookout->store, (uint32_t)watched->uid, &others))
		log_warning("who opened for the first time could not be stored");
	else if (others > 0)
		raise(lookout, ALERT_ODD_ACCESS, 1);
	standing = watched->raised && now_ms - watched->raised_ms <= LOOKOUT_BULK_MS;
	for (int64_t i = 0; i < items; i++)
		bulk = opened_one(watched, now_ms) || bulk;
	if (bulk && items > 1 && standing) {
		if (alert_count(lookout->alerts, ALERT_BULK_ACCESS, watched->raised))
			log_warning("an alert on unusual access was not brought up to date");
	} else if (bulk) {
		raise(lookout, ALERT_BULK_ACCESS, watched->raised);
	}
}

static void proof_was_wrong(struct lookout *lookout, struct watched *watched)
{
	watched->wrong++;
	if (watched->wrong % LOOKOUT_WRONG_PROOFS == 0)
		raise(lookout, ALERT_ODD_ACCESS, watched->wrong);
}

void lookout_saw(struct lookout *lookout, const struct access_entry *entry)
{
	const int64_t now_ms = clock_boot_ms(lookout->clock);
	struct watched *watched;

	if (entry->uid < 0)
		return;
	watched = watched_find(lookout, entry->uid, now_ms);
	if (!strcmp(entry->what, "open") || !strcmp(entry->what, "export-open"))
		opened(lookout, watched, entry->items ? entry->items : 1, now_ms);
	else if (!strcmp(entry->what, "prove"))
		watched->wrong = 0;
	else if (!strcmp(entry->what, "denied") && entry->reason && entry->method &&
		 !strcmp(entry->method, "Parents.Prove"))
		proof_was_wrong(lookout, watched);
}
