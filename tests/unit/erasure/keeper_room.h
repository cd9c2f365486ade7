/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A whole keeper's cupboard in a directory of its own: real database, slots, archive and erasure;
 * only the clock is the test's. */

#include "room.h"

#include "age.h"
#include "archive.h"
#include "crypt/device.h"
#include "crypt/receipt.h"
#include "erasure.h"
#include "store/leap.h"
#include "store/slot.h"

#define T0_S INT64_C(1800000000)
#define T0_MIN (T0_S / 60)

STATEMENT(cupboard_profile,
	"INSERT INTO profile (id, name, type, created_min) VALUES (:id, :name, :type, 1)");

struct cupboard {
	struct room *room;
	int64_t wall_s, boot_ms;
	struct clock clock;
	struct store *store;
	struct vault *vault;
	struct age *age;
	struct archive *archive;
	struct device *device;
	struct erasure *erasure;
	uint64_t max_items, max_bytes;
	unsigned ended, logged;
	struct why why;
};

static const struct id child_id = { "child profile  " };
static const struct id adult_id = { "adult profile  " };

static int64_t cupboard_wall(void *context)
{
	return ((struct cupboard *)context)->wall_s;
}

static int64_t cupboard_boot(void *context)
{
	return ((struct cupboard *)context)->boot_ms;
}

static int cupboard_log(void *context, const struct erasure_job *job)
{
	((struct cupboard *)context)->logged++;
	return 0;
}

static void cupboard_ended(void *context, const struct erasure_job *job)
{
	((struct cupboard *)context)->ended++;
}

static inline void cupboard_shut(struct cupboard *c)
{
	c->archive = archive_free(c->archive);
	c->store = store_free(c->store);
	c->erasure = erasure_free(c->erasure);
	c->vault = vault_free(c->vault);
	c->age = age_free(c->age);
}

static inline int cupboard_try(struct cupboard *c)
{
	struct vault_used used = { 0 };
	int64_t newest = 0, leapt = 0;
	int r = store_open(c->room->dir, &c->store, &c->why);

	if (r == 0)
		r = store_slots_used(c->store, &used);
	if (r == 0)
		r = vault_open(c->room->dir, &used, &c->vault, &c->why);
	vault_used_clear(&used);
	if (r == 0)
		r = store_newest_min(c->store, &newest);
	if (r == 0)
		r = store_leapt_min(c->store, &leapt);
	if (r == 0)
		r = age_open(c->room->dir, &c->clock, newest, leapt, &c->age, &c->why);
	if (r == 0) {
		struct archive_config config = { c->store, c->vault, c->age, c->max_items,
						 c->max_bytes };

		r = archive_new(&config, &c->archive);
	}
	if (r == 0) {
		struct erasure_config config = {
			.dir = c->room->dir, .clock = &c->clock, .age = c->age, .store = c->store,
			.vault = c->vault, .archive = c->archive, .device = c->device->sign,
			.hooks = { .log = cupboard_log, .ended = cupboard_ended, .context = c },
		};

		r = erasure_new(&config, &c->erasure, &c->why);
	}
	return r;
}

static inline void cupboard_open(struct cupboard *c)
{
	const int r = cupboard_try(c);

	if (r != 0)
		print_message("%s\n", c->why.text);
	assert_int_equal(r, 0);
}

static inline void cupboard_profile_add(struct cupboard *c, const struct id *id, const char *name,
					const char *type)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(c->store, &cupboard_profile);

	statement_bind_id(s, ":id", id);
	statement_bind_text(s, ":name", name);
	statement_bind_text(s, ":type", type);
	assert_int_equal(statement_run(s), 0);
}

static inline int cupboard_make(void **state)
{
	struct cupboard *c = calloc(1, sizeof(*c));
	struct secret *master = NULL;

	if (crypt_init() < 0 || room_make((void **)&c->room) != 0)
		return -1;
	c->wall_s = T0_S;
	c->clock = (struct clock){ cupboard_wall, cupboard_boot, c };
	if (secret_random(KEY_BYTES, &master) != 0 || device_from(master, &c->device) != 0)
		return -1;
	secret_free(master);
	cupboard_open(c);
	cupboard_profile_add(c, &child_id, "Mirjam", "child");
	cupboard_profile_add(c, &adult_id, "Adelheid", "adult");
	*state = c;
	return 0;
}

static inline int cupboard_drop(void **state)
{
	struct cupboard *c = *state;

	cupboard_shut(c);
	device_free(c->device);
	room_drop((void **)&c->room);
	free(c);
	return 0;
}

struct kept {
	struct id id;
	uint8_t head[16];		/* of the first body */
	struct secret *keys;		/* as they are in the slots */
	uint8_t given[KIND_MAX * KEY_BYTES];	/* ... and under the profile's veil */
};

/* An item with these kinds (bits), each `bytes` of what looks like ciphertext. */
static inline int cupboard_keep(struct cupboard *c, const struct id *profile, unsigned kinds,
				size_t bytes, struct kept *ret)
{
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	struct archive_body bodies[KIND_MAX] = { 0 };
	struct archive_keep keep = { .profile = *profile, .uid = 1000, .bodies = bodies };
	enum kind list[KIND_MAX];
	int r;

	for (int kind = 1; kind <= KIND_MAX; kind++)
		if (kinds & 1u << kind)
			list[keep.n_bodies++] = (enum kind)kind;
	r = archive_begin(c->archive, profile, list, keep.n_bodies, &draft, &c->why);
	if (r != 0)
		return r;
	for (unsigned i = 0; i < keep.n_bodies; i++) {
		uint8_t *sealed = malloc(bytes);

		crypt_random(sealed, bytes);
		if (i == 0 && bytes >= 17)
			memcpy(ret->head, sealed + 1, 16);
		bodies[i] = (struct archive_body){ list[i], sealed, bytes, 7 * 86400, 0 };
	}
	crypt_random(keep.header.bytes, sizeof(keep.header.bytes));
	r = archive_commit(c->archive, draft, &keep, NULL, &c->why);
	for (unsigned i = 0; i < keep.n_bodies; i++)
		free((void *)(uintptr_t)bodies[i].sealed);
	if (r == 0) {
		ret->id = draft->id;
		assert_int_equal(secret_from(draft->slot_keys->bytes, draft->slot_keys->n,
					     &ret->keys), 0);
		memcpy(ret->given, draft->keys->bytes, draft->keys->n);
	}
	return r;
}

/* How often anything of a kept item is on the disk, in any store. */
static inline unsigned cupboard_traces(struct cupboard *c, const struct kept *kept)
{
	static const char *const names[] = { "cubby.db", "cubby.db-wal", "cubby.db-journal",
					     "slots.bin", "clock", "reserve.bin" };
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		n += room_count(c->room, names[i], kept->id.bytes, ID_BYTES);
		n += room_count(c->room, names[i], kept->head, 16);
		for (size_t k = 0; k < kept->keys->n; k += KEY_BYTES)
			n += room_count(c->room, names[i], kept->keys->bytes + k, KEY_BYTES);
	}
	return n;
}

static inline int cupboard_ask(struct cupboard *c, const struct archive_selection *selection,
			       int64_t *ret_job)
{
	uint64_t items;

	return erasure_ask(c->erasure, ERASURE_DELETE, selection, 1000, NULL, ret_job, &items,
			   &c->why);
}

static const struct archive_selection everything = { .all = true };

static inline struct erasure_job *finished(struct cupboard *c, int64_t number)
{
	struct erasure_job *job = NULL;
	uint64_t partial;

	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_int_equal(erasure_find(c->erasure, number, &job), 0);
	return job;
}

static inline void done(struct cupboard *c, int64_t number)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = finished(c, number);

	if (job->state != ERASURE_DONE)
		print_message("problem: %s\n", job->problem);
	assert_int_equal(job->state, ERASURE_DONE);
	assert_true(job->receipt[0] != '\0');
	assert_int_equal(job->done, job->items);
}
