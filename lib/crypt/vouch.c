/* SPDX-License-Identifier: Apache-2.0 */
/* Who is a parent. A key is one only by the founder's word or by the word of somebody who is. */

#include "crypt/vouch.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/id.h"

#define VOUCH_STATEMENT "cubby-parent-1"
#define VOUCH_MEMBERS 6
#define NAME_MAX_CHARACTERS 32
#define TIME_MAX_S 253402300799

static bool name_fits(const char *name)
{
	size_t n = 0;

	for (const char *at = name; *at; at++)
		n += ((unsigned char)*at & 0xc0) != 0x80;
	return n >= 1 && n <= NAME_MAX_CHARACTERS && strlen(name) < PARENT_NAME_TEXT;
}

int vouch_sign(const struct vouch *vouch, const struct sign_keypair *voucher, char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	char key[2 * SIGN_PUBLIC_BYTES + 1];

	if (!name_fits(vouch->name) || vouch->time_s < 1 || vouch->time_s > TIME_MAX_S ||
	    memcmp(vouch->parent, voucher->public, SIGN_PUBLIC_BYTES) == 0)
		return ANSWER_INVALID_ARGUMENT;
	hex_text(vouch->parent, SIGN_PUBLIC_BYTES, key);
	body = json_pack("{s:s, s:s, s:I}", "name", vouch->name, "parent", key, "time_s",
			 (json_int_t)vouch->time_s);
	/* jansson takes nothing that is not UTF-8. */
	if (!body)
		return ANSWER_INVALID_ARGUMENT;
	return fault_trace(statement_sign(body, VOUCH_STATEMENT, voucher, ret_text));
}

int vouch_verify(const char *text, struct vouch *ret, struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct vouch vouch = { .time_s = 0 };
	const char *name;
	int r;

	r = statement_verify(text, VOUCH_STATEMENT, NULL, vouch.voucher, &body, why);
	if (r == 0)
		r = statement_get_size(body, VOUCH_MEMBERS, why);
	if (r == 0)
		r = statement_get_string(body, "name", &name, why);
	if (r == 0)
		r = statement_get_bytes(body, "parent", vouch.parent, SIGN_PUBLIC_BYTES, why);
	if (r == 0)
		r = statement_get_integer(body, "time_s", 1, TIME_MAX_S, &vouch.time_s, why);
	if (r != 0)
		return fault_trace(r);
	if (!name_fits(name))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the parent's name has not 1 to %d characters",
				  NAME_MAX_CHARACTERS);
	if (memcmp(vouch.parent, vouch.voucher, SIGN_PUBLIC_BYTES) == 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "nobody vouches for themselves");
	strcpy(vouch.name, name);
	*ret = vouch;
	return 0;
}

bool parent_keys_have(const struct parent_keys *known, const uint8_t key[static SIGN_PUBLIC_BYTES])
{
	for (size_t i = 0; i < known->n; i++)
		if (memcmp(known->keys[i], key, SIGN_PUBLIC_BYTES) == 0)
			return true;
	return false;
}

static void key_add(struct parent_keys *known, const uint8_t key[static SIGN_PUBLIC_BYTES])
{
	if (known->n < PARENTS_MAX && !parent_keys_have(known, key))
		memcpy(known->keys[known->n++], key, SIGN_PUBLIC_BYTES);
}

void parent_keys_find(const uint8_t founder[static SIGN_PUBLIC_BYTES], const char *const *texts,
		      size_t n, const struct parent_keys *mute, struct parent_keys *ret)
{
	struct parent_keys known = { .n = 0 };
	struct vouch vouches[PARENTS_MAX];
	size_t n_vouches = 0, before = 0;

	for (size_t i = 0; i < n && n_vouches < PARENTS_MAX; i++)
		n_vouches += vouch_verify(texts[i], &vouches[n_vouches], NULL) == 0;
	key_add(&known, founder);
	/* Whatever their order: until nobody is added any more. */
	while (known.n > before) {
		before = known.n;
		for (size_t i = 0; i < n_vouches; i++)
			if (parent_keys_have(&known, vouches[i].voucher) &&
			    !(mute && parent_keys_have(mute, vouches[i].parent)))
				key_add(&known, vouches[i].parent);
	}
	*ret = known;
}
