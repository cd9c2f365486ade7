/* SPDX-License-Identifier: Apache-2.0 */

/* Checks who is there. A guess is counted on the disk before it is
 * looked at; a wait is counted only by this keeper's own running (R24). */

#include <string.h>
#include "backoff.h"
#include "doorbox.h"
#include "parent.h"

/* When the present wait of a door began. Doors not in here wait since the keeper started. */
struct wait {
	int64_t parent;
	int64_t since_boot_ms;
};

struct parents {
	struct ground ground;
	const struct box_keypair *box;
	int64_t started_boot_ms;
	struct wait *waits;
	size_t n_waits;
};

bool proof_holds(const struct proof *proof, const struct clock *clock)
{
	return proof && proof->parent && clock_boot_ms(clock) < proof->until_boot_ms;
}

int parents_new(const struct ground *ground, const struct box_keypair *box, struct parents **ret)
{
	struct parents *parents = calloc(1, sizeof(*parents));

	if (!parents)
		return fault_origin(-ENOMEM);
	parents->ground = *ground;
	parents->box = box;
	parents->started_boot_ms = clock_boot_ms(ground->clock);
	*ret = parents;
	return 0;
}

struct parents *parents_free(struct parents *parents)
{
	if (!parents)
		return NULL;
	free(parents->waits);
	free(parents);
	return NULL;
}

static struct proof proof_made(const struct parents *parents, const struct parent_row *row)
{
	struct proof proof = {
		.parent = row->parent,
		.until_boot_ms = clock_boot_ms(parents->ground.clock) + 1000ll * PROOF_LASTS_S,
	};

	memcpy(proof.sign_key, row->sign_key, sizeof(proof.sign_key));
	return proof;
}

int parent_setup(struct parents *parents, const struct asker *asker, const char *name,
		 const char *household, const void *sealed_doors, size_t n_sealed,
		 struct proof *ret_proof, struct why *why)
{
	struct parent_row parent;
	int r;

	r = household_setup(&parents->ground, parents->box, asker, name, household, sealed_doors,
			    n_sealed, &parent, why);
	if (r)
		return fault_trace(r);
	*ret_proof = proof_made(parents, &parent);
	return 0;
}

static uint32_t door_left_s(const struct parents *parents, const struct door_row *row)
{
	int64_t since_boot_ms = parents->started_boot_ms;

	if (row->door.kind == DOOR_RECOVERY)
		return 0;
	for (size_t i = 0; i < parents->n_waits; i++)
		if (parents->waits[i].parent == row->parent)
			since_boot_ms = parents->waits[i].since_boot_ms;
	return backoff_left_s(row->failures, since_boot_ms, clock_boot_ms(parents->ground.clock));
}

static int door_wait_begins(struct parents *parents, int64_t parent)
{
	int64_t now_boot_ms = clock_boot_ms(parents->ground.clock);
	struct wait *more;

	for (size_t i = 0; i < parents->n_waits; i++)
		if (parents->waits[i].parent == parent) {
			parents->waits[i].since_boot_ms = now_boot_ms;
			return 0;
		}
	more = reallocarray(parents->waits, parents->n_waits + 1, sizeof(*more));
	if (!more)
		return fault_origin(-ENOMEM);
	parents->waits = more;
	more[parents->n_waits++] = (struct wait){parent, now_boot_ms};
	return 0;
}

static int door_find(struct parents *parents, const char *name, const char *door,
		     struct parent_row *ret_parent, struct door_row *ret_row, struct why *why)
{
	int kind = door_kind_from_name(door);
	int r;

	if (!kind)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "there is no door \"%.20s\"; say "
				  "\"passphrase\" or \"recovery\"", door);
	r = store_parent_find(parents->ground.store, name, ret_parent);
	if (!r)
		r = store_door_find(parents->ground.store, ret_parent->parent, kind, ret_row);
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r,
				  "there is no parent \"%.40s\" here; \"cubby status\" names those "
				  "there are, \"cubby setup\" makes the first",
				  name);
	return fault_trace(r);
}

int parent_challenge(struct parents *parents, const char *name, const char *door,
		     struct door *ret_door, uint32_t *ret_wait_s, struct why *why)
{
	struct parent_row parent;
	struct door_row row;
	int r;

	r = door_find(parents, name, door, &parent, &row, why);
	if (r)
		return fault_trace(r);
	*ret_door = row.door;
	*ret_wait_s = door_left_s(parents, &row);
	return 0;
}

/* Bit i: doorbox_secret_names[i] is asked for. */
static int secrets_asked(const struct parent_guess *guess, unsigned *ret, struct why *why)
{
	unsigned asked = 0;

	for (size_t i = 0; i < guess->n_secrets; i++) {
		unsigned bit = 0;

		for (int k = 0; k < DOORBOX_SECRETS; k++)
			if (!strcmp(guess->secrets[i], doorbox_secret_names[k]))
				bit = 1u << k;
		if (!bit)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "there is no secret \"%.20s\"; ask for \"home\", "
					  "\"release\" or \"sign\"",
					  guess->secrets[i]);
		asked |= bit;
	}
	*ret = asked;
	return 0;
}

/* Takes the keeper's layer off the wraps asked for and seals them to the caller. */
static int wraps_hand_out(struct parents *parents, const struct door_row *row, unsigned asked,
			  const uint8_t *reply_key, uint8_t **ret_sealed, size_t *ret_n,
			  struct why *why)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	uint8_t *wraps[DOORBOX_SECRETS] = {NULL};
	size_t n_wraps[DOORBOX_SECRETS] = {0};
	int r;

	r = vault_get(parents->ground.vault, &row->slot, &row->slot_id, VAULT_KIND_DOOR, &key);
	if (r > 0)
		return answer_why(why, ANSWER_NOT_FOUND,
				  "the key of this door was erased; use another door");
	for (int i = 0; !r && i < DOORBOX_SECRETS; i++) {
		_cleanup_(cleanup_free) uint8_t *layered = NULL;
		size_t n = 0;

		if (!(asked & 1u << i))
			continue;
		r = store_wrap_find(parents->ground.store, row->parent, row->door.kind,
				    doorbox_secret_names[i], &layered, &n);
		if (!r)
			r = layer_open(key, doorbox_secret_names[i], layered, n, &wraps[i],
				       &n_wraps[i]);
		/* Both are ours; a wrap that is missing or changed is damage, not an answer. */
		if (r > 0)
			r = fault_origin(-EBADMSG);
	}
	if (!r)
		r = doorbox_seal_wraps(reply_key, wraps, n_wraps, ret_sealed, ret_n, why);
	for (int i = 0; i < DOORBOX_SECRETS; i++)
		free(wraps[i]);
	return fault_trace(r);
}

/* In a transaction of its own, so that it is on the disk before the guess is looked at. */
static int guess_charge(struct parents *parents, const struct door_row *row, struct why *why)
{
	int r;

	if (row->door.kind == DOOR_RECOVERY)
		return 0;
	r = store_door_fail(parents->ground.store, row->parent, row->door.kind);
	if (r)
		return ground_stored(r, why);
	return fault_trace(door_wait_begins(parents, row->parent));
}

static int guess_right(struct parents *parents, const struct asker *asker,
		       const struct door_row *row, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {
		.what = "prove", .uid = asker->uid, .outcome = "done", .method = "Parents.Prove",
		.reason = door_kind_name(row->door.kind),
	};
	int r;

	r = store_begin(parents->ground.store, &transaction);
	if (!r)
		r = store_door_reset(parents->ground.store, row->parent, row->door.kind);
	if (!r)
		r = access_log_append(parents->ground.log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}

static int guess_wrong(struct parents *parents, const struct asker *asker,
		       const struct door_row *row, struct why *why)
{
	struct access_entry entry = {
		.what = "denied", .uid = asker->uid, .method = "Parents.Prove",
		.outcome = answer_name(ANSWER_NOT_AUTHORIZED),
		.reason = door_kind_name(row->door.kind),
	};
	uint32_t wait_s = row->door.kind == DOOR_RECOVERY ? 0 : backoff_wait_s(row->failures + 1);
	int r;

	/* Nobody waits before a recovery code: what one user may not add to the log is counted. */
	if (row->door.kind == DOOR_RECOVERY &&
	    access_log_look(parents->ground.log, asker->uid, why)) {
		access_log_denied(parents->ground.log, asker->uid, entry.method, entry.outcome);
		r = 0;
	} else {
		r = access_log_write(parents->ground.log, &entry);
	}
	if (r)
		return ground_stored(r, why);
	if (wait_s)
		return answer_why(why, ANSWER_NOT_AUTHORIZED,
				  "wrong %s; the next try is checked in %u seconds",
				  door_kind_name(row->door.kind), wait_s);
	return answer_why(why, ANSWER_NOT_AUTHORIZED, "wrong %s; try again",
			  row->door.kind == DOOR_RECOVERY ? "recovery code" : "passphrase");
}

static int guess_refuse_locked(struct parents *parents, const struct asker *asker, uint32_t left_s,
			       struct why *why)
{
	access_log_denied(parents->ground.log, asker->uid, "Parents.Prove",
			  answer_name(ANSWER_LOCKED));
	return answer_why(why, ANSWER_LOCKED,
			  "too many wrong passphrases; wait %u seconds, or use the recovery code",
			  left_s);
}

int parent_prove(struct parents *parents, const struct asker *asker,
		 const struct parent_guess *guess, struct proof *ret_proof,
		 uint8_t **ret_sealed_wraps, size_t *ret_n_sealed, struct why *why)
{
	_cleanup_(secret_freep) struct secret *proof = NULL;
	struct parent_row parent;
	struct door_row row;
	uint8_t hash[HASH_BYTES];
	unsigned asked = 0;
	uint32_t left_s;
	int r;

	r = door_find(parents, guess->name, guess->door, &parent, &row, why);
	if (!r)
		r = secrets_asked(guess, &asked, why);
	if (r)
		return fault_trace(r);
	left_s = door_left_s(parents, &row);
	if (left_s)
		return guess_refuse_locked(parents, asker, left_s, why);
	r = doorbox_open_proof(parents->box, asker->name, asker->nonce, guess->reply_key,
			       guess->sealed_proof, guess->n_sealed_proof, &proof, why);
	if (!r)
		r = guess_charge(parents, &row, why);
	if (r)
		return fault_trace(r);
	door_proof_hash(&row.door, proof, hash);
	if (!crypt_equal(hash, row.proof_hash, sizeof(hash)))
		return guess_wrong(parents, asker, &row, why);
	r = guess_right(parents, asker, &row, why);
	if (!r)
		r = wraps_hand_out(parents, &row, asked, guess->reply_key, ret_sealed_wraps,
				   ret_n_sealed, why);
	if (r)
		return fault_trace(r);
	*ret_proof = proof_made(parents, &parent);
	return 0;
}
