/* SPDX-License-Identifier: Apache-2.0 */
/* Signing and checking of JSON. What a statement says is taken from it only after its signature
 * held; a text that could be read in two ways is refused. */

#include "crypt/statement.h"

#include <string.h>

#include "base/id.h"

/* Reals have more than one spelling, null says nothing, and a NUL would end a C string early. */
static bool statement_plain(json_t *value)
{
	const char *name;
	json_t *member;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		json_object_foreach(value, name, member)
			if (!statement_plain(member))
				return false;
		return true;
	case JSON_ARRAY:
		json_array_foreach(value, i, member)
			if (!statement_plain(member))
				return false;
		return true;
	case JSON_STRING:
		return strlen(json_string_value(value)) == json_string_length(value);
	case JSON_INTEGER:
	case JSON_TRUE:
	case JSON_FALSE:
		return true;
	case JSON_REAL:
	case JSON_NULL:
		return false;
	}
	return false;
}

static char *statement_canonical(const json_t *body)
{
	return json_dumps(body, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII);
}

int statement_sign(json_t *body, const char *type, const struct sign_keypair *pair, char **ret_text)
{
	_cleanup_(cleanup_free) char *unsigned_text = NULL, *text = NULL;
	char key[2 * SIGN_PUBLIC_BYTES + 1], signature_text[2 * SIGN_BYTES + 1];
	uint8_t signature[SIGN_BYTES];

	if (!json_is_object(body) || !statement_plain(body))
		return ANSWER_INVALID_ARGUMENT;
	hex_text(pair->public, SIGN_PUBLIC_BYTES, key);
	json_object_del(body, "signature");
	if (json_object_set_new(body, "statement", json_string(type)) != 0 ||
	    json_object_set_new(body, "key", json_string(key)) != 0)
		return fault_origin(-ENOMEM);
	unsigned_text = statement_canonical(body);
	if (!unsigned_text)
		return fault_origin(-ENOMEM);
	sign_bytes(pair, unsigned_text, strlen(unsigned_text), signature);
	hex_text(signature, SIGN_BYTES, signature_text);
	if (json_object_set_new(body, "signature", json_string(signature_text)) != 0)
		return fault_origin(-ENOMEM);
	text = statement_canonical(body);
	if (!text)
		return fault_origin(-ENOMEM);
	/* Never make what statement_verify() would refuse. */
	if (strlen(text) > STATEMENT_MAX_BYTES)
		return ANSWER_INVALID_ARGUMENT;
	*ret_text = take(text);
	return 0;
}

static int statement_parse(const char *text, const char *type, json_t **ret_body, struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	json_error_t error;
	const char *found;

	if (strnlen(text, STATEMENT_MAX_BYTES + 1) > STATEMENT_MAX_BYTES)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "not a statement: longer than %d bytes", STATEMENT_MAX_BYTES);
	body = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	/* jansson's own words quote the text; the line is enough. */
	if (!body)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "not a statement: no proper JSON at line %d", error.line);
	if (!json_is_object(body) || !statement_plain(body))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "not a statement: "
				  "it must be a JSON object without null and without reals");
	found = json_string_value(json_object_get(body, "statement"));
	if (!found || strcmp(found, type) != 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "not a statement \"%s\"", type);
	*ret_body = take(body);
	return 0;
}

int statement_verify(const char *text, const char *type, const uint8_t *public,
		     uint8_t *ret_key, json_t **ret_body, struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	_cleanup_(statement_json_freep) json_t *bare = NULL;
	_cleanup_(cleanup_free) char *canonical = NULL;
	uint8_t key[SIGN_PUBLIC_BYTES], signature[SIGN_BYTES];
	int r;

	r = statement_parse(text, type, &body, why);
	if (r)
		return fault_trace(r);
	r = statement_get_bytes(body, "key", key, SIGN_PUBLIC_BYTES, why);
	if (r)
		return r;
	r = statement_get_bytes(body, "signature", signature, SIGN_BYTES, why);
	if (r)
		return r;
	if (public && !crypt_equal(public, key, SIGN_PUBLIC_BYTES))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the statement \"%s\" is signed with another key than the one "
				  "known",
				  type);
	bare = json_copy(body);
	/* jansson copies what it has memory for. */
	if (!bare || json_object_size(bare) != json_object_size(body) ||
	    json_object_del(bare, "signature") != 0)
		return fault_origin(-ENOMEM);
	canonical = statement_canonical(bare);
	if (!canonical)
		return fault_origin(-ENOMEM);
	if (!sign_holds(key, canonical, strlen(canonical), signature))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the signature of the statement \"%s\" does not hold: it was "
				  "changed",
				  type);
	if (ret_key)
		memcpy(ret_key, key, SIGN_PUBLIC_BYTES);
	if (ret_body)
		*ret_body = take(body);
	return 0;
}

int statement_get_string(const json_t *body, const char *member, const char **ret, struct why *why)
{
	const json_t *value = json_object_get(body, member);

	if (!json_is_string(value))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the statement has no text \"%s\"", member);
	*ret = json_string_value(value);
	return 0;
}

int statement_get_integer(const json_t *body, const char *member, int64_t min, int64_t max,
		      int64_t *ret, struct why *why)
{
	const json_t *value = json_object_get(body, member);

	if (!json_is_integer(value))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the statement has no whole number \"%s\"", member);
	if (json_integer_value(value) < min || json_integer_value(value) > max)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%s\" is %lld in the statement; %lld to %lld is allowed",
				  member, (long long)json_integer_value(value), (long long)min,
				  (long long)max);
	*ret = json_integer_value(value);
	return 0;
}

int statement_get_size(const json_t *body, size_t members, struct why *why)
{
	if (json_object_size(body) != members)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the statement has %zu members; "
				  "its type has %zu", json_object_size(body), members);
	return 0;
}

int statement_get_bytes(const json_t *body, const char *member, void *ret_bytes, unsigned n,
		    struct why *why)
{
	const char *text = json_string_value(json_object_get(body, member));

	if (!text || !hex_parse(text, ret_bytes, n))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the statement has no \"%s\" of %u lower-case hex digits", member,
				  2 * n);
	return 0;
}
