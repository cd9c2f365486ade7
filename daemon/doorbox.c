/* SPDX-License-Identifier: Apache-2.0 */

/* Opens and fills the boxes of the interface Parents. A proof read here must end in a struct secret
 * and nowhere else: the JSON library's memory is wiped as it is freed (keeper.c). */

#include <string.h>
#include "base/id.h"
#include "doorbox.h"
#include "sealed.h"

#define BOX_MAX_BYTES 16384

const char *const doorbox_secret_names[DOORBOX_SECRETS] = {
	DOOR_SECRET_HOME, DOOR_SECRET_RELEASE, DOOR_SECRET_SIGN,
};

static void json_freep(json_t **json)
{
	json_decref(*json);
}

/* Hex of at most `max` bytes; 0 when it is not. */
static size_t member_hex(const json_t *object, const char *member, uint8_t *bytes, size_t max)
{
	const json_t *value = json_object_get(object, member);
	size_t n = json_string_length(value);

	if (!n || n % 2 || n / 2 > max || !hex_parse(json_string_value(value), bytes, n / 2))
		return 0;
	return n / 2;
}

static int box_json(const struct box_keypair *box, const char *caller, struct nonce *nonce,
		    const void *sealed, size_t n_sealed, json_t **ret, struct why *why)
{
	uint8_t claimed[NONCE_BYTES] = {0};
	_cleanup_(secret_freep) struct secret *plain = NULL;
	_cleanup_(json_freep) json_t *json = NULL;
	const char *bound;
	int r;

	r = sealed_open(box, sealed, n_sealed, BOX_MAX_BYTES, &plain, why);
	if (r)
		return fault_trace(r);
	json = json_loadb((const char *)plain->bytes, plain->n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(json))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the box does not hold a JSON object; see docs/FORMATS.md");
	bound = json_string_value(json_object_get(json, "caller"));
	if (!bound || strcmp(bound, caller))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the box was made for another "
				  "connection; make a new one on this one");
	if (member_hex(json, "nonce", claimed, sizeof(claimed)) != sizeof(claimed) ||
	    !nonce_spend(nonce, claimed))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the box does not repeat what "
				  "Parents.Nonce gave this connection last, or was used before; "
				  "ask for a new one");
	*ret = take(json);
	return 0;
}

static int door_bad(struct why *why, const char *what)
{
	return answer_why(why, ANSWER_INVALID_ARGUMENT,
			  "a door has no proper %s; see docs/FORMATS.md", what);
}

static int door_numbers(const json_t *json, struct door *door, struct why *why)
{
	const json_t *passes = json_object_get(json, "passes");
	const json_t *memory = json_object_get(json, "memory_bytes");
	json_int_t n_passes = json_integer_value(passes);
	json_int_t n_memory = json_integer_value(memory);

	if (!json_is_integer(passes) || !json_is_integer(memory))
		return door_bad(why, "passes and memory_bytes");
	/* A door that is cheap to guess at is refused, whoever asks for it (R24). */
	if (door->kind == DOOR_RECOVERY ? n_passes || n_memory :
	    n_passes < DOOR_PASSES || n_passes > DOOR_PASSES_MAX ||
	    n_memory < (json_int_t)DOOR_MEMORY_MIN_BYTES ||
	    n_memory > (json_int_t)DOOR_MEMORY_MAX_BYTES)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "a passphrase door takes %d to %d passes over 64 to 256 MiB, a "
				  "recovery door none",
				  DOOR_PASSES, DOOR_PASSES_MAX);
	door->passes = n_passes;
	door->memory_bytes = n_memory;
	return 0;
}

static int door_read(const json_t *json, enum door_kind kind, struct doorbox_door *ret,
		     struct why *why)
{
	_cleanup_(secret_freep) struct secret *proof = NULL;
	const json_t *wraps = json_object_get(json, "wraps");
	struct doorbox_door *door = ret;
	int r;

	door->door.kind = kind;
	r = door_numbers(json, &door->door, why);
	if (r)
		return r;
	if (member_hex(json, "salt", door->door.salt, DOOR_SALT_BYTES) != DOOR_SALT_BYTES)
		return door_bad(why, "salt");
	r = secret_new(KEY_BYTES, &proof);
	if (r)
		return fault_trace(r);
	if (member_hex(json, "proof", proof->bytes, KEY_BYTES) != KEY_BYTES)
		return door_bad(why, "proof");
	door_proof_hash(&door->door, proof, door->proof_hash);
	for (int i = 0; i < DOORBOX_SECRETS; i++) {
		door->wraps[i].n = member_hex(wraps, doorbox_secret_names[i], door->wraps[i].bytes,
					      DOORBOX_WRAP_MAX_BYTES);
		if (!door->wraps[i].n)
			return door_bad(why, "wraps (home, release and sign)");
	}
	return 0;
}

int doorbox_open_doors(const struct box_keypair *box, const char *caller, struct nonce *nonce,
		       const void *sealed, size_t n_sealed, unsigned wanted,
		       struct doorbox_door ret[static 2], struct why *why)
{
	_cleanup_(json_freep) json_t *json = NULL;
	const json_t *doors;
	unsigned seen = 0;
	int r;

	r = box_json(box, caller, nonce, sealed, n_sealed, &json, why);
	if (r)
		return r;
	doors = json_object_get(json, "doors");
	for (size_t i = 0; i < json_array_size(doors); i++) {
		const json_t *door = json_array_get(doors, i);
		const char *name = json_string_value(json_object_get(door, "kind"));
		int kind = name ? door_kind_from_name(name) : 0;

		if (!kind)
			return door_bad(why, "kind (passphrase or recovery)");
		if (seen & DOORBOX_ONE(kind))
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "there are two %s doors; give one of each kind",
					  name);
		seen |= DOORBOX_ONE(kind);
		r = door_read(door, kind, &ret[kind - 1], why);
		if (r)
			return r;
	}
	if (seen != wanted)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, wanted == DOORBOX_BOTH
				  ? "give one passphrase door and one recovery door"
				  : "give one door, of the kind that is to be replaced");
	return 0;
}

int doorbox_open_proof(const struct box_keypair *box, const char *caller, struct nonce *nonce,
		       const uint8_t reply_key[static BOX_PUBLIC_BYTES], const void *sealed,
		       size_t n_sealed, struct secret **ret_proof, struct why *why)
{
	_cleanup_(secret_freep) struct secret *proof = NULL;
	_cleanup_(json_freep) json_t *json = NULL;
	uint8_t bound[BOX_PUBLIC_BYTES];
	int r;

	r = box_json(box, caller, nonce, sealed, n_sealed, &json, why);
	if (r)
		return r;
	if (member_hex(json, "reply_key", bound, sizeof(bound)) != sizeof(bound) ||
	    !crypt_equal(bound, reply_key, sizeof(bound)))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the box names another reply_key than the call");
	r = secret_new(KEY_BYTES, &proof);
	if (r)
		return fault_trace(r);
	if (member_hex(json, "proof", proof->bytes, KEY_BYTES) != KEY_BYTES)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the box holds no proof of 32 bytes");
	*ret_proof = take(proof);
	return 0;
}

int doorbox_seal_wraps(const uint8_t reply_key[static BOX_PUBLIC_BYTES],
		       uint8_t *const wraps[static DOORBOX_SECRETS],
		       const size_t n_wraps[static DOORBOX_SECRETS], uint8_t **ret_sealed,
		       size_t *ret_n_sealed, struct why *why)
{
	_cleanup_(json_freep) json_t *json = json_object();
	_cleanup_(cleanup_free) char *text = NULL;
	char hex[2 * DOORBOX_WRAP_MAX_BYTES + 1];
	int r;

	for (int i = 0; i < DOORBOX_SECRETS; i++) {
		if (!wraps[i])
			continue;
		if (n_wraps[i] > DOORBOX_WRAP_MAX_BYTES)
			return fault_origin(-EBADMSG);
		hex_text(wraps[i], n_wraps[i], hex);
		if (json_object_set_new(json, doorbox_secret_names[i], json_string(hex)))
			return fault_origin(-ENOMEM);
	}
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text)
		return fault_origin(-ENOMEM);
	r = box_seal(reply_key, text, strlen(text), ret_sealed, ret_n_sealed);
	if (r > 0)
		return answer_why(why, r, "reply_key is not a key that anything can be sealed to");
	return fault_trace(r);
}
