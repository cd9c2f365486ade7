/* SPDX-License-Identifier: Apache-2.0 */

/* The two questions. A match of voices attributes and no more: it must never by itself let sound
 * leave the device, nor make it training data. */

#include "question.h"

static int adult_check(const struct question *question, struct why *why)
{
	if (!question->heard)
		return answer_why(why, ANSWER_NO_CONSENT, "no utterance has been recognised, so it "
				  "is not known whose it is");
	switch (question->who) {
	case CUBBY_EAR_ADULT:
		return 0;
	case CUBBY_EAR_CHILD:
		return answer_why(why, ANSWER_NO_CONSENT, "a child spoke");
	case CUBBY_EAR_UNKNOWN:
		break;
	}
	return answer_why(why, ANSWER_NO_CONSENT, "an unknown speaker counts as a child");
}

int question_leave(const struct question *question, bool allowed, struct why *why)
{
	int r = adult_check(question, why);

	if (r)
		return r;
	if (!allowed)
		return answer_why(why, ANSWER_NO_CONSENT, "nothing leaves this device; the "
				  "administrator may let adults' sound go with "
				  "\"audio_may_leave_device = adults\" in /etc/cubby/ear.conf");
	return 0;
}

int question_export(const struct question *question, struct why *why)
{
	int r = adult_check(question, why);

	if (r)
		return r;
	return answer_why(why, ANSWER_NO_CONSENT, "only a copy that its adult owner has reviewed "
			  "may become training data, and this has just been said; see "
			  "\"cubby export\"");
}
