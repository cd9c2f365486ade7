/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the household's keys from statement to statement. What ears and clients seal to is
 * decided here: a link that does not hold must end in no key, never in an older one. */

#include "crypt/rekey.h"

#include <stdlib.h>
#include <string.h>

#define REKEY_MEMBERS 10
#define TIME_MAX_S 253402300799

static json_t *keys_json(const struct parent_keys *keys)
{
	json_t *array = json_array();
	char text[2 * SIGN_PUBLIC_BYTES + 1];

	for (size_t i = 0; i < keys->n; i++)
		json_array_append_new(array, json_string(hex_text(keys->keys[i],
								  SIGN_PUBLIC_BYTES, text)));
	return array;
}

int rekey_sign(const struct rekey *rekey, const struct sign_keypair *parent, char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	char before[65], home[65], release[65], removed[65];

	if (rekey->number < 1 || rekey->number > REKEYS_MAX || rekey->parents.n == 0 ||
	    rekey->time_s < 1 || rekey->time_s > TIME_MAX_S ||
	    memcmp(rekey->home, rekey->release, BOX_PUBLIC_BYTES) == 0)
		return ANSWER_INVALID_ARGUMENT;
	body = json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:I}", "number", (int)rekey->number,
			 "before", hex_text(rekey->before, HASH_BYTES, before),
			 "home", hex_text(rekey->home, BOX_PUBLIC_BYTES, home),
			 "release", hex_text(rekey->release, BOX_PUBLIC_BYTES, release),
			 "removed", hex_text(rekey->removed, SIGN_PUBLIC_BYTES, removed),
			 "parents", keys_json(&rekey->parents),
			 "time_s", (json_int_t)rekey->time_s);
	/* No parent is left out for want of memory. */
	if (!body || json_array_size(json_object_get(body, "parents")) != rekey->parents.n)
		return fault_origin(-ENOMEM);
	return fault_trace(statement_sign(body, REKEY_STATEMENT, parent, ret_text));
}

static int parents_read(const json_t *body, struct parent_keys *ret, struct why *why)
{
	const json_t *array = json_object_get(body, "parents");
	struct parent_keys keys = { .n = 0 };

	for (size_t i = 0; i < json_array_size(array) && i < PARENTS_MAX; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		keys.n += text && strlen(text) == 2 * SIGN_PUBLIC_BYTES &&
			  hex_parse(text, keys.keys[keys.n], SIGN_PUBLIC_BYTES);
	}
	if (keys.n == 0 || keys.n != json_array_size(array))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the change of keys does not name 1 to %d parents", PARENTS_MAX);
	*ret = keys;
	return 0;
}

int rekey_verify(const char *text, struct rekey *ret, struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct rekey rekey = { .number = 0 };
	int64_t number;
	int r;

	r = statement_verify(text, REKEY_STATEMENT, NULL, rekey.signer, &body, why);
	if (r == 0)
		r = statement_get_size(body, REKEY_MEMBERS, why);
	if (r == 0)
		r = statement_get_integer(body, "number", 1, REKEYS_MAX, &number, why);
	if (r == 0)
		r = statement_get_bytes(body, "before", rekey.before, HASH_BYTES, why);
	if (r == 0)
		r = statement_get_bytes(body, "home", rekey.home, BOX_PUBLIC_BYTES, why);
	if (r == 0)
		r = statement_get_bytes(body, "release", rekey.release, BOX_PUBLIC_BYTES, why);
	if (r == 0)
		r = statement_get_bytes(body, "removed", rekey.removed, SIGN_PUBLIC_BYTES, why);
	if (r == 0)
		r = statement_get_integer(body, "time_s", 1, TIME_MAX_S, &rekey.time_s, why);
	if (r == 0)
		r = parents_read(body, &rekey.parents, why);
	if (r != 0)
		return fault_trace(r);
	/* One key for both would open everything to the exporter (R17). */
	if (memcmp(rekey.home, rekey.release, BOX_PUBLIC_BYTES) == 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the household's home and release keys are the same");
	rekey.number = (uint32_t)number;
	*ret = rekey;
	return 0;
}

/* ---- The chain ---- */

/* Who is a parent once `from` are, and whoever those vouch for; nobody who is in `removed`. */
static void parents_close(const struct parent_keys *from, const struct parent_keys *removed,
			  const char *const *texts, size_t n, struct parent_keys *ret)
{
	struct parent_keys known = { .n = 0 }, more;

	for (size_t i = 0; i < from->n; i++) {
		parent_keys_find(from->keys[i], texts, n, removed, &more);
		for (size_t k = 0; k < more.n && known.n < PARENTS_MAX; k++)
			if (!parent_keys_have(&known, more.keys[k]))
				memcpy(known.keys[known.n++], more.keys[k], SIGN_PUBLIC_BYTES);
	}
	*ret = known;
}

static int refuse(struct why *why)
{
	return answer_why(why, ANSWER_INVALID_ARGUMENT,
			  "the household's keys changed and no parent signed the change: nothing "
			  "is sealed to them. If nobody knows why, somebody may have put another "
			  "keeper in its place");
}

/* What the chain is at while it is followed. */
struct walk {
	struct rekeyed at;
	struct parent_keys removed;
	bool seen;
};

static int walk_step(struct walk *walk, const struct rekey *rekey, const char *text,
		     const char *const *texts, size_t n, struct why *why)
{
	if (memcmp(rekey->before, walk->at.mark.hash, HASH_BYTES) != 0 ||
	    memcmp(rekey->signer, rekey->removed, SIGN_PUBLIC_BYTES) == 0 ||
	    !parent_keys_have(&walk->at.parents, rekey->signer) ||
	    parent_keys_have(&rekey->parents, rekey->removed) ||
	    walk->removed.n == PARENTS_MAX)
		return refuse(why);
	for (size_t i = 0; i < rekey->parents.n; i++)
		if (!parent_keys_have(&walk->at.parents, rekey->parents.keys[i]))
			return refuse(why);
	memcpy(walk->removed.keys[walk->removed.n++], rekey->removed, SIGN_PUBLIC_BYTES);
	memcpy(walk->at.household.home, rekey->home, BOX_PUBLIC_BYTES);
	memcpy(walk->at.household.release, rekey->release, BOX_PUBLIC_BYTES);
	walk->at.mark.number = rekey->number;
	crypt_hash(text, strlen(text), walk->at.mark.hash);
	parents_close(&rekey->parents, &walk->removed, texts, n, &walk->at.parents);
	return 0;
}

/* The one statement of this number. ANSWER_NOT_FOUND. */
static int rekey_find(uint32_t number, const char *const *texts, size_t n, struct rekey *ret,
		      const char **ret_text, struct why *why)
{
	struct rekey rekey;

	*ret_text = NULL;
	for (size_t i = 0; i < n; i++) {
		if (rekey_verify(texts[i], &rekey, NULL) != 0 || rekey.number != number)
			continue;
		if (*ret_text)
			return refuse(why);
		*ret = rekey;
		*ret_text = texts[i];
	}
	return *ret_text ? 0 : ANSWER_NOT_FOUND;
}

int rekeys_follow(const char *household, const char *const *texts, size_t n,
		  const struct rekey_mark *seen, struct rekeyed *ret, struct why *why)
{
	struct walk walk = { .seen = !seen };
	const char *text = household;
	struct rekey rekey;
	int r = household_verify(household, NULL, &walk.at.household, why);

	if (r != 0)
		return fault_trace(r);
	crypt_hash(text, strlen(text), walk.at.mark.hash);
	parent_keys_find(walk.at.household.founder, texts, n, NULL, &walk.at.parents);
	for (;;) {
		if (seen && seen->number == walk.at.mark.number)
			walk.seen = memcmp(seen->hash, walk.at.mark.hash, HASH_BYTES) == 0;
		r = rekey_find(walk.at.mark.number + 1, texts, n, &rekey, &text, why);
		if (r == 0)
			r = walk_step(&walk, &rekey, text, texts, n, why);
		if (r != 0)
			break;
	}
	if (r != ANSWER_NOT_FOUND)
		return fault_trace(r);
	if (!walk.seen)
		return refuse(why);
	*ret = walk.at;
	return 0;
}
