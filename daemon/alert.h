/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What parents should know without asking. An alert that is raised is stored, told at once to the
 * parents on the bus (Status.Alert) and shown by "cubby status" until a parent has seen it, or it
 * is cleared by who raised it. What still holds by itself (an erasure that is partly done, a policy
 * that changed, a notice to an inactive profile) is not stored: Status.Describe asks its owner, and
 * alert_tell() only says so at once. Sentences are fixed; a nickname and a count are all they take.
 */

#include <stdbool.h>
#include "age.h"
#include "store/store.h"

enum alert_kind {
	ALERT_PARTIAL = 1,	/* holds */
	ALERT_POLICY,		/* holds */
	ALERT_INACTIVE,		/* holds; about a profile; count: days left */
	ALERT_BULK_ACCESS,	/* count: items opened */
	ALERT_ODD_ACCESS,	/* count: accesses */
	ALERT_FORGOT_TODAY,	/* about a profile or nobody's; count: items */
	ALERT_DRILL_FAILED,	/* stays until cleared by a drill that goes well */
	ALERT_STORES_DISAGREE,	/* stays until cleared; count: findings */
	ALERT_CLOCK,		/* the wall clock jumped ahead; stays; count: hours */
	ALERT_LOG_BROKEN,	/* at the start, log or key were others; count: first bad entry */
	ALERT_CLOCK_LOST,	/* the file of the age clock was damaged or missing */
	ALERT_KEYS_LOST,	/* count: parts that an old database names again */
	ALERT_CONSENT_ENDS,	/* holds; about an adult; count: days left */
	ALERT_KIND_LAST = ALERT_CONSENT_ENDS,
};

struct alerts;

struct alerts_config {
	struct store *store;
	struct age *age;
	/* To who listens now. May be NULL. */
	void (*tell)(void *context, const char *kind, const char *text);
	void *context;
};

int alerts_new(const struct alerts_config *config, struct alerts **ret);
struct alerts *alerts_free(struct alerts *alerts);
CLEANUP_DEFINE(struct alerts *, alerts_free)

/* Stores it (in the caller's transaction, if there is one), in place of an older one of this kind
 * and profile, and tells. profile NULL: about nobody in particular. Where storing fails it is told
 * all the same. */
int alert_raise(struct alerts *alerts, enum alert_kind kind, const struct id *profile,
		uint64_t count);
/* Tells, and stores nothing. */
int alert_tell(struct alerts *alerts, enum alert_kind kind, const struct id *profile,
	       uint64_t count);
/* Brings the count of one that stands up to date, and tells nobody. */
int alert_count(struct alerts *alerts, enum alert_kind kind, uint64_t count);
/* What was raised is over. */
int alert_clear(struct alerts *alerts, enum alert_kind kind);
/* A parent has seen them: drops those that only tell what happened. */
int alerts_seen(struct alerts *alerts);

/* "partial", "policy-changed", ...; NULL for anything else. */
const char *alert_name(int kind);
/* The sentence. profile: a nickname, "" for nobody's. free(). */
int alert_text(enum alert_kind kind, const char *profile, uint64_t count, char **ret);
/* The sentences of those stored, newest first; alerts_texts_free. */
int alerts_texts(struct alerts *alerts, char ***ret_texts, size_t *ret_n);
char **alerts_texts_free(char **texts, size_t n);
