/* SPDX-License-Identifier: Apache-2.0 */
/* Consents are signed here, with the parent's key, over the policy that was shown. Nothing may be
 * signed that the parent did not name: each kind is a statement of its own. */

#include <string.h>
#include <strings.h>

#include "base/id.h"
#include "base/kind.h"
#include "client/consent.h"
#include "client/list.h"
#include "client/reply.h"

static void consent_free(void *element)
{
	struct cubby_consent *consent = element;

	free((void *)(uintptr_t)consent->state);
	free((void *)(uintptr_t)consent->method);
	free(consent);
}

LIST_DEFINE(consents, cubby_consent, consent_free)

uint32_t cubby_keep_max_s(const char *kind)
{
	return kind_keep_max_s(kind_from_name(kind));
}

static int consent_read(struct message *message, void *array)
{
	struct cubby_consent *consent;
	const char *profile, *kind, *state, *method;
	uint64_t keep_s, granted_s;
	struct id id;
	int r = message_read(message, "ssstts", &profile, &kind, &state, &keep_s, &granted_s,
			     &method);

	if (r == 0 && (!id_parse(profile, &id) || !kind_from_name(kind)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	consent = calloc(1, sizeof(*consent));
	if (!consent)
		return fault_origin(-ENOMEM);
	id_text(&id, consent->profile_id);
	consent->kind = kind_name(kind_from_name(kind));
	consent->keep_s = (int64_t)keep_s;
	consent->granted_s = (int64_t)granted_s;
	consent->state = strdup(state);
	consent->method = strdup(method);
	if (!consent->state || !consent->method) {
		consent_free(consent);
		return fault_origin(-ENOMEM);
	}
	return fault_trace(array_add(array, consent, consent_free));
}

static int consents_run(struct cubby *cubby, const char *profile, struct cubby_consents **ret)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cubby_consents_freep) struct cubby_consents *consents = NULL;
	struct consents_owner *owner;
	int r;

	r = reply_get(cubby, "Consent", "Show", &reply, "s", profile ? profile : "");
	if (r != 0)
		return fault_trace(r);
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return fault_origin(-ENOMEM);
	consents = &owner->public;
	r = reply_each(reply, "(ssstts)", consent_read, &owner->array);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Consent.Show"));
	consents_show(owner);
	*ret = take(consents);
	return 0;
}

int cubby_consents(struct cubby *cubby, const char *profile, struct cubby_consents **ret)
{
	session_begin(cubby);
	return session_end(cubby, consents_run(cubby, profile, ret));
}

int consent_profile(struct cubby *cubby, const char *profile, struct id *ret)
{
	struct cubby_profiles *profiles = NULL;
	bool found = false;
	int r = cubby_profiles(cubby, &profiles);

	if (r != 0)
		return fault_trace(r);
	for (size_t i = 0; i < profiles->n && !found; i++)
		if (strcasecmp(profiles->list[i]->name, profile) == 0 ||
		    strcmp(profiles->list[i]->id, profile) == 0)
			found = id_parse(profiles->list[i]->id, ret);
	cubby_profiles_free(profiles);
	if (!found)
		return answer_why(&cubby->why, ANSWER_NOT_FOUND,
				  "there is no profile '%.64s'; 'cubby profile list' shows them",
				  profile);
	return 0;
}

int consent_policy(struct cubby *cubby, uint8_t ret_hash[static HASH_BYTES])
{
	_cleanup_(cleanup_free) char *text = NULL;
	char hex[CUBBY_KEY_TEXT];
	int r = cubby_policy(cubby, &text, hex);

	if (r != 0)
		return fault_trace(r);
	return hex_parse(hex, ret_hash, 32) ? 0 : fault_origin(-EBADMSG);
}

static int statements_append(struct cubby *cubby, struct message *request,
			     const struct consent *base, const char *const *kinds,
			     const uint32_t *keep_s, size_t n)
{
	int r = message_open(request, 'a', "s");

	for (size_t i = 0; r == 0 && i < n; i++) {
		_cleanup_(cleanup_free) char *statement = NULL;
		struct consent consent = *base;

		consent.kind = kind_from_name(kinds[i]);
		consent.keep_s = keep_s[i];
		if (!consent.kind)
			return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
					  "'%.32s' is not a kind; there are audio, transcript and "
					  "location", kinds[i]);
		if (consent.keep_s < 60 || consent.keep_s > kind_keep_max_s((int)consent.kind))
			return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
					  "%s can be kept for 1 minute to %u days, not for %u s",
					  kinds[i], kind_keep_max_s((int)consent.kind) / 86400,
					  consent.keep_s);
		r = consent_sign(&consent, cubby->sign, &statement);
		if (r == 0)
			r = message_append(request, "s", statement);
	}
	return r == 0 ? message_close(request) : fault_trace(r);
}

static int grant_run(struct cubby *cubby, const char *profile, const char *const *kinds,
		     const uint32_t *keep_s, size_t n, const char *method)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	struct consent consent = { .time_s = session_now_s() };
	int r;

	if (!consent_method_valid(method))
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "'%.40s' is not the name of a method: 1 to %d small letters, "
				  "digits and '-'", method, CONSENT_METHOD_TEXT - 1);
	strcpy(consent.method, method);

	if (!cubby->sign)
		return answer_why(&cubby->why, ANSWER_NOT_AUTHORIZED,
				  "a consent is signed by a parent: prove with the signing key "
				  "first");
	r = consent_profile(cubby, profile, &consent.profile);
	if (r == 0)
		r = consent_policy(cubby, consent.policy);
	if (r == 0)
		r = session_request(cubby, NULL, "Consent", "Grant", &request);
	if (r == 0)
		r = statements_append(cubby, request, &consent, kinds, keep_s, n);
	if (r == 0)
		r = session_call(cubby, request, &reply);
	return fault_trace(r);
}

int cubby_consent_grant(struct cubby *cubby, const char *profile, const char *const *kinds,
			const uint32_t *keep_s, size_t n)
{
	return cubby_consent_grant_by(cubby, profile, kinds, keep_s, n, CONSENT_METHOD_LOCAL);
}

int cubby_consent_grant_by(struct cubby *cubby, const char *profile, const char *const *kinds,
			   const uint32_t *keep_s, size_t n, const char *method)
{
	session_begin(cubby);
	return session_end(cubby, grant_run(cubby, profile, kinds, keep_s, n, method));
}

static int withdraw_run(struct cubby *cubby, const char *profile, const char *const *kinds,
			size_t n, char **ret_job)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *job;
	int r;

	r = session_request(cubby, NULL, "Consent", "Withdraw", &request);
	if (r == 0)
		r = message_append(request, "s", profile);
	if (r == 0)
		r = message_open(request, 'a', "s");
	for (size_t i = 0; r == 0 && i < n; i++)
		r = message_append(request, "s", kinds[i]);
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "o", &job);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Consent.Withdraw"));
	return fault_trace(session_job(cubby, job, "withdraw", -1, ret_job));
}

int cubby_consent_withdraw(struct cubby *cubby, const char *profile, const char *const *kinds,
			   size_t n, char **ret_job)
{
	session_begin(cubby);
	return session_end(cubby, withdraw_run(cubby, profile, kinds, n, ret_job));
}
