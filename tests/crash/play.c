/* SPDX-License-Identifier: Apache-2.0 */
/* Plays operations and marks them. A mark of the end is written only after the keeper has
 * acknowledged, and a mark of the beginning before it is asked. */

#include "play.h"

#include <stdio.h>
#include <string.h>

#include "store/profile.h"

#define DAY_S 86400

uint64_t play_random(struct play *play, uint64_t below)
{
	play->random ^= play->random << 13;
	play->random ^= play->random >> 7;
	play->random ^= play->random << 17;
	return (play->random >> 11) % below;
}

void play_mark(struct play *play, const struct mark *mark)
{
	if (play->marks_fd >= 0 &&
	    write(play->marks_fd, mark, sizeof(*mark)) != (ssize_t)sizeof(*mark)) {
		perror("marks");
		abort();
	}
	ledger_take(play->ledger, mark);
}

static void act_mark(struct play *play, uint32_t act, enum mark_phase phase)
{
	play_mark(play, &(struct mark){ .phase = phase, .act = act });
}

void play_settle(struct play *play, const struct verdict *verdict)
{
	for (size_t i = 0; i < play->ledger->n; i++) {
		const struct mark mark = play->ledger->entries[i].mark;
		const bool gone = verdict->gone[mark.act];

		if (mark.phase == MARK_KEEPING) {
			act_mark(play, mark.act, gone ? MARK_NOTHING : MARK_KEPT);
			i = (size_t)-1;
		} else if (mark.phase == MARK_DELETING) {
			act_mark(play, mark.act, gone ? MARK_DELETED : MARK_NOTHING);
		}
		if (gone && mark.phase == MARK_DELETING)
			act_mark(play, mark.act, MARK_ERASED);
		else if (mark.phase == MARK_DELETED)
			act_mark(play, mark.act, MARK_ERASED);
	}
}

/* The n-th of what is kept and fits; NULL when there is none. */
static const struct mark *kept_choose(struct play *play, bool (*fits)(struct play *play,
								      const struct mark *mark))
{
	const struct ledger *ledger = play->ledger;
	size_t n = 0, at;

	for (size_t i = 0; i < ledger->n; i++)
		n += ledger->entries[i].mark.phase == MARK_KEPT &&
		     fits(play, &ledger->entries[i].mark);
	if (n == 0)
		return NULL;
	at = play_random(play, n);
	for (size_t i = 0; i < ledger->n; i++)
		if (ledger->entries[i].mark.phase == MARK_KEPT &&
		    fits(play, &ledger->entries[i].mark) && at-- == 0)
			return &ledger->entries[i].mark;
	return NULL;
}

/* ---- In ---- */

/* `key` of a profile's mark is 1 where it is an adult's. */
static bool fits_child(struct play *play, const struct mark *mark)
{
	return mark->thing == THING_PROFILE && mark->key[0] == 0;
}

static bool fits_adult(struct play *play, const struct mark *mark)
{
	return mark->thing == THING_PROFILE && mark->key[0] == 1;
}

static int profile_add(struct play *play, bool adult)
{
	struct profile profile = { .adult = adult, .created_min = play->ledger->wall_s / 60 };
	struct mark mark = { .phase = MARK_KEEPING, .act = play->ledger->act + 1 };
	uint8_t name[LEDGER_HEAD_BYTES / 2];
	int r;

	crypt_random(name, sizeof(name));
	hex_text(name, sizeof(name), profile.name);
	crypt_random(profile.id.bytes, ID_BYTES);
	crypt_random(profile.log_key, sizeof(profile.log_key));
	mark.id = profile.id;
	mark.key[0] = adult;
	memcpy(mark.head, profile.name, LEDGER_HEAD_BYTES);
	play_mark(play, &mark);
	r = store_profile_insert(play->rig->store, &profile);
	act_mark(play, mark.act, r == 0 ? MARK_KEPT : MARK_NOTHING);
	return r;
}

/* What looks like ciphertext in every part of the draft; marks them. */
static void bodies_make(struct play *play, const struct archive_draft *draft,
			struct archive_body *bodies, struct mark *mark, uint32_t keep_s)
{
	for (unsigned i = 0; i < draft->n_parts; i++) {
		const size_t bytes = 64 + play_random(play, play->body_bytes);
		uint8_t *sealed = malloc(bytes);

		if (!sealed)
			abort();
		crypt_random(sealed, bytes);
		bodies[i] = (struct archive_body){ draft->parts[i].kind, sealed, bytes, keep_s, 0 };
		mark->thing = (mark->thing & THING_COPY) | draft->parts[i].kind;
		mark->id = draft->id;
		mark->bytes = (uint32_t)bytes;
		/* As the keeper's own clock counts: after a kill it may be behind the wall. */
		mark->expires_min = age_now_min(play->rig->age) + keep_s / 60;
		memcpy(mark->key, draft->slot_keys->bytes + i * KEY_BYTES, KEY_BYTES);
		memcpy(mark->given, draft->keys->bytes + i * KEY_BYTES, KEY_BYTES);
		memcpy(mark->head, sealed + 1, LEDGER_HEAD_BYTES);
		crypt_hash(sealed, bytes, mark->hash);
		play_mark(play, mark);
	}
}

static void bodies_free(struct archive_body *bodies, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free((void *)(uintptr_t)bodies[i].sealed);
}

static int item_keep(struct play *play, const struct mark *profile, unsigned n_kinds,
		     uint32_t keep_s)
{
	static const enum kind kinds[] = { KIND_AUDIO, KIND_TRANSCRIPT, KIND_LOCATION };
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	struct archive_body bodies[KIND_MAX] = { 0 };
	struct archive_keep keep = { .uid = 1000, .bodies = bodies, .n_bodies = n_kinds };
	struct mark mark = { .phase = MARK_KEEPING, .act = play->ledger->act + 1 };
	struct rig *rig = play->rig;
	int r;

	if (!profile)
		return 0;
	keep.profile = mark.owner = profile->id;
	r = archive_begin(rig->archive, &profile->id, kinds, n_kinds, &draft, &rig->why);
	if (r != 0)
		return r;
	bodies_make(play, draft, bodies, &mark, keep_s);
	crypt_random(keep.header.bytes, sizeof(keep.header.bytes));
	r = archive_commit(rig->archive, draft, &keep, NULL, &rig->why);
	act_mark(play, mark.act, r == 0 ? MARK_KEPT : MARK_NOTHING);
	bodies_free(bodies, n_kinds);
	return r;
}

static bool fits_uncopied(struct play *play, const struct mark *mark)
{
	const struct ledger *ledger = play->ledger;
	bool adult = false;

	if (mark->thing != KIND_AUDIO)
		return false;
	for (size_t i = 0; i < ledger->n; i++) {
		const struct mark *other = &ledger->entries[i].mark;

		if (other->thing > THING_COPY && id_equal(&other->owner, &mark->id))
			return false;
		adult |= other->thing == THING_PROFILE && other->key[0] == 1 &&
			 id_equal(&other->id, &mark->owner);
	}
	return adult;
}

static int copy_keep(struct play *play, const struct mark *source)
{
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	struct archive_body bodies[KIND_MAX] = { 0 };
	struct archive_approve approve = { .purpose = "training", .recipient = "us",
					   .review = "named",
					   .bodies = bodies };
	struct mark mark = { .phase = MARK_KEEPING, .act = play->ledger->act + 1,
			     .thing = THING_COPY };
	struct rig *rig = play->rig;
	int r;

	if (!source)
		return 0;
	mark.owner = source->id;
	r = archive_copy_begin(rig->archive, &mark.owner, &draft, &rig->why);
	if (r != 0)
		return r;
	bodies_make(play, draft, bodies, &mark, DAY_S);
	approve.n_bodies = draft->n_parts;
	crypt_random(approve.header.bytes, sizeof(approve.header.bytes));
	r = archive_copy_commit(rig->archive, draft, &approve, NULL, &rig->why);
	act_mark(play, mark.act, r == 0 ? MARK_KEPT : MARK_NOTHING);
	bodies_free(bodies, approve.n_bodies);
	return r;
}

/* ---- Out ---- */

/* Marks every kept part of these as about to be deleted. NULL and 0: any. */
static void parts_deleting(struct play *play, uint32_t act, const struct id *item,
			   const struct id *profile, uint32_t kind, int64_t until_min)
{
	struct ledger *ledger = play->ledger;

	for (size_t i = 0; i < ledger->n; i++) {
		struct mark mark = ledger->entries[i].mark;

		/* A copy goes with its source, or when its own time is over. */
		if (mark.phase != MARK_KEPT || mark.thing == THING_PROFILE ||
		    (mark.thing > THING_COPY && !until_min) ||
		    (item && !id_equal(&mark.id, item)) ||
		    (profile && !id_equal(&mark.owner, profile)) || (kind && mark.thing != kind) ||
		    (until_min && mark.expires_min > until_min))
			continue;
		mark.phase = MARK_DELETING;
		mark.act = act;
		play_mark(play, &mark);
		for (size_t k = 0; k < ledger->n; k++) {
			struct mark copy = ledger->entries[k].mark;

			if (copy.phase != MARK_KEPT || copy.thing != THING_COPY + mark.thing ||
			    !id_equal(&copy.owner, &mark.id))
				continue;
			copy.phase = MARK_DELETING;
			copy.act = act;
			play_mark(play, &copy);
		}
	}
}

/* `r`: what asking for it gave. */
static int erase_end(struct play *play, uint32_t act, int r, int64_t job)
{
	_cleanup_(erasure_job_freep) struct erasure_job *ended = NULL;
	uint64_t partial;

	if (r == ANSWER_NOT_FOUND || (r == 0 && job == 0)) {
		act_mark(play, act, MARK_NOTHING);
		return 0;
	}
	if (r != 0)
		return r;
	act_mark(play, act, MARK_DELETED);
	r = erasure_finish(play->rig->erasure, &partial);
	if (r == 0)
		r = erasure_find(play->rig->erasure, job, &ended);
	/* A keeper with a seeded fault may say partial; that is for the judge. */
	if (r == 0 && ended->state == ERASURE_DONE)
		act_mark(play, act, MARK_ERASED);
	return r;
}

static int items_delete(struct play *play, enum erasure_reason reason,
			const struct archive_selection *selection, uint32_t act)
{
	uint64_t items;
	int64_t job = 0;
	int r = erasure_ask(play->rig->erasure, reason, selection, 1000, NULL, &job, &items,
			    &play->rig->why);

	return erase_end(play, act, r, job);
}

static bool fits_item(struct play *play, const struct mark *mark)
{
	return mark->thing > THING_PROFILE && mark->thing < THING_COPY;
}

static bool fits_transcript(struct play *play, const struct mark *mark)
{
	return mark->thing == KIND_TRANSCRIPT;
}

static int item_delete(struct play *play, const struct mark *chosen, uint32_t kind)
{
	const uint32_t act = play->ledger->act + 1;
	struct archive_selection selection = { .n_ids = 1, .kinds = kind ? 1u << kind : 0 };
	struct id id;

	if (!chosen)
		return 0;
	id = chosen->id;
	selection.ids = &id;
	parts_deleting(play, act, &id, NULL, kind, 0);
	return items_delete(play, ERASURE_DELETE, &selection, act);
}

static int profile_delete(struct play *play, const struct mark *chosen, bool withdraw)
{
	const uint32_t act = play->ledger->act + 1;
	struct archive_selection selection = { .kinds = withdraw ? 1u << KIND_AUDIO : 0 };
	struct mark mark;

	if (!chosen)
		return 0;
	mark = *chosen;
	selection.profile = &mark.id;
	parts_deleting(play, act, NULL, &mark.id, withdraw ? KIND_AUDIO : 0, 0);
	if (withdraw)
		return items_delete(play, ERASURE_WITHDRAW, &selection, act);
	mark.phase = MARK_DELETING;
	mark.act = act;
	play_mark(play, &mark);
	return items_delete(play, ERASURE_REMOVE, &selection, act);
}

static int all_delete(struct play *play)
{
	const struct archive_selection selection = { .all = true };
	const uint32_t act = play->ledger->act + 1;

	parts_deleting(play, act, NULL, NULL, 0, 0);
	for (size_t i = 0; i < play->ledger->n; i++) {
		struct mark mark = play->ledger->entries[i].mark;

		if (mark.phase != MARK_KEPT || mark.thing != THING_PROFILE)
			continue;
		mark.phase = MARK_DELETING;
		mark.act = act;
		play_mark(play, &mark);
	}
	return items_delete(play, ERASURE_RESET, &selection, act);
}

static int hours_pass(struct play *play)
{
	const struct mark clock = { .phase = MARK_CLOCK,
				    .wall_s = play->ledger->wall_s + 3 * 3600 };
	const uint32_t act = play->ledger->act + 1;
	int64_t job = 0;
	int r;

	play->rig->wall_s = clock.wall_s;
	play_mark(play, &clock);
	r = age_save(play->rig->age);
	if (r != 0)
		return r;
	parts_deleting(play, act, NULL, NULL, 0, age_now_min(play->rig->age));
	r = erasure_sweep(play->rig->erasure, &job);
	return erase_end(play, act, r, job);
}

static int keeper_again(struct play *play)
{
	const char *dir = play->rig->dir;
	uint64_t partial;
	int r;

	rig_shut(play->rig);
	r = rig_open(play->rig, dir, play->ledger->wall_s);
	return r == 0 ? erasure_finish(play->rig->erasure, &partial) : r;
}

static int start_finish(struct play *play)
{
	uint64_t partial;
	int r = erasure_sweep(play->rig->erasure, NULL);

	return r == 0 ? erasure_finish(play->rig->erasure, &partial) : r;
}

int play_letter(struct play *play, char letter)
{
	switch (letter) {
	case 'k':
		return item_keep(play, kept_choose(play, fits_child), 2, 6 * DAY_S);
	case 'l':
		return item_keep(play, kept_choose(play, fits_child), 3, 6 * DAY_S);
	case 's':
		return item_keep(play, kept_choose(play, fits_child), 2, 2 * 3600);
	case 'a':
		return item_keep(play, kept_choose(play, fits_adult), 2, 6 * DAY_S);
	case 'c':
		return copy_keep(play, kept_choose(play, fits_uncopied));
	case 'n':
	case 'g':
		return profile_add(play, letter == 'g');
	case 'd':
		return item_delete(play, kept_choose(play, fits_item), 0);
	case 't':
		return item_delete(play, kept_choose(play, fits_transcript), KIND_TRANSCRIPT);
	case 'w':
		return profile_delete(play, kept_choose(play, fits_child), true);
	case 'p':
		return profile_delete(play, kept_choose(play, fits_child), false);
	case 'e':
		return hours_pass(play);
	case 'x':
		return all_delete(play);
	case 'f':
		return start_finish(play);
	case 'r':
		return keeper_again(play);
	}
	return -EINVAL;
}
