/* SPDX-License-Identifier: Apache-2.0 */
/* The way in: a draft has its id and slots in memory only; committing it makes everything durable
 * in one transaction, or nothing. */

#include "deposit.h"

#include <stdlib.h>
#include <string.h>

#include "failpoint.h"
#include "store/copy.h"
#include "veil.h"

static int draft_take(struct archive *archive, const struct id *profile, const enum kind *kinds,
		      unsigned n_kinds, struct archive_draft **ret, struct why *why)
{
	_cleanup_(archive_draft_freep) struct archive_draft *draft = calloc(1, sizeof(*draft));
	_cleanup_(secret_freep) struct secret *veil = NULL;
	int r;

	if (!draft)
		return fault_origin(-ENOMEM);
	draft->archive = archive;
	draft->profile = *profile;
	crypt_random(draft->id.bytes, ID_BYTES);
	r = veil_take(archive->config.store, archive->config.vault, profile, &veil);
	if (r == 0)
		r = secret_new(n_kinds * KEY_BYTES, &draft->keys);
	if (r == 0)
		r = secret_new(n_kinds * KEY_BYTES, &draft->slot_keys);
	for (unsigned i = 0; r == 0 && i < n_kinds; i++) {
		_cleanup_(secret_freep) struct secret *key = NULL;

		r = vault_take(archive->config.vault, &draft->id, kinds[i], &draft->parts[i].slot,
			       &key);
		if (r != 0)
			break;
		draft->parts[i].kind = kinds[i];
		draft->n_parts++;
		memcpy(draft->slot_keys->bytes + i * KEY_BYTES, key->bytes, KEY_BYTES);
		veil_turn(veil, &draft->id, (int)kinds[i], key->bytes);
		memcpy(draft->keys->bytes + i * KEY_BYTES, key->bytes, KEY_BYTES);
	}
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r, "there is no such profile, or it is being removed");
	if (r == ANSWER_FAILED)
		return answer_why(why, r,
				  "the key of this profile is lost, as after an old slots.bin or "
				  "cubby.db was put back; nothing can be kept under it; put the "
				  "good one back, or remove the profile and add it anew");
	if (r == ANSWER_QUOTA_EXCEEDED)
		return answer_why(why, r, "the disk is full; free some space or delete some items");
	if (r != 0)
		return fault_trace(r);
	*ret = take(draft);
	return 0;
}

int archive_begin(struct archive *archive, const struct id *profile, const enum kind *kinds,
		  unsigned n_kinds, struct archive_draft **ret, struct why *why)
{
	unsigned seen = 0;
	int r;

	if (n_kinds == 0 || n_kinds > KIND_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "an item has 1 to %d kinds, not %u",
				  KIND_MAX, n_kinds);
	for (unsigned i = 0; i < n_kinds; i++) {
		if (!kind_name((int)kinds[i]) || seen & 1u << kinds[i])
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "kind %d is unknown or named twice; name each of audio, "
					  "transcript, location once",
					  (int)kinds[i]);
		seen |= 1u << kinds[i];
	}
	r = archive_room(archive, 1, 0, why);
	if (r != 0)
		return fault_trace(r);
	return fault_trace(draft_take(archive, profile, kinds, n_kinds, ret, why));
}

struct archive_draft *archive_draft_free(struct archive_draft *draft)
{
	if (!draft)
		return NULL;
	for (unsigned i = 0; i < draft->n_parts; i++)
		vault_return(draft->archive->config.vault, draft->parts[i].slot.number);
	secret_free(draft->keys);
	secret_free(draft->slot_keys);
	free(draft);
	return NULL;
}

static int bodies_check(const struct archive_draft *draft, const struct archive_body *bodies,
			unsigned n_bodies, uint64_t *ret_bytes, struct why *why)
{
	const size_t most_bytes = envelope_body_bytes(ENVELOPE_CONTENT_MAX_BYTES);
	uint64_t bytes = 0;

	if (n_bodies != draft->n_parts)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%u parts were begun and %u came",
				  draft->n_parts, n_bodies);
	for (unsigned i = 0; i < n_bodies; i++) {
		const struct archive_body *body = &bodies[i];

		if (body->kind != draft->parts[i].kind)
			return answer_why(why, ANSWER_INVALID_ARGUMENT, "part %u was begun as %s",
					  i + 1, kind_name((int)draft->parts[i].kind));
		if (body->bytes == 0 || body->bytes > most_bytes)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "%s has %zu bytes; 1 to %zu are taken",
					  kind_name((int)body->kind), body->bytes, most_bytes);
		/* Nothing is kept for ever (R2). */
		if (body->keep_s < 60 || body->keep_s > kind_keep_max_s((int)body->kind))
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "%s cannot be kept for %u s; 60 to %u s can be",
					  kind_name((int)body->kind), body->keep_s,
					  kind_keep_max_s((int)body->kind));
		bytes += body->bytes;
	}
	*ret_bytes = bytes;
	return 0;
}

/* The body goes in; what is left of the row is filled. */
static int part_fill(struct store *store, const struct archive_draft *draft, unsigned i,
		     const struct archive_body *body, int64_t now_min, struct part_row *ret)
{
	ret->kind = body->kind;
	ret->slot = draft->parts[i].slot;
	ret->made_min = now_min;
	ret->expires_min = now_min + body->keep_s / 60;
	ret->bytes = body->bytes;
	ret->veiled = true;
	crypt_hash(body->sealed, body->bytes, ret->hash);
	return fault_trace(store_body_insert(store, body->sealed, body->bytes, &ret->body));
}

/* When it started is for people and says what their clocks say; when it expires is not. */
static int item_write(struct store *store, struct archive_draft *draft, struct archive_keep *keep,
		      struct age *age)
{
	const int64_t now_min = age_now_min(age);
	struct part_row part;
	int64_t item;
	int r;

	r = store_item_insert(store, &draft->id, &keep->profile, age_wall_min(age), keep->uid,
			      &keep->header, &item);
	for (unsigned i = 0; r == 0 && i < keep->n_bodies; i++) {
		r = part_fill(store, draft, i, &keep->bodies[i], now_min, &part);
		if (r == 0)
			r = store_part_insert(store, item, &part);
		keep->bodies[i].expires_min = part.expires_min;
	}
	return fault_trace(r);
}

/* After the commit the rows own the slots. */
static int draft_end(struct archive_draft *draft, struct store *transaction,
		     const struct archive_within *within, uint64_t items, uint64_t bytes,
		     struct why *why)
{
	_cleanup_(store_rollbackp) struct store *open = transaction;
	int r = within && within->run ? within->run(within->context) : 0;

	failpoint(items ? "keep-before-commit" : "approve-before-commit");
	if (r == 0)
		r = store_commit(take(open));
	failpoint(items ? "keep-committed" : "approve-committed");
	if (r == ANSWER_QUOTA_EXCEEDED)
		return answer_why(why, r, "the disk is full; free some space or delete some items");
	if (r != 0)
		return fault_trace(r);
	draft->n_parts = 0;
	draft->archive->items += items;
	draft->archive->bytes += bytes;
	return 0;
}

static int write_refused(int r, struct why *why)
{
	if (r == ANSWER_QUOTA_EXCEEDED)
		return answer_why(why, r, "the disk is full; free some space or delete some items");
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r, "there is no such profile, or it is being removed");
	if (r > 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the database's rules refuse this item");
	return fault_trace(r);
}

int archive_commit(struct archive *archive, struct archive_draft *draft, struct archive_keep *keep,
		   const struct archive_within *within, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct store *store = archive->config.store;
	uint64_t bytes;
	int r;

	if (!id_equal(&keep->profile, &draft->profile))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "this item was begun for another profile");
	r = bodies_check(draft, keep->bodies, keep->n_bodies, &bytes, why);
	if (r == 0)
		r = archive_room(archive, 1, bytes, why);
	if (r == 0)
		r = store_begin(store, &transaction);
	if (r != 0)
		return fault_trace(r);
	r = item_write(store, draft, keep, archive->config.age);
	if (r != 0)
		return write_refused(r, why);
	return fault_trace(draft_end(draft, take(transaction), within, 1, bytes, why));
}

int archive_copy_begin(struct archive *archive, const struct id *item, struct archive_draft **ret,
		       struct why *why)
{
	const struct sight sight = age_sight(archive->config.age);
	struct store *store = archive->config.store;
	struct part_row parts[KIND_MAX];
	enum kind kinds[KIND_MAX];
	struct item_row row;
	unsigned n = 0, n_kinds = 0;
	bool copied = false;
	int r;

	r = store_item_find(store, item, &row);
	if (r == 0 && row.child)
		return answer_why(why, ANSWER_NOT_AUTHORIZED, "this is an item of a child; only an "
				  "adult's own recording can be released");
	if (r == 0)
		r = store_parts_find(store, row.item, &sight, parts, &n);
	for (unsigned i = 0; r == 0 && i < n; i++)
		if (parts[i].kind != KIND_LOCATION)
			kinds[n_kinds++] = parts[i].kind;
	if (r == ANSWER_NOT_FOUND || (r == 0 && n_kinds == 0))
		return answer_why(why, ANSWER_NOT_FOUND,
				  "there is no such item with audio or transcript");
	if (r == 0)
		r = store_copy_is_there(store, row.item, &sight, &copied);
	if (r == 0 && copied)
		return answer_why(why, ANSWER_EXISTS,
				  "this item is approved already; delete it to take the approval "
				  "back");
	if (r == 0)
		r = archive_room(archive, 0, 0, why);
	if (r == 0)
		r = draft_take(archive, &row.profile, kinds, n_kinds, ret, why);
	if (r == 0)
		(*ret)->source = *item;
	return fault_trace(r);
}

/* No part of a copy outlives the part it was made of. */
static int copy_write(struct store *store, struct archive_draft *draft,
		      struct archive_approve *approve, struct age *age)
{
	const struct sight sight = age_sight(age);
	struct part_row part, sources[KIND_MAX];
	struct item_row row;
	unsigned n_sources = 0;
	int64_t copy;
	int r;

	r = store_item_find(store, &draft->source, &row);
	if (r == 0)
		r = store_parts_find(store, row.item, &sight, sources, &n_sources);
	if (r == 0)
		r = store_copy_insert(store, &draft->id, row.item, &approve->header,
				      approve->purpose, approve->recipient, approve->review,
				      sight.now_min, &copy);
	if (r == 0)
		r = store_refuse_not(store, row.item);
	for (unsigned i = 0; r == 0 && i < approve->n_bodies; i++) {
		const struct part_row *source = NULL;

		for (unsigned j = 0; j < n_sources; j++)
			if (sources[j].kind == approve->bodies[i].kind)
				source = &sources[j];
		if (!source)
			return ANSWER_NOT_FOUND;
		r = part_fill(store, draft, i, &approve->bodies[i], sight.now_min, &part);
		if (part.expires_min > source->expires_min)
			part.expires_min = source->expires_min;
		if (r == 0)
			r = store_copy_part_insert(store, copy, &part);
		approve->bodies[i].expires_min = part.expires_min;
	}
	return fault_trace(r);
}

int archive_copy_commit(struct archive *archive, struct archive_draft *draft,
			struct archive_approve *approve, const struct archive_within *within,
			struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct store *store = archive->config.store;
	uint64_t bytes;
	int r;

	r = bodies_check(draft, approve->bodies, approve->n_bodies, &bytes, why);
	if (r == 0)
		r = archive_room(archive, 0, bytes, why);
	if (r == 0)
		r = store_begin(store, &transaction);
	if (r != 0)
		return fault_trace(r);
	r = copy_write(store, draft, approve, archive->config.age);
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r, "the item is gone meanwhile; nothing was approved");
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "only an adult's own item can be released, with a purpose and a "
				  "recipient of 1 to 200 characters");
	if (r != 0)
		return write_refused(r, why);
	return fault_trace(draft_end(draft, take(transaction), within, 0, bytes, why));
}
