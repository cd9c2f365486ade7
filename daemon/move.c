/* SPDX-License-Identifier: Apache-2.0 */

/* Moves items between profiles, in one transaction with everything that follows from it. */

#include "base/log.h"
#include "move.h"
#include "profile.h"
#include "retention.h"
#include "veil.h"

struct move {
	const struct ground *ground;
	const struct export_asker *asker;
	struct id item;
	struct profile from, to;
	uint32_t keep_s[KIND_MAX + 1];	/* 0: not kept there */
	unsigned kinds_gone;
	struct veil_left left;		/* the slots it had */
};

static int move_find(struct move *move, const char *item, const char *profile, struct why *why)
{
	const struct ground *ground = move->ground;
	struct archive_item row;
	int r;

	if (!id_parse(item, &move->item))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not the id of an item (32 hex digits)", item);
	r = archive_find(ground->archive, &move->item, &row, why);
	if (!r)
		r = profile_find(ground, profile, &move->to, why);
	if (!r)
		r = store_profile_by_id(ground->store, &row.profile, &move->from);
	if (r)
		return fault_trace(r);
	if (id_equal(&move->from.id, &move->to.id))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the item is there already");
	return 0;
}

static int move_may(const struct move *move, struct why *why)
{
	const struct ground *ground = move->ground;

	if (!move->to.adult)
		return 0;
	if (!move->from.adult)
		return export_refuse(ground, move->asker, "Archive.Move",
				     answer_why(why, ANSWER_NOT_AUTHORIZED,
						"this is a child's item; it never becomes an "
						"adult's, whoever asks"),
				     "child", &move->from, &move->item);
	if (!proof_holds(move->asker->proof, ground->clock))
		return export_refuse(ground, move->asker, "Archive.Move",
				     answer_why(why, ANSWER_NOT_AUTHORIZED,
						"moving an item to an adult takes the passphrase"),
				     "no proof", NULL, NULL);
	return 0;
}

/* What a parent consented to for the child, and how long that is kept. */
static int move_terms(struct move *move)
{
	int r;

	for (int kind = 1; kind <= KIND_MAX; kind++) {
		r = move->to.adult ? retention_cap(move->ground, &move->to, kind,
						   &move->keep_s[kind])
				   : consent_in_force(move->ground, &move->to, kind,
						      &move->keep_s[kind], NULL);
		if (r < 0)
			return fault_trace(r);
		if (r)
			move->kinds_gone |= 1u << kind;
	}
	return 0;
}

/* Inside the transaction, after the copies are on the way out. */
static int move_store(void *context)
{
	struct move *move = context;
	const struct ground *ground = move->ground;
	struct access_entry entry = {
		.what = "move", .uid = move->asker->uid, .outcome = "done",
		.reason = move->to.adult ? "adult" : "child", .profile = &move->to,
		.item = &move->item,
	};
	int r = veil_move(ground->store, ground->vault, &move->item, &move->to.id, &move->left);

	for (int kind = 1; !r && kind <= KIND_MAX; kind++)
		if (!(move->kinds_gone & 1u << kind))
			r = archive_shorten(ground->archive, &move->to.id, kind,
					    move->keep_s[kind]);
	return fault_trace(r ? r : access_log_append(ground->log, &entry));
}

static int move_alone(struct move *move, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	int r = store_begin(move->ground->store, &transaction);

	if (!r)
		r = move_store(move);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}

/* Both are there before the transaction, which cannot make one. */
static int move_veils(const struct move *move)
{
	_cleanup_(secret_freep) struct secret *from = NULL, *to = NULL;
	const struct ground *ground = move->ground;
	int r = veil_take(ground->store, ground->vault, &move->from.id, &from);

	if (!r)
		r = veil_take(ground->store, ground->vault, &move->to.id, &to);
	return fault_trace(r);
}

int move_item(const struct ground *ground, struct erasure *erasure,
	      const struct export_asker *asker, const char *item, const char *profile,
	      int64_t *ret_job, struct why *why)
{
	struct move move = {.ground = ground, .asker = asker};
	struct archive_within within = {move_store, &move};
	struct archive_selection selection = {.ids = &move.item, .n_ids = 1};
	int64_t job = 0;
	int r;

	r = move_find(&move, item, profile, why);
	if (!r)
		r = move_may(&move, why);
	if (!r)
		r = move_terms(&move);
	if (!r)
		r = move_veils(&move);
	if (r)
		return fault_trace(r);
	r = erasure_copies(erasure, &selection, move.kinds_gone, true, asker->uid, &within, &job,
			   why);
	if (r == ANSWER_NOT_FOUND)
		r = move_alone(&move, why);
	if (r)
		return fault_trace(r);
	*ret_job = job;
	/* It has moved; what fails here the next start does. */
	if (veil_moved(ground->vault, &move.left))
		log_error("the keys an item had before it moved could not be overwritten yet");
	return 0;
}
