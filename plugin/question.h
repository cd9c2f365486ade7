/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a host may do with the sound by a way of its own. It has it already and need not ask; one
 * that asks gets an honest answer, which is no whenever anything is not known. */

#include <stdbool.h>
#include "base/fault.h"
#include "ear.h"

/* Of the last utterance. */
struct question {
	bool heard;			/* it has come out as final, and no other has begun */
	enum cubby_ear_who who;
};

/* 0: yes. ANSWER_NO_CONSENT: no, and why. `allowed`: /etc/cubby/ear.conf lets adults' sound go. */
int question_leave(const struct question *question, bool allowed, struct why *why);
/* As above, into training data. */
int question_export(const struct question *question, struct why *why);
