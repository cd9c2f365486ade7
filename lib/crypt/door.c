/* SPDX-License-Identifier: Apache-2.0 */
/* From what a parent knows to the two halves. All of it happens in the parent's client; a door
 * made weaker than the limits by whoever keeps it is not opened. */

#include "crypt/door.h"

#include <sodium.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "crypt/recovery.h"

#define HALVES_BYTES (2 * KEY_BYTES)
#define MIB (1ull << 20)

_Static_assert(DOOR_SALT_BYTES == crypto_pwhash_SALTBYTES, "documented in door.h");
_Static_assert(DOOR_SALT_BYTES >= crypto_generichash_KEYBYTES_MIN, "it keys a hash, too");

static const char *const door_kinds[] = {
	[DOOR_PASSPHRASE] = "passphrase",
	[DOOR_RECOVERY] = "recovery",
};

const char *door_kind_name(int kind)
{
	return kind == DOOR_PASSPHRASE || kind == DOOR_RECOVERY ? door_kinds[kind] : NULL;
}

int door_kind_from_name(const char *name)
{
	for (int kind = DOOR_PASSPHRASE; name && kind <= DOOR_RECOVERY; kind++)
		if (strcmp(door_kinds[kind], name) == 0)
			return kind;
	return 0;
}

/* A quarter of what the kernel thinks it can give without swapping. */
static uint64_t door_memory_bytes(void)
{
	_cleanup_(cleanup_free) char *text = NULL;
	unsigned long long available_kib = 0;
	const char *line;
	uint64_t bytes;

	if (file_read_path("/proc/meminfo", 65536, &text, NULL) == 0) {
		line = strstr(text, "MemAvailable:");
		if (!line || sscanf(line, "MemAvailable: %llu kB", &available_kib) != 1)
			available_kib = 0;
	}
	if (available_kib == 0)
		log_warning("cannot tell how much memory is free: the passphrase is stretched over "
			    "%llu MiB only", DOOR_MEMORY_MIN_BYTES / MIB);
	bytes = available_kib * 1024 / 4 / MIB * MIB;
	if (bytes < DOOR_MEMORY_MIN_BYTES)
		return DOOR_MEMORY_MIN_BYTES;
	return bytes > DOOR_MEMORY_MAX_BYTES ? DOOR_MEMORY_MAX_BYTES : bytes;
}

int door_new(enum door_kind kind, struct door *ret)
{
	struct door door = { .kind = kind };

	if (!door_kind_name((int)kind))
		return fault_origin(-EINVAL);
	crypt_random(door.salt, sizeof(door.salt));
	if (kind == DOOR_PASSPHRASE) {
		door.passes = DOOR_PASSES;
		door.memory_bytes = door_memory_bytes();
	}
	*ret = door;
	return 0;
}

/* A keeper that names a cheap door would get a proof it can guess the passphrase from. */
static int door_check(const struct door *door, struct why *why)
{
	if (door->kind == DOOR_RECOVERY && door->passes == 0 && door->memory_bytes == 0)
		return 0;
	if (door->kind == DOOR_PASSPHRASE && door->passes >= DOOR_PASSES &&
	    door->passes <= DOOR_PASSES_MAX && door->memory_bytes >= DOOR_MEMORY_MIN_BYTES &&
	    door->memory_bytes <= DOOR_MEMORY_MAX_BYTES)
		return 0;
	return answer_why(why, ANSWER_INVALID_ARGUMENT,
			  "the door's parameters (%u passes over %llu MiB) are not safe: %d to %d "
			  "passes over %llu to %llu MiB are accepted. Nothing was sent",
			  door->passes, (unsigned long long)(door->memory_bytes / MIB), DOOR_PASSES,
			  DOOR_PASSES_MAX, DOOR_MEMORY_MIN_BYTES / MIB,
			  DOOR_MEMORY_MAX_BYTES / MIB);
}

static int door_stretch(const struct door *door, const char *passphrase, uint8_t *halves,
			struct why *why)
{
	/* libsodium's Argon2id: version 1.3, one lane; it fails only for want of memory. */
	if (crypto_pwhash(halves, HALVES_BYTES, passphrase, strlen(passphrase), door->salt,
			  door->passes, (size_t)door->memory_bytes,
			  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return answer_why(why, ANSWER_FAILED, "not enough memory to check the passphrase: "
				  "%llu MiB must be free; close other programs and try again",
				  (unsigned long long)(door->memory_bytes / MIB));
	return 0;
}

static int door_derive(const struct door *door, const char *passphrase_or_code, uint8_t *halves,
		       struct why *why)
{
	uint8_t code[RECOVERY_BYTES];
	int r;

	if (door->kind == DOOR_PASSPHRASE)
		return door_stretch(door, passphrase_or_code, halves, why);
	r = recovery_parse(passphrase_or_code, code, why);
	if (r)
		return r;
	crypto_generichash(halves, HALVES_BYTES, code, sizeof(code), door->salt, DOOR_SALT_BYTES);
	secret_wipe(code, sizeof(code));
	return 0;
}

int door_open(const struct door *door, const char *passphrase_or_code, struct door_halves *ret,
	      struct why *why)
{
	_cleanup_(secret_freep) struct secret *halves = NULL, *proof = NULL, *wrap = NULL;
	int r;

	r = door_check(door, why);
	if (r)
		return r;
	r = secret_new(HALVES_BYTES, &halves);
	if (r)
		return fault_trace(r);
	r = door_derive(door, passphrase_or_code, halves->bytes, why);
	if (r)
		return r;
	r = secret_from(halves->bytes, KEY_BYTES, &proof);
	if (r)
		return fault_trace(r);
	r = secret_from(halves->bytes + KEY_BYTES, KEY_BYTES, &wrap);
	if (r)
		return fault_trace(r);
	ret->proof = take(proof);
	ret->wrap = take(wrap);
	return 0;
}

void door_halves_clear(struct door_halves *halves)
{
	halves->proof = secret_free(halves->proof);
	halves->wrap = secret_free(halves->wrap);
}

void door_proof_hash(const struct door *door, const struct secret *proof,
		     uint8_t ret_hash[static 32])
{
	crypt_hash_keyed(door->salt, DOOR_SALT_BYTES, proof->bytes, proof->n, ret_hash);
}
