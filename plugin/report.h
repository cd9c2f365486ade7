/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The ear's conversation with the keeper: what is the policy, and here is an item. */

#include <stdbool.h>

#include "decide.h"
#include "seal.h"
#include "speaker.h"

struct report;

/* address NULL: the system bus. Connects when first needed, and again after a loss. */
int report_new(const char *address, struct report **ret);
struct report *report_free(struct report *report);
CLEANUP_DEFINE(struct report *, report_free)

/* Asks for the policy in force and gives it to the decider; on any other answer the decider is
 * cleared. ANSWER_NO_DAEMON, ANSWER_NOT_FOUND (no household yet), ANSWER_INVALID_ARGUMENT (the
 * household is not the pinned one), or the keeper's. */
int report_policy(struct report *report, struct decider *decider, struct why *why);

/* Fetches the voiceprints of adults that the decider knows to be enrolled, and hands them to the
 * speaker; whatever does not hold is left out. On any other answer or fault nobody is enrolled. */
int report_voiceprints(struct report *report, const struct decider *decider,
		       struct speaker *speaker, struct why *why);
/* What was fetched is not to be used any more, or not yet; report_voiceprints() ends that. */
bool report_voiceprints_due(const struct report *report);
/* Whether the voiceprint that was fetched of this adult is still one of the decider's. */
bool report_voiceprint_holds(const struct report *report, const struct decider *decider,
			     const struct id *profile);

/* What the keeper says unasked. */
struct report_news {
	bool policy;			/* ask for the policy again */
	char played[DECIDE_NAME_BYTES];	/* the sound of this profile was opened; "" of none */
};
/* Takes in what has arrived, and one piece of it; false: there is nothing. Losing the bus is news
 * of the policy. Does not connect. */
bool report_news_take(struct report *report, struct report_news *ret);
/* Another number than before: the policy changed meanwhile, whether or not it is news yet. */
unsigned report_changes(const struct report *report);
/* Readable when there may be news; -1 while there is no connection. */
int report_fd(struct report *report);

/* What became of that which a phrase asked to forget. */
struct forgetting {
	const char *outcome;		/* "done", "partial", "nothing" or "failed" */
	unsigned items;
	struct why why;			/* of "failed"; "" otherwise */
};
/* span and profile as in Intake.Forget. Waits 2 s at the most; never fails but by saying so. */
void report_forget(struct report *report, const char *span, const char *profile,
		   struct forgetting *ret);

/* The keeper was lost or slow after the item had been handed over: kept or not, nobody knows. */
#define REPORT_UNCERTAIN 1000

/* Seals and hands over. 0: it is durable and has this id. REPORT_UNCERTAIN: it may be, under this
 * id. Any other answer or fault: nothing is kept. */
int report_keep(struct report *report, const struct decider *decider,
		const struct decide_profile *profile, unsigned kinds,
		const struct utterance *utterance, struct id *ret_id, struct why *why);
