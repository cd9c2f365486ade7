/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The access log that parents read (diagnostics are base/log.h): who listed, opened, deleted,
 * consented, exported, and who was refused. An entry commits in the transaction of what it
 * records, and before any ciphertext leaves.
 *
 * Its body is JSON and holds no nickname, no id, no word: a profile and an item appear under a
 * pseudonym whose key is in the profile's row and dies with it.
 *
 *   {"items": 3, "method": "Archive.Delete", "outcome": "asked", "uid": 1000, "what": "delete"}
 *
 * Each entry is tagged with a key of its own that is gone afterwards (ratchet.h), from the one that
 * records the setup on.
 */

#include "age.h"
#include "alert.h"
#include "archive.h"
#include "base/loop.h"
#include "store/log.h"
#include "store/profile.h"

#define ACCESS_PSEUDONYM_TEXT 17

struct access_log;

struct access_log_config {
	struct store *store;
	struct vault *vault;
	struct age *age;
	const struct clock *clock;
	struct alerts *alerts;
	struct loop *loop;		/* may be NULL: see ratchet.h */
};

/* Where the household's log has no key, or the slot does not hold the one that is due, a new first
 * key is begun, with an entry and an alert. So there is an alert where the log is not as long as it
 * was. */
int access_log_new(const struct access_log_config *config, struct access_log **ret);
/* Writes the denials that were still being counted. */
struct access_log *access_log_free(struct access_log *log);
CLEANUP_DEFINE(struct access_log *, access_log_free)

struct access_entry {
	const char *what;		/* "list", "open", "delete", "denied", ... */
	int64_t uid;			/* -1: the keeper itself */
	const char *outcome;		/* "done", "asked", "partial", or an answer's name */
	const char *method;		/* "Archive.List"; may be NULL */
	const char *reason;		/* in fixed words; may be NULL */
	const struct profile *profile;	/* may be NULL */
	const struct id *item;		/* needs `profile`; may be NULL */
	int64_t items;			/* how many; 0 is left out */
	int64_t times;			/* for denials counted together; 0 is left out */
};

/* Inside the caller's transaction, which has made the household: the log gets its first key. */
int access_log_key_begin(struct access_log *log);

/* After the household was erased: its key tags nothing more. */
void access_log_key_end(struct access_log *log);

/* Inside the caller's transaction. */
int access_log_append(struct access_log *log, const struct access_entry *entry);
/* In a transaction of its own; durable when it returns. */
int access_log_write(struct access_log *log, const struct access_entry *entry);

/* As the `within` of archive and erasure. */
struct access_within {
	struct access_log *log;
	struct access_entry entry;
};
int access_log_within(void *access_within);

/* What one uid may add to the log without a proof and without changing anything, by looks and
 * denials: so many entries at once (100,000 items take 500 pages), then so many a minute. */
#define ACCESS_LOOKS_BURST 1000
#define ACCESS_LOOKS_PER_MIN 20
/* Ask before a look that an entry will be written of. ANSWER_RATE_LIMITED. */
int access_log_look(struct access_log *log, uint32_t uid, struct why *why);

/* A denial. The first of a uid and method is written at once; further ones of the same minute are
 * counted and written as one entry when it is over (access_log_flush). */
void access_log_denied(struct access_log *log, uint32_t uid, const char *method,
		       const char *outcome);
/* The same for one that holds no role here: the first in a minute is written, and how many more
 * there were of all strangers together, or any user of the machine could fill the log. */
void access_log_denied_stranger(struct access_log *log, uint32_t uid, const char *method,
				const char *outcome);
/* The log's slot is behind its row for a moment; now it is not. */
void access_log_settle(struct access_log *log);
/* Call every minute. Also writes the log's key where that was not possible before. */
void access_log_flush(struct access_log *log);

/* The newest entry; 0 and zeros when there is none. */
int access_log_head(struct access_log *log, uint64_t *ret_seq,
		    uint8_t ret_hash[static CHAIN_HASH_BYTES]);

/* First 8 bytes of BLAKE2b-256(key: the profile's log key, message: id), as hex. */
char *access_log_pseudonym(const struct profile *profile, const struct id *id,
			   char text[static ACCESS_PSEUDONYM_TEXT]);
