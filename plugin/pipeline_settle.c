/* SPDX-License-Identifier: Apache-2.0 */

/* What becomes of what was heard. Nothing is kept but through a verdict, and a request to forget,
 * or what may have been one, never is. */

#include "pipeline_private.h"

#include <string.h>

static void tell_keeping(struct pipeline *pipeline, const struct verdict *verdict)
{
	bool keeping = verdict->kinds != 0;

	if (pipeline->keeping_told && pipeline->keeping == keeping &&
	    (keeping || strcmp(pipeline->keeping_why.text, verdict->why.text) == 0))
		return;
	pipeline->keeping = keeping;
	pipeline->keeping_told = true;
	pipeline->keeping_why = verdict->why;
	pipeline_tell(pipeline, &(struct cubby_ear_event) {
		.type = CUBBY_EAR_KEEPING, .kept = keeping,
		.reason = keeping ? NULL : pipeline->keeping_why.text });
}

/* What was said before a parent consented, or while the consent was gone, is not kept. */
static void verdict_narrow(struct verdict *verdict, unsigned allowed)
{
	if (verdict->kinds && !(verdict->kinds & allowed))
		answer_why(&verdict->why, ANSWER_NO_CONSENT,
			   "there was no consent when this was begun, or not all the time");
	verdict->kinds &= allowed;
}

void pipeline_keeping(struct pipeline *pipeline)
{
	struct verdict verdict = { 0 };

	if (*pipeline->tools.muted)
		answer_why(&verdict.why, ANSWER_NO_CONSENT, "the ear is muted");
	else
		verdict_reach(pipeline->tools.report, pipeline->tools.decider, pipeline->profile,
			      NULL, &verdict);
	pipeline->allowed &= verdict.possible;
	/* The light is about what is being said. */
	if (pipeline->endpoint.speaking && !pipeline->wake.spotting)
		verdict_narrow(&verdict, pipeline->allowed);
	tell_keeping(pipeline, &verdict);
}

/* A consent withdrawn and given again at once leaves no trace in the answer to the next question:
 * so any change at all ends the keeping of what is being said. */
void pipeline_policy_changed(struct pipeline *pipeline)
{
	pipeline->allowed = 0;
	pipeline_keeping(pipeline);
}

void pipeline_played(struct pipeline *pipeline, const char *profile)
{
	if (*pipeline->profile && strcmp(pipeline->profile, profile) == 0)
		pipeline_tell(pipeline, &(struct cubby_ear_event) { .type = CUBBY_EAR_PLAYED });
}

static void utterance_listen(struct pipeline *pipeline, size_t n, struct voice_match *ret)
{
	const struct pipeline_tools *tools = &pipeline->tools;
	int64_t begin_ms = pipeline_ms(pipeline, pipeline->endpoint.begin);

	/* Of nobody whom the keeper cannot vouch for now. */
	voiceprints_need(tools->report, tools->decider, tools->speaker);
	ret->matched = speaker_hear(pipeline->speaker, pipeline->heard->utterance, n, begin_ms,
				    &ret->profile, &ret->why) == 0;
}

/* Who asked to forget and was not understood must at least not be kept for it. */
static void verdict_doubt(struct verdict *verdict, const struct recognition *recognition)
{
	if (!verdict->kinds || !recognition->near_phrase)
		return;
	verdict->kinds = 0;
	answer_why(&verdict->why, ANSWER_NO_CONSENT,
		   "it may have asked to forget something; if so, say it again");
}

static enum fate utterance_settle(struct pipeline *pipeline, size_t n)
{
	const struct pipeline_tools *tools = &pipeline->tools;
	struct heard *heard = pipeline->heard;
	const struct utterance utterance = {
		.samples = heard->utterance, .frames = n, .recognition = &heard->recognition,
		.muted = tools->muted,
	};
	struct voice_match voice = { 0 };
	struct verdict verdict;
	char text[ID_TEXT];
	struct id id;
	enum fate fate;

	utterance_listen(pipeline, n, &voice);
	verdict_reach(tools->report, tools->decider, pipeline->profile, &voice, &verdict);
	tell_keeping(pipeline, &verdict);
	/* What came with the answers is no news yet. */
	if (report_changes(tools->report) != pipeline->changes)
		pipeline->allowed = 0;
	verdict_narrow(&verdict, pipeline->allowed);
	verdict_doubt(&verdict, &heard->recognition);
	fate = verdict_carry_out(&verdict, tools->report, tools->decider, &utterance, &id);
	/* Muted while the keeper was asked: what is kept by now must be told, the rest must not. */
	if (fate == FATE_FORGOTTEN && *tools->muted)
		return fate;
	pipeline_tell(pipeline, &(struct cubby_ear_event) {
		.type = CUBBY_EAR_FINAL,
		.at_ms = pipeline_ms(pipeline, pipeline->endpoint.begin),
		.duration_ms = (int64_t)(n / (CUBBY_EAR_RATE_HZ / 1000)),
		.text = heard->recognition.text,
		.confidence = heard->recognition.confidence,
		.who = verdict.attribution.who,
		.profile = verdict.attribution.profile ? verdict.attribution.profile->name : NULL,
		.kept = fate == FATE_KEPT,
		.uncertain = fate == FATE_UNCERTAIN,
		.failed = verdict.failed,
		.id = fate == FATE_FORGOTTEN ? NULL : id_text(&id, text),
		.reason = fate == FATE_KEPT ? NULL : verdict.why.text,
	});
	return fate;
}

/* What is said to have something forgotten is never kept itself, and whoever says it may. */
static void forget_settle(struct pipeline *pipeline, size_t n)
{
	const struct recognition *heard = &pipeline->heard->recognition;
	enum forget_span span = pipeline->tools.forget->span[heard->phrase];
	struct forgetting forgetting;

	pipeline_tell(pipeline, &(struct cubby_ear_event) {
		.type = CUBBY_EAR_FINAL,
		.at_ms = pipeline_ms(pipeline, pipeline->endpoint.begin),
		.duration_ms = (int64_t)(n / (CUBBY_EAR_RATE_HZ / 1000)), .text = heard->text,
		.confidence = heard->confidence, .reason = "it asked to forget" });
	report_forget(pipeline->tools.report, forget_span_name(span), pipeline->profile,
		      &forgetting);
	pipeline_tell(pipeline, &(struct cubby_ear_event) {
		.type = CUBBY_EAR_FORGOTTEN,
		.at_ms = pipeline_ms(pipeline, pipeline->endpoint.end),
		.span = forget_span_name(span), .outcome = forgetting.outcome,
		.items = forgetting.items,
		.reason = *forgetting.why.text ? forgetting.why.text : NULL });
}

void pipeline_settle(struct pipeline *pipeline, size_t n)
{
	bool asked = pipeline->heard->recognition.phrase >= 0;
	enum fate fate = FATE_FORGOTTEN;

	if (asked)
		forget_settle(pipeline, n);
	else
		fate = utterance_settle(pipeline, n);
	secret_wipe(pipeline->heard, sizeof(*pipeline->heard));
	if (fate == FATE_FORGOTTEN && !asked)
		pipeline_tell_at(pipeline, CUBBY_EAR_FORGOTTEN, pipeline->endpoint.now);
}
