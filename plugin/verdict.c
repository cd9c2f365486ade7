/* SPDX-License-Identifier: Apache-2.0 */

/* The one way to the keeper: nothing is handed over but through a verdict, and whatever goes wrong
 * on the way is a no. */

#include "verdict.h"

/* Nobody supplies a location here, so none is kept, whatever was consented to. */
#define OFFERED (KIND_BIT(KIND_AUDIO) | KIND_BIT(KIND_TRANSCRIPT))

/* What would be kept of a named adult who is yet to be recognised. */
static unsigned kinds_if_heard(const struct decider *decider, const char *profile)
{
	const struct decide_profile *named = decider_profile(decider, profile);
	struct why why;

	return named && named->type == PROFILE_ADULT ?
	       decide_kinds(decider, named, OFFERED, &why) : 0;
}

void verdict_reach(struct report *report, struct decider *decider, const char *profile,
		   const struct voice_match *voice, struct verdict *ret)
{
	struct voice_match gone = { 0 };
	int r = 0;

	*ret = (struct verdict) { 0 };
	/* Without a name or a known voice there is nothing to ask about: nobody need know that
	 * somebody spoke. */
	if (*profile || (voice && voice->matched)) {
		r = report_policy(report, decider, &ret->why);
		if (r < 0)
			answer_why(&ret->why, ANSWER_FAILED, "the keeper could not be asked");
		/* NotFound: no household yet, so nothing could have been consented to. */
		ret->failed = r != 0 && r != ANSWER_NOT_FOUND;
	}
	/* A keeper that was away has told of nothing that changed meanwhile. */
	if (r == 0 && voice && voice->matched &&
	    !report_voiceprint_holds(report, decider, &voice->profile)) {
		answer_why(&gone.why, ANSWER_NOT_FOUND,
			   "unknown speaker: the voiceprint is not in force any more");
		voice = &gone;
	}
	if (r == 0)
		ret->attribution = attribute(decider, profile, voice, &ret->why);
	if (ret->attribution.profile)
		ret->kinds = decide_kinds(decider, ret->attribution.profile, OFFERED, &ret->why);
	ret->possible = ret->kinds;
	if (r == 0 && !voice)
		ret->possible |= kinds_if_heard(decider, profile);
}

void voiceprints_need(struct report *report, struct decider *decider, struct speaker *speaker)
{
	struct why why;

	if (!report_voiceprints_due(report))
		return;
	if (report_policy(report, decider, &why) == 0)
		report_voiceprints(report, decider, speaker, &why);
	else
		speaker_enrol(speaker, NULL, 0, NULL);
}

enum fate verdict_carry_out(struct verdict *verdict, struct report *report,
			    const struct decider *decider,
			    const struct utterance *utterance, struct id *ret_id)
{
	int r;

	if (!verdict->kinds)
		return FATE_FORGOTTEN;
	if (!utterance->recognition->text[0]) {
		answer_why(&verdict->why, ANSWER_NO_CONSENT, "no words were recognised");
		return FATE_FORGOTTEN;
	}
	r = report_keep(report, decider, verdict->attribution.profile, verdict->kinds, utterance,
			ret_id, &verdict->why);
	if (r < 0)
		answer_why(&verdict->why, ANSWER_FAILED, "the utterance could not be sealed");
	verdict->failed = r != 0;
	return r == 0 ? FATE_KEPT : r == REPORT_UNCERTAIN ? FATE_UNCERTAIN : FATE_FORGOTTEN;
}
