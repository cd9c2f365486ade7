/* SPDX-License-Identifier: Apache-2.0 */
/* Proves to the keeper who is there and fetches secrets. The passphrase must not leave this
 * process: what is sent is a proof, sealed to the pinned keeper, and no secret is fetched that was
 * not asked for. */

#include <jansson.h>
#include <string.h>

#include "base/id.h"
#include "client/doors.h"
#include "client/reply.h"
#include "client/writer.h"
#include "crypt/door.h"
#include "crypt/statement.h"

#define CUBBY_SECRETS (CUBBY_SECRET_HOME | CUBBY_SECRET_RELEASE | CUBBY_SECRET_SIGN)

/* The name of the only parent; the caller frees it. */
static int parent_only(struct cubby *cubby, char **ret_name)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cleanup_free) char *only = NULL;
	const char *name;
	uint64_t created_s;
	bool founding;
	int r;

	r = reply_get(cubby, "Parents", "List", &reply, "");
	if (r != 0)
		return fault_trace(r);
	r = message_enter(reply, 'a', "(stb)");
	while (r == 0 && message_more(reply)) {
		r = message_enter(reply, 'r', "stb");
		if (r == 0)
			r = message_read(reply, "stb", &name, &created_s, &founding);
		if (r == 0)
			r = message_leave(reply);
		if (r == 0 && only)
			return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
					  "this household has several parents; say which one you "
					  "are "
					  "with --parent NAME");
		if (r == 0) {
			only = strdup(name);
			if (!only)
				r = fault_origin(-ENOMEM);
		}
	}
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Parents.List"));
	if (!only)
		return answer_why(&cubby->why, ANSWER_NOT_FOUND,
				  "there is no household yet; run 'cubby setup --parent NAME' "
				  "first");
	*ret_name = take(only);
	return 0;
}

static int challenge_get(struct cubby *cubby, const char *parent, enum door_kind kind,
			 struct door *ret)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	struct door door = { .kind = kind };
	const void *salt;
	size_t n;
	uint32_t wait_s;
	int r;

	r = reply_get(cubby, "Parents", "Challenge", &reply, "ss", parent, door_kind_name(kind));
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "ayutu", &salt, &n, &door.passes, &door.memory_bytes, &wait_s);
	if (r == 0 && n != sizeof(door.salt))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Parents.Challenge"));
	if (wait_s > 0)
		return answer_why(&cubby->why, ANSWER_LOCKED,
				  "too many wrong passphrases; try again in %u s, or use the "
				  "recovery "
				  "code now (--recovery-file F)", wait_s);
	memcpy(door.salt, salt, n);
	*ret = door;
	return 0;
}

static int proof_seal(struct cubby *cubby, const struct secret *proof,
		      const struct box_keypair *reply, uint8_t **ret_box, size_t *ret_n)
{
	_cleanup_(secret_freep) struct secret *buffer = NULL;
	struct writer writer = { 0 };
	uint8_t nonce[NONCE_BYTES];
	int r;

	r = session_nonce(cubby, nonce);
	if (r == 0)
		r = secret_new(1024, &buffer);
	if (r != 0)
		return fault_trace(r);
	writer.buffer = buffer;
	writer_add(&writer, "{\"caller\":\"%s\",\"nonce\":\"", bus_client_name(cubby->bus));
	writer_add_hex(&writer, nonce, sizeof(nonce));
	writer_add(&writer, "\",\"reply_key\":\"");
	writer_add_hex(&writer, reply->public, sizeof(reply->public));
	writer_add(&writer, "\",\"proof\":\"");
	writer_add_hex(&writer, proof->bytes, proof->n);
	writer_add(&writer, "\"}");
	if (writer.overflow)
		return fault_origin(-EOVERFLOW);
	return fault_trace(box_seal(cubby->pins.device_box, buffer->bytes, writer.n, ret_box,
				    ret_n));
}

/* What Prove returned. */
struct proved {
	json_t *wraps;
	const struct secret *half;
	struct box_keypair *mine;	/* of the key this parent signs with; NULL: not asked for */
	bool boxed;			/* some are boxes to it, from a change of keys */
};

static void proved_clear(struct proved *proved)
{
	json_decref(proved->wraps);
	proved->mine = box_keypair_free(proved->mine);
}

static int wrap_take(struct cubby *cubby, struct proved *proved, const char *name,
		     struct secret **ret)
{
	const char *hex = json_string_value(json_object_get(proved->wraps, name));
	_cleanup_(cleanup_free) uint8_t *wrapped = NULL;
	size_t n = hex ? strlen(hex) / 2 : 0;
	int r;

	if (n == 0 || n > 1024)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the keeper did not hand out the key '%s'", name);
	wrapped = malloc(n);
	if (!wrapped)
		return fault_origin(-ENOMEM);
	if (!hex_parse(hex, wrapped, (unsigned)n))
		return session_malformed(cubby, ANSWER_FAILED, "Parents.Prove");
	if (n == KEY_BYTES + BOX_OVERHEAD_BYTES) {
		proved->boxed = true;
		if (!proved->mine)
			return 0;
		r = box_open(proved->mine, wrapped, n, ret);
	} else {
		r = wrap_open(proved->half, name, wrapped, n, ret);
	}
	if (r > 0)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the key '%s' does not open; the keeper's database was damaged "
				  "or "
				  "changed", name);
	return fault_trace(r);
}

static int sign_take(struct cubby *cubby, struct proved *proved, struct sign_keypair **ret)
{
	_cleanup_(secret_freep) struct secret *seed = NULL;
	int r = wrap_take(cubby, proved, DOOR_SECRET_SIGN, &seed);

	if (r == 0)
		r = sign_keypair_from(take(seed), ret);
	if (r == 0)
		r = sign_box_keypair(*ret, &proved->mine);
	return fault_trace(r);
}

static int pair_take(struct cubby *cubby, struct proved *proved, const char *name,
		     const uint8_t public[static BOX_PUBLIC_BYTES], struct box_keypair **ret)
{
	_cleanup_(secret_freep) struct secret *private = NULL;
	int r = wrap_take(cubby, proved, name, &private);

	if (r == 0 && private)
		r = box_keypair_from(take(private), ret);
	if (r == 0 && *ret && memcmp((*ret)->public, public, BOX_PUBLIC_BYTES) != 0)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the keys behind this passphrase are not those of the "
				  "household; the keeper's database was damaged or changed");
	return fault_trace(r);
}

/* Opens what Prove returned, checks that it belongs to the pinned household, and keeps it. Where a
 * box came and "sign" was not asked for, it stays shut, and *ret_boxed says so. */
static int wraps_take(struct cubby *cubby, const struct secret *json, const struct secret *half,
		      unsigned secrets, bool *ret_boxed)
{
	_cleanup_(proved_clear) struct proved proved = {
		.wraps = json_loadb((const char *)json->bytes, json->n, JSON_REJECT_DUPLICATES,
				    NULL),
		.half = half,
	};
	int r = 0;

	if (!json_is_object(proved.wraps))
		return session_malformed(cubby, ANSWER_FAILED, "Parents.Prove");
	session_forget_secrets(cubby);
	if (secrets & CUBBY_SECRET_SIGN)
		r = sign_take(cubby, &proved, &cubby->sign);
	if (r == 0 && (secrets & CUBBY_SECRET_HOME))
		r = pair_take(cubby, &proved, DOOR_SECRET_HOME, cubby->household.home,
			      &cubby->home);
	if (r == 0 && (secrets & CUBBY_SECRET_RELEASE))
		r = pair_take(cubby, &proved, DOOR_SECRET_RELEASE, cubby->household.release,
			      &cubby->release);
	if (r != 0)
		session_forget_secrets(cubby);
	*ret_boxed = proved.boxed;
	return fault_trace(r);
}

static int secrets_append(struct message *request, unsigned secrets)
{
	int r = message_open(request, 'a', "s");

	if (r == 0 && (secrets & CUBBY_SECRET_HOME))
		r = message_append(request, "s", DOOR_SECRET_HOME);
	if (r == 0 && (secrets & CUBBY_SECRET_RELEASE))
		r = message_append(request, "s", DOOR_SECRET_RELEASE);
	if (r == 0 && (secrets & CUBBY_SECRET_SIGN))
		r = message_append(request, "s", DOOR_SECRET_SIGN);
	return r == 0 ? message_close(request) : r;
}

static int proof_send(struct cubby *cubby, const char *parent, enum door_kind kind,
		      const struct door_halves *halves, unsigned secrets, bool *ret_boxed)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	_cleanup_(secret_freep) struct secret *json = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	const void *sealed;
	size_t n, n_sealed;
	uint32_t lasts_s;
	int r;

	r = box_keypair_new(&pair);
	if (r == 0)
		r = proof_seal(cubby, halves->proof, pair, &box, &n);
	if (r == 0)
		r = session_request(cubby, NULL, "Parents", "Prove", &request);
	if (r == 0)
		r = message_append(request, "ssay", parent, door_kind_name(kind),
				   (const void *)box, n);
	if (r == 0)
		r = secrets_append(request, secrets);
	if (r == 0)
		r = message_append(request, "ay", (const void *)pair->public, sizeof(pair->public));
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "ayu", &sealed, &n_sealed, &lasts_s);
	if (r == 0)
		r = box_open(pair, sealed, n_sealed, &json);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Parents.Prove"));
	return fault_trace(wraps_take(cubby, json, halves->wrap, secrets,
				      ret_boxed));
}

/* The new keys came in boxes to the key this parent signs with: they go behind the same door in its
 * own wraps, so that who asks for one of them needs no other. Not having managed to is no harm. */
static void door_renew(struct cubby *cubby, const struct cubby_proof *proof)
{
	const struct doors_secrets secrets = { cubby->home, cubby->release, cubby->sign };
	const char *passphrase = proof->recovery_code ? NULL : proof->passphrase;
	_cleanup_(message_freep) struct message *request = NULL, *reply = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	size_t n;
	int r = doors_seal(cubby, &secrets, passphrase, proof->recovery_code, &box, &n);

	if (r == 0)
		r = session_request(cubby, NULL, "Parents", "ChangeDoor", &request);
	if (r == 0)
		r = message_append(request, "say",
				   door_kind_name(passphrase ? DOOR_PASSPHRASE : DOOR_RECOVERY),
				   (const void *)box, n);
	if (r == 0)
		r = message_open(request, 'a', "{sv}");
	if (r == 0)
		r = message_append_entry(request, "same", "b", true);
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, &reply);
	if (r != 0)
		session_begin(cubby);
}

/* Drops what was not asked for. */
static void secrets_keep(struct cubby *cubby, unsigned secrets)
{
	if (!(secrets & CUBBY_SECRET_HOME))
		cubby->home = box_keypair_free(cubby->home);
	if (!(secrets & CUBBY_SECRET_RELEASE))
		cubby->release = box_keypair_free(cubby->release);
	if (!(secrets & CUBBY_SECRET_SIGN))
		cubby->sign = sign_keypair_free(cubby->sign);
}

static int prove_run(struct cubby *cubby, const struct cubby_proof *proof, unsigned secrets)
{
	_cleanup_(door_halves_clear) struct door_halves halves = { 0 };
	_cleanup_(cleanup_free) char *only = NULL;
	enum door_kind kind = proof->recovery_code ? DOOR_RECOVERY : DOOR_PASSPHRASE;
	const char *parent = proof->parent;
	const char *opener = proof->recovery_code ? proof->recovery_code : proof->passphrase;
	bool boxed = false;
	struct door door;
	int r = session_size(cubby, proof->size, sizeof(*proof), "CUBBY_PROOF_INIT");

	if (r != 0)
		return r;
	if (!opener)
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "a proof needs a passphrase or a recovery code");
	if (!parent) {
		r = parent_only(cubby, &only);
		parent = only;
	}
	if (r == 0)
		r = session_device(cubby);
	/* The keys may have changed since this connection asked. */
	cubby->household_known = false;
	if (r == 0)
		r = session_household(cubby);
	if (r == 0)
		r = challenge_get(cubby, parent, kind, &door);
	if (r == 0)
		r = door_open(&door, opener, &halves, &cubby->why);
	if (r == 0)
		r = proof_send(cubby, parent, kind, &halves, secrets, &boxed);
	if (r == 0 && boxed && secrets != CUBBY_SECRETS)
		r = proof_send(cubby, parent, kind, &halves, CUBBY_SECRETS, &boxed);
	if (r == 0 && boxed) {
		door_renew(cubby, proof);
		secrets_keep(cubby, secrets);
	}
	return fault_trace(r);
}

int cubby_prove(struct cubby *cubby, const struct cubby_proof *proof, unsigned secrets)
{
	session_begin(cubby);
	return session_end(cubby, prove_run(cubby, proof, secrets));
}

int cubby_lock(struct cubby *cubby)
{
	_cleanup_(message_freep) struct message *reply = NULL;

	session_begin(cubby);
	session_forget_secrets(cubby);
	return session_end(cubby, reply_get(cubby, "Parents", "Lock", &reply, ""));
}
