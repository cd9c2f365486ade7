/* SPDX-License-Identifier: Apache-2.0 */

/* Voiceprints of adults, from the keeper to the speaker. They come in a box that only this process
 * can open, and stay in locked memory; one that no parent of this household signed for is nobody's
 * (R27, R28). */

#include "report_private.h"

#include <string.h>

bool report_voiceprints_due(const struct report *report)
{
	return !report->voiceprints;
}

bool report_voiceprint_holds(const struct report *report, const struct decider *decider,
			     const struct id *profile)
{
	for (size_t i = 0; i < report->n_held; i++)
		if (id_equal(&report->held[i].profile, profile))
			return decider_enrolled(decider, profile, report->held[i].hash);
	return false;
}

/* The next one of the box, if it is one that a parent signed for. */
static size_t voiceprint_take(const struct decider *decider, const char *statement,
			      const struct secret *box, size_t at, struct enrolled *ret,
			      struct held *ret_held, bool *ret_holds)
{
	struct voice_consent consent;
	size_t n;

	*ret_holds = false;
	if (box->n - at < 2)
		return box->n;
	n = (size_t)(box->bytes[at] | box->bytes[at + 1] << 8);
	at += 2;
	if (n > box->n - at)
		return box->n;
	crypt_hash(box->bytes + at, n, ret_held->hash);
	if (voice_consent_verify(statement, &consent, NULL) == 0 &&
	    decider_enrolled(decider, &consent.profile, ret_held->hash) &&
	    voiceprint_read(box->bytes + at, n, &ret->voiceprint, NULL) == 0) {
		ret->profile = ret_held->profile = consent.profile;
		*ret_holds = true;
	}
	return at + n;
}

static int voiceprints_take(struct report *report, struct message *reply,
			    const struct box_keypair *pair, const struct decider *decider,
			    struct speaker *speaker, struct why *why)
{
	_cleanup_(secret_freep) struct secret *box = NULL, *memory = NULL;
	const char *statements[SPEAKER_ENROLLED_MAX];
	size_t n = 0, n_sealed, at = 0;
	struct enrolled *enrolled;
	const void *sealed;
	int r;

	r = report_strings(reply, statements, ARRAY_SIZE(statements), &n);
	if (r == 0)
		r = message_read(reply, "ay", &sealed, &n_sealed);
	if (r == 0)
		r = box_open(pair, sealed, n_sealed, &box);
	if (r > 0 || n > SPEAKER_ENROLLED_MAX)
		return answer_why(why, ANSWER_FAILED, "the keeper's voiceprints cannot be read");
	if (r == 0)
		r = secret_new(SPEAKER_ENROLLED_MAX * sizeof(*enrolled), &memory);
	if (r)
		return r;
	enrolled = (struct enrolled *)(void *)memory->bytes;
	for (size_t i = 0; i < n; i++) {
		bool holds;

		at = voiceprint_take(decider, statements[i], box, at, &enrolled[report->n_held],
				     &report->held[report->n_held], &holds);
		report->n_held += holds;
	}
	return speaker_enrol(speaker, enrolled, report->n_held, why);
}

int report_voiceprints(struct report *report, const struct decider *decider,
		       struct speaker *speaker, struct why *why)
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	int r = box_keypair_new(&pair);

	if (r == 0)
		r = report_request(report, "GetVoiceprints", &request, why);
	if (r == 0)
		r = message_append(request, "ay", pair->public, sizeof(pair->public));
	if (r == 0)
		r = report_options_none(request);
	/* A change from here on makes them due again. */
	report->voiceprints = true;
	report->n_held = 0;
	if (r == 0)
		r = bus_call(report->client, request, REPORT_TIMEOUT_MS, &reply, why);
	if (r == 0)
		r = voiceprints_take(report, reply, pair, decider, speaker, why);
	if (r) {
		report->voiceprints = false;
		report->n_held = 0;
		speaker_enrol(speaker, NULL, 0, NULL);
	}
	return r;
}
