/* SPDX-License-Identifier: Apache-2.0 */
/* Voiceprints of adults, from the parent's side: signed for here, sealed to the keeper, listed and
 * erased. One that is kept cannot be read through here. */

#include <string.h>

#include "client/consent.h"
#include "client/list.h"
#include "client/reply.h"
#include "crypt/voiceconsent.h"

static void voiceprint_free(void *element)
{
	struct cubby_voiceprint *voiceprint = element;

	free((void *)(uintptr_t)voiceprint->state);
	free(voiceprint);
}

LIST_DEFINE(voiceprints, cubby_voiceprint, voiceprint_free)

static int voiceprint_row(struct message *message, void *array)
{
	struct cubby_voiceprint *voiceprint;
	const char *profile, *state;
	uint64_t made_s, expires_s;
	struct id id;
	int r = message_read(message, "sstt", &profile, &state, &made_s, &expires_s);

	if (r == 0 && !id_parse(profile, &id))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	voiceprint = calloc(1, sizeof(*voiceprint));
	if (!voiceprint)
		return fault_origin(-ENOMEM);
	id_text(&id, voiceprint->profile_id);
	voiceprint->made_s = (int64_t)made_s;
	voiceprint->expires_s = (int64_t)expires_s;
	voiceprint->state = strdup(state);
	if (!voiceprint->state) {
		voiceprint_free(voiceprint);
		return fault_origin(-ENOMEM);
	}
	return fault_trace(array_add(array, voiceprint, voiceprint_free));
}

static int voiceprints_run(struct cubby *cubby, struct cubby_voiceprints **ret)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cubby_voiceprints_freep) struct cubby_voiceprints *voiceprints = NULL;
	struct voiceprints_owner *owner;
	int r = reply_get(cubby, "Voiceprints", "List", &reply, "");

	if (r != 0)
		return fault_trace(r);
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return fault_origin(-ENOMEM);
	voiceprints = &owner->public;
	r = reply_each(reply, "(sstt)", voiceprint_row, &owner->array);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Voiceprints.List"));
	voiceprints_show(owner);
	*ret = take(voiceprints);
	return 0;
}

int cubby_voiceprints(struct cubby *cubby, struct cubby_voiceprints **ret)
{
	session_begin(cubby);
	return session_end(cubby, voiceprints_run(cubby, ret));
}

static int enroll_run(struct cubby *cubby, const char *profile, const void *voiceprint, size_t n,
		      uint32_t keep_s, char **ret_job)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cleanup_free) char *statement = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	struct voice_consent consent = { .keep_s = keep_s, .time_s = session_now_s() };
	const char *job;
	size_t n_box;
	int r;

	if (!cubby->sign)
		return answer_why(&cubby->why, ANSWER_NOT_AUTHORIZED,
				  "an enrolment is signed by a parent: prove with the signing key "
				  "first");
	if (keep_s < VOICE_CONSENT_KEEP_MIN_S || keep_s > VOICE_CONSENT_KEEP_MAX_S)
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "a voiceprint can be kept for 1 minute to %d days, not for %u s",
				  VOICE_CONSENT_KEEP_MAX_S / 86400, keep_s);
	crypt_hash(voiceprint, n, consent.voiceprint);
	r = consent_profile(cubby, profile, &consent.profile);
	if (r == 0)
		r = consent_policy(cubby, consent.policy);
	if (r == 0)
		r = session_device(cubby);
	if (r == 0)
		r = voice_consent_sign(&consent, cubby->sign, &statement);
	if (r == 0)
		r = box_seal(cubby->pins.device_box, voiceprint, n, &box, &n_box);
	if (r == 0)
		r = session_request(cubby, NULL, "Voiceprints", "Enrol", &request);
	if (r == 0)
		r = message_append(request, "say", statement, box, n_box);
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "o", &job);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Voiceprints.Enrol"));
	return fault_trace(session_job(cubby, job, "delete", 0, ret_job));
}

int cubby_enroll(struct cubby *cubby, const char *profile, const void *voiceprint, size_t n,
		 uint32_t keep_s, char **ret_job)
{
	session_begin(cubby);
	return session_end(cubby, enroll_run(cubby, profile, voiceprint, n, keep_s, ret_job));
}

int cubby_voiceprint_erase(struct cubby *cubby, const char *profile, char **ret_job)
{
	session_begin(cubby);
	return session_end(cubby, reply_job(cubby, "Voiceprints", "Erase", "delete", ret_job, "s",
					    profile));
}
