/* SPDX-License-Identifier: Apache-2.0 */
/* What a parent signs: the household's keys and each consent. A statement that says less, more or
 * something out of range is refused here, on the way out and on the way in. */

#include "crypt/household.h"

#include <string.h>

#define HOUSEHOLD_MEMBERS 7
#define CONSENT_MEMBERS 9
#define CONSENT_KEEP_MIN_S 60
#define TIME_MAX_S 253402300799		/* the end of the year 9999 */
#define NAME_MAX_CHARACTERS 32

/* UTF-8 characters; jansson has checked, or will, that it is UTF-8. */
static size_t name_characters(const char *name)
{
	size_t n = 0;

	for (; *name; name++)
		n += ((unsigned char)*name & 0xc0) != 0x80;
	return n;
}

static bool name_fits(const char *name)
{
	return name_characters(name) >= 1 && name_characters(name) <= NAME_MAX_CHARACTERS;
}

static int body_set_bytes(json_t *body, const char *member, const void *bytes, unsigned n)
{
	char text[2 * 64 + 1];

	if (n > 64)
		return fault_origin(-EINVAL);
	hex_text(bytes, n, text);
	if (json_object_set_new(body, member, json_string(text)) != 0)
		return fault_origin(-ENOMEM);
	return 0;
}

int household_sign(const struct household *household, const char *founder_name, int64_t time_s,
		   const struct sign_keypair *founder, char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	_cleanup_(statement_json_freep) json_t *name = json_string(founder_name);
	int r;

	if (!name || !name_fits(founder_name) || time_s < 1 || time_s > TIME_MAX_S ||
	    memcmp(household->home, household->release, BOX_PUBLIC_BYTES) == 0)
		return ANSWER_INVALID_ARGUMENT;
	body = json_pack("{s:O, s:I}", "founder_name", name, "time_s", (json_int_t)time_s);
	if (!body)
		return fault_origin(-ENOMEM);
	r = body_set_bytes(body, "home", household->home, BOX_PUBLIC_BYTES);
	if (r)
		return fault_trace(r);
	r = body_set_bytes(body, "release", household->release, BOX_PUBLIC_BYTES);
	if (r)
		return fault_trace(r);
	return fault_trace(statement_sign(body, HOUSEHOLD_STATEMENT, founder, ret_text));
}

int household_verify(const char *text, const uint8_t *founder, struct household *ret,
		     struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct household household;
	const char *name;
	int64_t time_s;
	int r;

	r = statement_verify(text, HOUSEHOLD_STATEMENT, founder, household.founder, &body, why);
	if (r)
		return fault_trace(r);
	r = statement_get_size(body, HOUSEHOLD_MEMBERS, why);
	if (r)
		return r;
	r = statement_get_bytes(body, "home", household.home, BOX_PUBLIC_BYTES, why);
	if (r)
		return r;
	r = statement_get_bytes(body, "release", household.release, BOX_PUBLIC_BYTES, why);
	if (r)
		return r;
	r = statement_get_string(body, "founder_name", &name, why);
	if (r)
		return r;
	r = statement_get_integer(body, "time_s", 1, TIME_MAX_S, &time_s, why);
	if (r)
		return r;
	if (!name_fits(name))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the founder's name has not 1 to %d characters",
				  NAME_MAX_CHARACTERS);
	/* One key for both would open everything to the exporter (R17). */
	if (memcmp(household.home, household.release, BOX_PUBLIC_BYTES) == 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the household's home and release keys are the same");
	*ret = household;
	return 0;
}

bool consent_method_valid(const char *method)
{
	size_t n = strlen(method);

	return n >= 1 && n < CONSENT_METHOD_TEXT &&
	       strspn(method, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

int consent_sign(const struct consent *consent, const struct sign_keypair *parent, char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	const char *kind = kind_name((int)consent->kind);
	const char *method = consent->method[0] ? consent->method : CONSENT_METHOD_LOCAL;
	int r;

	if (!kind || !consent_method_valid(method) || consent->keep_s < CONSENT_KEEP_MIN_S ||
	    consent->keep_s > kind_keep_max_s((int)consent->kind) || consent->time_s < 1 ||
	    consent->time_s > TIME_MAX_S)
		return ANSWER_INVALID_ARGUMENT;
	body = json_pack("{s:s, s:I, s:I, s:s}", "kind", kind, "keep_s",
			 (json_int_t)consent->keep_s, "time_s", (json_int_t)consent->time_s,
			 "method", method);
	if (!body)
		return fault_origin(-ENOMEM);
	r = body_set_bytes(body, "profile", consent->profile.bytes, ID_BYTES);
	if (r)
		return fault_trace(r);
	r = body_set_bytes(body, "policy", consent->policy, sizeof(consent->policy));
	if (r)
		return fault_trace(r);
	return fault_trace(statement_sign(body, CONSENT_STATEMENT, parent, ret_text));
}

static int consent_read(const json_t *body, struct consent *consent, struct why *why)
{
	const char *kind, *method;
	int64_t keep_s;
	int r;

	r = statement_get_size(body, CONSENT_MEMBERS, why);
	if (r)
		return r;
	r = statement_get_bytes(body, "profile", consent->profile.bytes, ID_BYTES, why);
	if (r)
		return r;
	r = statement_get_bytes(body, "policy", consent->policy, sizeof(consent->policy), why);
	if (r)
		return r;
	r = statement_get_string(body, "kind", &kind, why);
	if (r)
		return r;
	if (!kind_from_name(kind))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the consent is for no known kind: "
				  "audio, transcript and location are");
	consent->kind = (enum kind)kind_from_name(kind);
	r = statement_get_string(body, "method", &method, why);
	if (r)
		return r;
	if (!consent_method_valid(method))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the consent's method is not 1 to %d small letters, digits and "
				  "\"-\"",
				  CONSENT_METHOD_TEXT - 1);
	strcpy(consent->method, method);
	r = statement_get_integer(body, "time_s", 1, TIME_MAX_S, &consent->time_s, why);
	if (r)
		return r;
	r = statement_get_integer(body, "keep_s", CONSENT_KEEP_MIN_S,
			      kind_keep_max_s((int)consent->kind), &keep_s, why);
	if (r)
		return r;
	consent->keep_s = (uint32_t)keep_s;
	return 0;
}

int consent_verify(const char *text, struct consent *ret, struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct consent consent;
	int r;

	r = statement_verify(text, CONSENT_STATEMENT, NULL, consent.parent, &body, why);
	if (r)
		return fault_trace(r);
	r = consent_read(body, &consent, why);
	if (r)
		return r;
	*ret = consent;
	return 0;
}
