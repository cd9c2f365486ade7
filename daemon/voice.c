/* SPDX-License-Identifier: Apache-2.0 */
/* Voiceprints in and out. In the clear they are only in a struct secret, or wiped at once. */

#include "voice.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "speaker/voiceprint.h"
#include "profile.h"
#include "sealed.h"
#include "store/item.h"
#include "veil.h"

#define NAME_TEXT (ID_TEXT + 16)

static const char *layer_name(const struct id *id, char name[static NAME_TEXT])
{
	char text[ID_TEXT];

	snprintf(name, NAME_TEXT, "voiceprint %s", id_text(id, text));
	return name;
}

static int consent_check(const struct ground *ground, const struct proof *proof,
			 const char *statement, struct profile *ret_profile,
			 struct voice_consent *ret, struct why *why)
{
	char id[ID_TEXT];
	int r;

	if (!proof_holds(proof, ground->clock))
		return answer_why(why, ANSWER_NOT_AUTHORIZED, "only a parent can enrol an adult's "
				  "voice; give the passphrase first");
	r = voice_consent_verify(statement, ret, why);
	if (r)
		return fault_trace(r);
	if (!crypt_equal(ret->parent, proof->sign_key, sizeof(ret->parent)))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the enrolment is signed by another key than that of the parent "
				  "who gave the passphrase; sign it with that parent's key");
	r = profile_find(ground, id_text(&ret->profile, id), ret_profile, why);
	if (r)
		return fault_trace(r);
	if (!ret_profile->adult)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "%s is a child; there is no voiceprint of a child, so nothing "
				  "was kept", ret_profile->name);
	if (!crypt_equal(ret->policy, ground->policy->hash, sizeof(ret->policy)))
		return answer_why(why, ANSWER_NO_CONSENT,
				  "the enrolment is for another policy than the one in force "
				  "(%.16s); read it with \"cubby policy\" and enrol again",
				  ground->policy->hash_text);
	return 0;
}

static int room_check(const struct ground *ground, const struct id *profile, struct why *why)
{
	struct voice_row *rows;
	size_t n, others = 0;
	int r = store_voices(ground->store, NULL, SIGHT_ALL, &rows, &n);

	if (r)
		return fault_trace(r);
	for (size_t i = 0; i < n; i++)
		others += !id_equal(&rows[i].profile, profile);
	voice_rows_free(rows, n);
	if (others >= VOICES_MAX)
		return answer_why(why, ANSWER_QUOTA_EXCEEDED,
				  "%d adults are enrolled, the most an ear knows; erase one's "
				  "voiceprint first", VOICES_MAX);
	return 0;
}

static int bytes_open(const struct box_keypair *box, const struct voice_consent *consent,
		      const void *sealed, size_t n_sealed, struct secret **ret, struct why *why)
{
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	struct voiceprint voiceprint;
	uint8_t hash[HASH_BYTES];
	int r;

	r = sealed_open(box, sealed, n_sealed, VOICE_BYTES_MAX, &bytes, why);
	if (r)
		return fault_trace(r);
	crypt_hash(bytes->bytes, bytes->n, hash);
	if (!crypt_equal(hash, consent->voiceprint, HASH_BYTES))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the voiceprint is another than the statement names");
	r = voiceprint_read(bytes->bytes, bytes->n, &voiceprint, why);
	secret_wipe(&voiceprint, sizeof(voiceprint));
	if (r)
		return fault_trace(r);
	*ret = take(bytes);
	return 0;
}

static int draft_seal(struct voice_draft *draft, const struct secret *bytes)
{
	const struct ground *ground = draft->ground;
	_cleanup_(secret_freep) struct secret *veil = NULL, *key = NULL;
	struct vault_slot slot;
	char name[NAME_TEXT];
	int r;

	crypt_random(draft->row.id.bytes, ID_BYTES);
	r = veil_take(ground->store, ground->vault, &draft->profile.id, &veil);
	if (!r)
		r = vault_take(ground->vault, &draft->row.id, VAULT_KIND_VOICE, &slot, &key);
	if (r)
		return fault_trace(r);
	draft->row.slot = slot;
	draft->stored = false;
	veil_turn(veil, &draft->row.id, VAULT_KIND_VOICE, key->bytes);
	return fault_trace(layer_seal(key, layer_name(&draft->row.id, name), bytes->bytes, bytes->n,
				      &draft->sealed, &draft->n_sealed));
}

int voice_enrol(const struct ground *ground, const struct box_keypair *box,
		const struct proof *proof, const char *statement, const void *sealed,
		size_t n_sealed, uint32_t uid, struct voice_draft **ret, struct why *why)
{
	_cleanup_(voice_draft_freep) struct voice_draft *draft = calloc(1, sizeof(*draft));
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	struct voice_consent consent;
	int r;

	if (!draft)
		return fault_origin(-ENOMEM);
	draft->ground = ground;
	draft->uid = uid;
	draft->stored = true;
	r = consent_check(ground, proof, statement, &draft->profile, &consent, why);
	if (!r)
		r = room_check(ground, &consent.profile, why);
	if (!r)
		r = bytes_open(box, &consent, sealed, n_sealed, &bytes, why);
	if (r)
		return fault_trace(r);
	draft->row.profile = consent.profile;
	memcpy(draft->row.policy, consent.policy, sizeof(draft->row.policy));
	draft->row.made_min = age_now_min(ground->age);
	draft->row.wall_min = age_wall_min(ground->age);
	draft->row.expires_min = draft->row.made_min + consent.keep_s / 60;
	draft->row.statement = strdup(statement);
	if (!draft->row.statement)
		return fault_origin(-ENOMEM);
	r = draft_seal(draft, bytes);
	if (r)
		return ground_stored(r, why);
	draft->row.bytes = draft->n_sealed;
	*ret = take(draft);
	return 0;
}

int voice_enrol_within(void *context)
{
	struct voice_draft *draft = context;
	const struct ground *ground = draft->ground;
	struct access_entry entry = {
		.what = "enrol", .uid = draft->uid, .outcome = "done",
		.method = "Voiceprints.Enrol", .profile = &draft->profile,
	};
	int r;

	r = store_body_insert(ground->store, draft->sealed, draft->n_sealed, &draft->row.body);
	if (!r)
		r = store_voice_insert(ground->store, &draft->row);
	if (!r)
		r = store_profile_used(ground->store, &draft->profile.id, draft->row.made_min);
	return fault_trace(r ? r : access_log_append(ground->log, &entry));
}

int voice_enrol_alone(struct voice_draft *draft, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	int r = store_begin(draft->ground->store, &transaction);

	if (!r)
		r = voice_enrol_within(draft);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}

struct voice_draft *voice_draft_free(struct voice_draft *draft)
{
	if (!draft)
		return NULL;
	if (!draft->stored)
		vault_return(draft->ground->vault, draft->row.slot.number);
	free(draft->row.statement);
	free(draft->sealed);
	free(draft);
	return NULL;
}

const char *voice_state(const struct ground *ground, const struct voice_row *row)
{
	/* In doubt it does not hold. */
	return policy_honours(ground->policy, ground->store, row->policy) ? "policy changed" :
	"in force";
}

int voice_enrolled(const struct ground *ground, const struct id *profile)
{
	const struct sight sight = age_sight(ground->age);
	bool enrolled = false;
	struct voice_row *rows;
	size_t n;
	int r = store_voices(ground->store, profile, &sight, &rows, &n);

	if (r)
		return fault_trace(r);
	for (size_t i = 0; i < n; i++)
		enrolled |= policy_honours(ground->policy, ground->store, rows[i].policy) == 0;
	voice_rows_free(rows, n);
	return enrolled ? 0 : ANSWER_NOT_FOUND;
}

static int row_open(const struct ground *ground, const struct voice_row *row, uint8_t **ret,
		    size_t *ret_n)
{
	_cleanup_(secret_freep) struct secret *veil = NULL, *key = NULL;
	_cleanup_(cleanup_free) uint8_t *sealed = malloc(row->bytes);
	char name[NAME_TEXT];
	int r;

	if (!sealed)
		return fault_origin(-ENOMEM);
	r = veil_get(ground->store, ground->vault, &row->profile, &veil);
	if (!r)
		r = vault_get(ground->vault, &row->slot, &row->id, VAULT_KIND_VOICE, &key);
	if (!r)
		r = store_body_read(ground->store, row->body, sealed, row->bytes);
	if (r)
		return fault_trace(r);
	veil_turn(veil, &row->id, VAULT_KIND_VOICE, key->bytes);
	return fault_trace(layer_open(key, layer_name(&row->id, name), sealed, row->bytes, ret,
				      ret_n));
}

/* Behind those that are there. ret_n grows by what was written. */
static int row_give(const struct ground *ground, const struct voice_row *row,
		    struct secret *bytes, size_t *ret_n)
{
	uint8_t *plain = NULL;
	size_t n = 0;
	int r = row_open(ground, row, &plain, &n);

	if (!r && (n > VOICE_BYTES_MAX || *ret_n + 2 + n > bytes->n))
		r = ANSWER_FAILED;
	if (!r) {
		bytes->bytes[*ret_n] = (uint8_t)n;
		bytes->bytes[*ret_n + 1] = (uint8_t)(n >> 8);
		memcpy(bytes->bytes + *ret_n + 2, plain, n);
		*ret_n += 2 + n;
	}
	if (plain)
		secret_wipe(plain, n);
	free(plain);
	return fault_trace(r);
}

int voice_give(const struct ground *ground, const struct id *profile, struct voice_row **ret_rows,
	       size_t *ret_n, struct secret **ret_bytes)
{
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	const struct sight sight = age_sight(ground->age);
	struct voice_row *rows;
	size_t n, n_given = 0, n_bytes = 0;
	int r = secret_new(VOICES_MAX * (2 + VOICE_BYTES_MAX), &bytes);

	if (!r)
		r = store_voices(ground->store, profile, &sight, &rows, &n);
	if (r)
		return fault_trace(r);
	for (size_t i = 0; i < n; i++) {
		struct voice_row row = rows[i];

		r = policy_honours(ground->policy, ground->store, row.policy);
		if (!r)
			r = row_give(ground, &row, bytes, &n_bytes);
		if (r > 0 && r != ANSWER_NO_CONSENT)
			log_warning("a voiceprint cannot be opened and is not given to ears; enrol "
				    "anew");
		if (r < 0)
			break;
		rows[i].statement = NULL;
		if (!r)
			rows[n_given++] = row;
		else
			free(row.statement);
		r = 0;
	}
	if (!r)
		r = secret_from(bytes->bytes, n_bytes, ret_bytes);
	if (r) {
		voice_rows_free(rows, n);
		return fault_trace(r);
	}
	*ret_rows = rows;
	*ret_n = n_given;
	return 0;
}
