/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What becomes of an utterance: attribute, decide and report, in this order. */

#include "attribute.h"
#include "decide.h"
#include "ear.h"
#include "report.h"

struct verdict {
	struct attribution attribution;	/* borrowed from the decider until its next update */
	unsigned kinds;			/* to be kept; 0: nothing, and `why` says why */
	unsigned possible;		/* the same, if the named adult's voice is recognised */
	bool failed;			/* it should have been possible to know, or to keep */
	struct why why;
};

/* For the profile that the host names ("" for none) and what the voice said, as of now. voice
 * NULL: nobody spoke yet. */
void verdict_reach(struct report *report, struct decider *decider, const char *profile,
		   const struct voice_match *voice, struct verdict *ret);
/* The speaker knows those who are enrolled now, or nobody. Asks the keeper only after a change. */
void voiceprints_need(struct report *report, struct decider *decider, struct speaker *speaker);

enum fate {
	FATE_FORGOTTEN = 0,
	FATE_KEPT,			/* the keeper acknowledged it under *ret_id */
	FATE_UNCERTAIN,			/* handed over under *ret_id, and no answer came */
};

/* Keeps what the verdict allows. */
enum fate verdict_carry_out(struct verdict *verdict, struct report *report,
			    const struct decider *decider,
			    const struct utterance *utterance, struct id *ret_id);
