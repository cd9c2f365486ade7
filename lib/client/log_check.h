/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Checks the access log entry by entry, from its first one, and stops at the first that is not what
 * the keeper of its time wrote. Four witnesses:
 *
 *   the chain       each entry's hash goes over the one before it
 *   checkpoints     "at this seq the hash was this", seen or signed earlier
 *   the tags        made with keys that nobody has any more but who has the first one
 *   the log itself  the keeper writes down what it found broken at a start
 */

#include "crypt/box.h"
#include "crypt/logpage.h"

/* Bodies stay at least this long. */
#define LOG_EMPTIED_MIN (730 * 24 * 60)

/* An entry that was there before. */
struct log_mark {
	uint64_t seq;
	uint8_t hash[CHAIN_HASH_BYTES];
	const char *source;		/* "when this computer last looked" */
};

/* The first key of the entries from first_seq on. */
struct log_first_key {
	uint64_t first_seq;
	char print[CHAIN_PRINT_TEXT];
	struct secret *key;
};

struct log_check {
	int64_t now_min;		/* by the clock of who checks */
	bool keyed;			/* tags are checked */
	bool links_only;		/* what the log itself says was told elsewhere */
	/* What is known beforehand. */
	struct log_mark *marks;
	size_t n_marks;
	struct log_first_key *keys;
	size_t n_keys;
	/* How far it is. */
	uint64_t seq;
	uint8_t hash[CHAIN_HASH_BYTES];
	struct secret *key;		/* of the next entry; NULL: none has begun */
	uint64_t emptied, newest_min, newest_emptied, newest_emptied_min;
	uint64_t checked_marks;
	/* What was found. */
	uint64_t first_bad;		/* 0: nothing */
	struct why why;
};

int log_check_mark(struct log_check *check, const struct log_mark *mark);
/* Takes `key` over. */
int log_check_key(struct log_check *check, uint64_t first_seq, const char *print,
		  struct secret *key);
/* 0, or ANSWER_FAILED with first_bad and why. The entries must come in the order of the store. */
int log_check_entry(struct log_check *check, const struct logpage_entry *entry);
/* After the last one: whether there should be more. Where entries were cut off, the next one the
 * keeper wrote, of the proof if of nothing else, bears the mark of another. */
int log_check_end(struct log_check *check);
void log_check_clear(struct log_check *check);
