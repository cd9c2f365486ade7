/* SPDX-License-Identifier: Apache-2.0 */
/* Does to the files what imports and approvals do, with the keeper's own code. */

#include "seed.h"

#include "unit/test.h"

#include <stdlib.h>

#include "archive.h"
#include "crypt/envelope.h"
#include "crypt/transcript.h"
#include "sound/sound.h"
#include "store/slot.h"

/* Different recordings; the rest are of the same sounds. */
#define SOUNDS 32

struct room {
	struct store *store;
	struct vault *vault;
	struct age *age;
	struct archive *archive;
	struct why why;
};

static void room_open(const char *state, struct room *room)
{
	struct vault_used used = { 0 };
	struct archive_config config = { .store = NULL };

	assert_int_equal(store_open(state, &room->store, &room->why), 0);
	assert_int_equal(store_slots_used(room->store, &used), 0);
	assert_int_equal(vault_open(state, &used, &room->vault, &room->why), 0);
	vault_used_clear(&used);
	assert_int_equal(age_open(state, &clock_system, 0, 0, &room->age, &room->why), 0);
	config.store = room->store;
	config.vault = room->vault;
	config.age = room->age;
	assert_int_equal(archive_new(&config, &room->archive), 0);
}

static void room_close(struct room *room)
{
	archive_free(room->archive);
	age_free(room->age);
	vault_free(room->vault);
	store_free(room->store);
}

/* Noise under a slow envelope: it compresses like speech, about to a half. */
static struct secret *sound_make(size_t frames, unsigned number)
{
	_cleanup_(cleanup_free) int16_t *samples = calloc(frames, sizeof(*samples));
	uint32_t state = number * 2654435761u + 1;
	struct secret *flac = NULL;

	assert_non_null(samples);
	for (size_t i = 0; i < frames; i++) {
		state = state * 1664525u + 1013904223u;
		samples[i] = (int16_t)((int32_t)(state >> 16) - 32768) >> (4 + (i / 4000) % 4);
	}
	assert_int_equal(sound_to_flac(samples, frames, SOUND_RATE_HZ, &flac), 0);
	return flac;
}

static void draft_seal(const struct archive_draft *draft, const uint8_t *recipient,
		       const struct secret *const contents[2], struct envelope_header *header,
		       struct archive_body bodies[2])
{
	_cleanup_(secret_freep) struct secret *fk = NULL;

	assert_int_equal(envelope_new(recipient, header, &fk), 0);
	for (unsigned i = 0; i < 2; i++) {
		_cleanup_(secret_freep) struct secret *key = NULL;
		uint8_t *sealed;
		size_t n;

		assert_int_equal(secret_from(draft->keys->bytes + i * KEY_BYTES, KEY_BYTES, &key),
				 0);
		assert_int_equal(envelope_seal(fk, key, &draft->id, draft->parts[i].kind,
					       contents[i]->bytes, contents[i]->n, &sealed, &n),
				 0);
		bodies[i] = (struct archive_body){ draft->parts[i].kind, sealed, n, 20 * 86400, 0 };
	}
}

static void bodies_free(struct archive_body bodies[2])
{
	for (unsigned i = 0; i < 2; i++)
		free((void *)(uintptr_t)bodies[i].sealed);
}

static void item_lay(struct room *room, const struct seed *seed,
		     const struct secret *const contents[2])
{
	static const enum kind kinds[] = { KIND_AUDIO, KIND_TRANSCRIPT };
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL, *copy = NULL;
	struct archive_body bodies[2];
	struct archive_keep keep = { .profile = seed->profile, .uid = 1000, .bodies = bodies,
				     .n_bodies = 2 };
	struct archive_approve approve = { .purpose = seed->purpose, .recipient = seed->recipient,
					   .review = "heard", .bodies = bodies, .n_bodies = 2 };

	assert_int_equal(archive_begin(room->archive, &seed->profile, kinds, 2, &draft, &room->why),
			 0);
	draft_seal(draft, seed->household->home, contents, &keep.header, bodies);
	assert_int_equal(archive_commit(room->archive, draft, &keep, NULL, &room->why), 0);
	bodies_free(bodies);
	if (!seed->purpose)
		return;
	assert_int_equal(archive_copy_begin(room->archive, &draft->id, &copy, &room->why), 0);
	draft_seal(copy, seed->household->release, contents, &approve.header, bodies);
	assert_int_equal(archive_copy_commit(room->archive, copy, &approve, NULL, &room->why), 0);
	bodies_free(bodies);
}

static void files_copy(const char *from, const char *to)
{
	char command[256];

	snprintf(command, sizeof(command), "cp -a %s/. %s", from, to);
	assert_int_equal(system(command), 0);
}

/* In memory, where a commit costs nothing; then the files go back. */
void seed_items(const char *state, void *context)
{
	const struct seed *seed = context;
	char memory[] = "/dev/shm/cubby-seed-XXXXXX", command[64];
	struct secret *sounds[SOUNDS];
	_cleanup_(secret_freep) struct secret *words = NULL;
	struct room room;

	assert_non_null(mkdtemp(memory));
	files_copy(state, memory);
	room_open(memory, &room);
	assert_int_equal(transcript_make("some words", 1, 2000, &words), 0);
	for (unsigned i = 0; i < SOUNDS; i++)
		sounds[i] = sound_make(seed->frames, i);
	for (size_t i = 0; i < seed->items; i++)
		item_lay(&room, seed,
			 (const struct secret *const[2]){ sounds[i % SOUNDS], words });
	for (unsigned i = 0; i < SOUNDS; i++)
		secret_free(sounds[i]);
	room_close(&room);
	files_copy(memory, state);
	snprintf(command, sizeof(command), "rm -rf %s", memory);
	assert_int_equal(system(command), 0);
}
