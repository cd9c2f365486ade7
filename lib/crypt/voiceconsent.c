/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that allow a voiceprint. One that says less, more or something out of range is refused
 * here, on the way out and on the way in: none is without an end. */

#include "crypt/voiceconsent.h"

#define VOICE_CONSENT_MEMBERS 8
#define TIME_MAX_S 253402300799		/* the end of the year 9999 */

static int hex_set(json_t *body, const char *member, const uint8_t *bytes, unsigned n)
{
	char text[2 * HASH_BYTES + 1];

	if (json_object_set_new(body, member, json_string(hex_text(bytes, n, text))) != 0)
		return fault_origin(-ENOMEM);
	return 0;
}

int voice_consent_sign(const struct voice_consent *consent, const struct sign_keypair *parent,
		       char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	int r;

	if (consent->keep_s < VOICE_CONSENT_KEEP_MIN_S ||
	    consent->keep_s > VOICE_CONSENT_KEEP_MAX_S || consent->time_s < 1 ||
	    consent->time_s > TIME_MAX_S)
		return ANSWER_INVALID_ARGUMENT;
	body = json_pack("{s:I, s:I}", "keep_s", (json_int_t)consent->keep_s, "time_s",
			 (json_int_t)consent->time_s);
	if (!body)
		return fault_origin(-ENOMEM);
	r = hex_set(body, "profile", consent->profile.bytes, ID_BYTES);
	if (!r)
		r = hex_set(body, "policy", consent->policy, HASH_BYTES);
	if (!r)
		r = hex_set(body, "voiceprint", consent->voiceprint, HASH_BYTES);
	return fault_trace(r ? r : statement_sign(body, VOICE_CONSENT_STATEMENT, parent, ret_text));
}

int voice_consent_verify(const char *text, struct voice_consent *ret, struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct voice_consent consent;
	int64_t keep_s;
	int r;

	r = statement_verify(text, VOICE_CONSENT_STATEMENT, NULL, consent.parent, &body, why);
	if (!r)
		r = statement_get_size(body, VOICE_CONSENT_MEMBERS, why);
	if (!r)
		r = statement_get_bytes(body, "profile", consent.profile.bytes, ID_BYTES, why);
	if (!r)
		r = statement_get_bytes(body, "policy", consent.policy, HASH_BYTES, why);
	if (!r)
		r = statement_get_bytes(body, "voiceprint", consent.voiceprint, HASH_BYTES, why);
	if (!r)
		r = statement_get_integer(body, "keep_s", VOICE_CONSENT_KEEP_MIN_S,
					  VOICE_CONSENT_KEEP_MAX_S, &keep_s, why);
	if (!r)
		r = statement_get_integer(body, "time_s", 1, TIME_MAX_S, &consent.time_s, why);
	if (r)
		return fault_trace(r);
	consent.keep_s = (uint32_t)keep_s;
	*ret = consent;
	return 0;
}
