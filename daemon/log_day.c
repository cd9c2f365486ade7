/* SPDX-License-Identifier: Apache-2.0 */

/* Signs and empties the access log as days pass. Nothing is emptied before its time, and the
 * schema's trigger would not let it. */

#include "log_day.h"

#include <string.h>

#define DAY_MIN 1440
/* In one transaction: a few milliseconds. */
#define EMPTY_MAX 1000

int log_day_checkpoint(struct store *store, struct age *age, const struct sign_keypair *device,
		       char **ret_statement)
{
	struct checkpoint checkpoint = { .time_min = age_now_min(age) };
	int r = store_log_head(store, &checkpoint.seq, checkpoint.hash);

	if (!r)
		r = store_log_count(store, &checkpoint.entries);
	return fault_trace(r ? r : checkpoint_sign(&checkpoint, device, ret_statement));
}

/* The entry that tells of it comes first: by its time the trigger judges the others. */
static int bodies_empty(struct access_log *log, struct store *store, const struct log_row *rows,
			size_t n)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {.what = "log-emptied", .uid = -1, .outcome = "done",
				     .items = (int64_t)n};
	uint8_t hash[CHAIN_HASH_BYTES];
	int r = store_begin(store, &transaction);

	if (!r)
		r = access_log_append(log, &entry);
	for (size_t i = 0; !r && i < n; i++) {
		chain_body_hash(rows[i].salt, rows[i].body, strlen(rows[i].body), hash);
		r = store_log_empty(store, rows[i].seq, hash);
	}
	if (r)
		return fault_trace(r);
	r = store_commit(take(transaction));
	/* What they said is in the write-ahead log until it is emptied, too. */
	return fault_trace(r ? r : store_checkpoint(store));
}

static int old_empty(struct access_log *log, struct store *store, int64_t now_min, size_t *ret_n)
{
	struct log_row *rows;
	size_t n;
	int r = store_log_old(store, now_min - LOG_DAY_EMPTIED_DAYS * DAY_MIN, EMPTY_MAX, &rows,
			      &n);

	if (r)
		return fault_trace(r);
	if (n)
		r = bodies_empty(log, store, rows, n);
	log_rows_free(rows, n);
	*ret_n = n;
	return fault_trace(r);
}

static int checkpoint_make(struct store *store, struct age *age, const struct sign_keypair *device,
			   int64_t now_min)
{
	_cleanup_(cleanup_free) char *statement = NULL;
	uint8_t hash[CHAIN_HASH_BYTES];
	uint64_t seq;
	int r = store_log_head(store, &seq, hash);

	if (r || !seq)
		return fault_trace(r);
	r = log_day_checkpoint(store, age, device, &statement);
	if (!r)
		r = store_log_checkpoint_put(store, seq, now_min, statement,
					     now_min - LOG_DAY_KEPT_DAYS * DAY_MIN);
	return fault_trace(r);
}

int log_day_pass(struct access_log *log, struct store *store, struct age *age,
		 const struct sign_keypair *device)
{
	const int64_t now_min = age_now_min(age);
	int64_t made_min;
	size_t n = 0;
	int r = store_log_checkpoint_last(store, &made_min);

	if (r == ANSWER_NOT_FOUND)
		made_min = 0;
	else if (r)
		return fault_trace(r);
	if (made_min + DAY_MIN > now_min)
		return 0;
	r = old_empty(log, store, now_min, &n);
	/* The rest in a minute; the day's checkpoint comes last. */
	if (r || n == EMPTY_MAX)
		return fault_trace(r);
	return fault_trace(checkpoint_make(store, age, device, now_min));
}
