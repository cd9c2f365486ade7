/* SPDX-License-Identifier: Apache-2.0 */

/* Writes the access log. Nothing that a person said, and no name a person gave, may get into a
 * body; an entry that cannot be written stops what it was to record. */

#include <jansson.h>
#include <string.h>
#include "base/log.h"
#include "bucket.h"
#include "household.h"
#include "lookout.h"
#include "ratchet.h"
#include "store/household.h"

/* Denials of this many different callers and methods are counted apart in one minute; what comes
 * beyond is written under the uid of the keeper, so that a flood cannot fill the disk. */
#define DENIALS_MAX 64
#define METHOD_MAX 48

struct denial {
	uint32_t uid;
	char method[METHOD_MAX];
	const char *outcome;
	int64_t more;		/* beyond the one that is written */
};

struct access_log {
	struct store *store;
	struct age *age;
	struct alerts *alerts;
	struct ratchet *ratchet;
	struct lookout *lookout;
	const struct clock *clock;
	struct buckets looks;
	int64_t denials_min;	/* the minute the denials below belong to */
	struct denial denials[DENIALS_MAX];
	unsigned n_denials;
	bool stranger;		/* one was written in this minute */
	int64_t overflow;
};

/* What entries are sealed to. ANSWER_NOT_FOUND: there is no household. */
static int home_key(struct store *store, uint8_t ret_home[static BOX_PUBLIC_BYTES])
{
	struct household household;
	int r = household_now(store, &household);

	if (r)
		return fault_trace(r);
	memcpy(ret_home, household.home, BOX_PUBLIC_BYTES);
	return 0;
}

int access_log_key_begin(struct access_log *log)
{
	uint8_t home[BOX_PUBLIC_BYTES], head[CHAIN_HASH_BYTES];
	uint64_t seq;
	int r;

	r = home_key(log->store, home);
	if (!r)
		r = store_log_head(log->store, &seq, head);
	if (!r)
		r = ratchet_begin(log->ratchet, home, seq + 1);
	return fault_trace(r);
}

void access_log_key_end(struct access_log *log)
{
	ratchet_end(log->ratchet);
}

/* Says in the log itself, where it stays when the alert was seen, that from `first_bad` on it is
 * not what the keeper left. anew: it cannot be tagged with the key that is due, either. */
static int broken_tell(struct access_log *log, uint64_t first_bad, bool anew)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {.what = anew ? "log-key" : "log-broken", .uid = -1,
				     .outcome = anew ? "begun anew" : "found"};
	int r = store_begin(log->store, &transaction);

	if (!r && anew)
		r = access_log_key_begin(log);
	if (!r)
		r = access_log_append(log, &entry);
	if (!r)
		r = alert_raise(log->alerts, ALERT_LOG_BROKEN, NULL, first_bad);
	if (!r)
		r = store_commit(take(transaction));
	return fault_trace(r);
}

static int key_check(struct access_log *log)
{
	uint8_t home[BOX_PUBLIC_BYTES], head[CHAIN_HASH_BYTES];
	struct log_slot_row slot;
	uint64_t seq;
	int r;

	r = store_log_head(log->store, &seq, head);
	if (!r)
		r = home_key(log->store, home);
	if (r)
		return r == ANSWER_NOT_FOUND ? 0 : fault_trace(r);
	if (!ratchet_there(log->ratchet)) {
		log_error("the key of the access log is not the one that is due: the database or "
			  "the slot file is not the one of last time; a new key is begun");
		return fault_trace(broken_tell(log, seq + 1, true));
	}
	r = store_log_slot(log->store, &slot);
	if (!r && slot.seq != seq) {
		log_error("the access log has %llu entries and had %llu", (unsigned long long)seq,
			  (unsigned long long)slot.seq);
		r = broken_tell(log, (slot.seq < seq ? slot.seq : seq) + 1, false);
	}
	return fault_trace(r);
}

int access_log_new(const struct access_log_config *config, struct access_log **ret)
{
	_cleanup_(access_log_freep) struct access_log *log = calloc(1, sizeof(*log));
	int r;

	if (!log)
		return fault_origin(-ENOMEM);
	log->store = config->store;
	log->age = config->age;
	log->alerts = config->alerts;
	log->clock = config->clock;
	log->looks = BUCKETS(ACCESS_LOOKS_PER_MIN, ACCESS_LOOKS_BURST);
	log->denials_min = age_now_min(log->age);
	r = lookout_new(config->store, config->clock, config->alerts, &log->lookout);
	if (!r)
		r = ratchet_new(config->store, config->vault, config->loop, &log->ratchet);
	/* The answers are looked into by key_check(). */
	if (r >= 0)
		r = key_check(log);
	if (r)
		return fault_trace(r);
	*ret = take(log);
	return 0;
}

struct access_log *access_log_free(struct access_log *log)
{
	if (!log)
		return NULL;
	if (log->ratchet) {
		log->denials_min = 0;
		access_log_flush(log);
	}
	ratchet_free(log->ratchet);
	lookout_free(log->lookout);
	free(log);
	return NULL;
}

char *access_log_pseudonym(const struct profile *profile, const struct id *id,
			   char text[static ACCESS_PSEUDONYM_TEXT])
{
	uint8_t hash[HASH_BYTES];

	crypt_hash_keyed(profile->log_key, sizeof(profile->log_key), id->bytes, sizeof(id->bytes),
			 hash);
	return hex_text(hash, (ACCESS_PSEUDONYM_TEXT - 1) / 2, text);
}

static int body_string(json_t *body, const char *member, const char *value)
{
	if (!value)
		return 0;
	return json_object_set_new(body, member, json_string(value)) ? fault_origin(-ENOMEM) : 0;
}

static int body_integer(json_t *body, const char *member, int64_t value)
{
	if (!value)
		return 0;
	return json_object_set_new(body, member, json_integer(value)) ? fault_origin(-ENOMEM) : 0;
}

/* key: of the log itself, where one begins with this entry; or NULL. */
static int body_fill(json_t *body, const struct access_entry *entry, const char *key)
{
	char pseudonym[ACCESS_PSEUDONYM_TEXT];
	int r;

	r = body_string(body, "what", entry->what);
	if (!r && entry->uid >= 0 && json_object_set_new(body, "uid", json_integer(entry->uid)))
		r = fault_origin(-ENOMEM);
	if (!r)
		r = body_string(body, "outcome", entry->outcome);
	if (!r)
		r = body_string(body, "method", entry->method);
	if (!r)
		r = body_string(body, "reason", entry->reason);
	if (!r && entry->profile)
		r = body_string(body, "profile",
				access_log_pseudonym(entry->profile, &entry->profile->id,
						     pseudonym));
	if (!r && entry->profile && entry->item)
		r = body_string(body, "item",
				access_log_pseudonym(entry->profile, entry->item, pseudonym));
	if (!r)
		r = body_integer(body, "items", entry->items);
	if (!r)
		r = body_integer(body, "times", entry->times);
	if (!r)
		r = body_string(body, "key", key);
	return fault_trace(r);
}

static int body_text(const struct access_entry *entry, const char *key, char **ret_text)
{
	json_t *body = json_object();
	int r;

	if (!body)
		return fault_origin(-ENOMEM);
	r = body_fill(body, entry, key);
	if (!r) {
		*ret_text = json_dumps(body, JSON_SORT_KEYS | JSON_ENSURE_ASCII);
		r = *ret_text ? 0 : fault_origin(-ENOMEM);
	}
	json_decref(body);
	return fault_trace(r);
}

int access_log_append(struct access_log *log, const struct access_entry *entry)
{
	_cleanup_(cleanup_free) char *body = NULL;
	struct log_row row = {.time_min = age_now_min(log->age)};
	uint8_t head[CHAIN_HASH_BYTES], body_hash[CHAIN_HASH_BYTES];
	int r;

	r = store_log_head(log->store, &row.seq, head);
	if (r)
		return fault_trace(r);
	row.seq++;
	r = body_text(entry, ratchet_print(log->ratchet, row.seq), &body);
	if (r)
		return fault_trace(r);
	row.body = body;
	crypt_random(row.salt, sizeof(row.salt));
	chain_body_hash(row.salt, body, strlen(body), body_hash);
	chain_entry_hash(head, row.seq, row.time_min, body_hash, row.hash);
	row.tagged = ratchet_there(log->ratchet);
	if (row.tagged)
		ratchet_tag(log->ratchet, row.seq, row.hash, row.tag);
	r = store_log_insert(log->store, &row);
	if (!r)
		lookout_saw(log->lookout, entry);
	return fault_trace(r);
}

int access_log_write(struct access_log *log, const struct access_entry *entry)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	int r;

	r = store_begin(log->store, &transaction);
	if (r)
		return fault_trace(r);
	r = access_log_append(log, entry);
	if (r)
		return fault_trace(r);
	return fault_trace(store_commit(take(transaction)));
}

int access_log_within(void *access_within)
{
	struct access_within *within = access_within;

	return fault_trace(access_log_append(within->log, &within->entry));
}

int access_log_look(struct access_log *log, uint32_t uid, struct why *why)
{
	if (buckets_take(&log->looks, uid, clock_boot_ms(log->clock)))
		return 0;
	return answer_why(why, ANSWER_RATE_LIMITED,
			  "this user looked more than %d times, and then more than %d times a "
			  "minute, and each is an entry of the access log: wait a minute",
			  ACCESS_LOOKS_BURST, ACCESS_LOOKS_PER_MIN);
}

static void denial_write(struct access_log *log, int64_t uid, const char *method,
			 const char *outcome, int64_t times)
{
	struct access_entry entry = {
		.what = "denied",
		.uid = uid,
		.outcome = outcome,
		.method = method,
		.times = times,
	};

	/* The denial stands whether or not it could be written. */
	if (access_log_write(log, &entry))
		log_error("a denial could not be written into the access log");
}

void access_log_denied(struct access_log *log, uint32_t uid, const char *method,
		       const char *outcome)
{
	struct denial *denial;

	access_log_flush(log);
	for (unsigned i = 0; i < log->n_denials; i++) {
		denial = &log->denials[i];
		if (denial->uid != uid || strcmp(denial->method, method))
			continue;
		denial->more++;
		return;
	}
	if (log->n_denials == DENIALS_MAX ||
	    !buckets_take(&log->looks, uid, clock_boot_ms(log->clock))) {
		log->overflow++;
		return;
	}
	denial = &log->denials[log->n_denials++];
	*denial = (struct denial){.uid = uid, .outcome = outcome};
	strncpy(denial->method, method, METHOD_MAX - 1);
	denial_write(log, uid, denial->method, outcome, 0);
}

void access_log_denied_stranger(struct access_log *log, uint32_t uid, const char *method,
				const char *outcome)
{
	access_log_flush(log);
	if (log->stranger) {
		log->overflow++;
		return;
	}
	log->stranger = true;
	denial_write(log, uid, method, outcome, 0);
}

void access_log_settle(struct access_log *log)
{
	ratchet_settle(log->ratchet);
}

void access_log_flush(struct access_log *log)
{
	int64_t now_min = age_now_min(log->age);

	if (log->denials_min == now_min)
		return;
	ratchet_settle(log->ratchet);
	for (unsigned i = 0; i < log->n_denials; i++)
		if (log->denials[i].more)
			denial_write(log, log->denials[i].uid, log->denials[i].method,
				     log->denials[i].outcome, log->denials[i].more);
	if (log->overflow)
		denial_write(log, -1, NULL, "denied", log->overflow);
	log->n_denials = 0;
	log->overflow = 0;
	log->stranger = false;
	log->denials_min = now_min;
}

int access_log_head(struct access_log *log, uint64_t *ret_seq,
		    uint8_t ret_hash[static CHAIN_HASH_BYTES])
{
	return fault_trace(store_log_head(log->store, ret_seq, ret_hash));
}
