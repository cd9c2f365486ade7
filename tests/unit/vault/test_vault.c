/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are taken once, erased in place, and never another one's. */

#include "room.h"

#include "vault/vault.h"

static const struct id mia = { "mia mia mia mia" };
static const struct id leo = { "leo leo leo leo" };

static int start(void **state)
{
	return crypt_init() < 0 ? -1 : room_make(state);
}

static struct vault *opened(struct room *room, const struct vault_used *used)
{
	struct vault_used none = { 0 };
	struct vault *vault = NULL;

	assert_int_equal(vault_open(room->dir, used ? used : &none, &vault, &room->why), 0);
	return vault;
}

static void test_key_survives_and_is_on_the_disk_when_taken(void **state)
{
	struct room *room = *state;
	struct vault *vault = opened(room, NULL);
	struct vault_used used = { 0 };
	struct secret *key = NULL, *again = NULL;
	struct vault_slot slot;

	assert_int_equal(vault_take(vault, &mia, 1, &slot, &key), 0);
	assert_int_equal(room_count(room, VAULT_FILE, key->bytes, KEY_BYTES), 1);
	vault_free(vault);
	assert_int_equal(vault_used_set(&used, slot.number), 0);
	vault = opened(room, &used);
	assert_int_equal(vault_get(vault, &slot, &mia, 1, &again), 0);
	assert_memory_equal(key->bytes, again->bytes, KEY_BYTES);
	secret_free(again);
	/* Another owner, another kind: not theirs. */
	assert_int_equal(vault_get(vault, &slot, &leo, 1, &again), ANSWER_FAILED);
	assert_int_equal(vault_get(vault, &slot, &mia, 2, &again), ANSWER_FAILED);
	secret_free(key);
	vault_used_clear(&used);
	vault_free(vault);
}

static void test_unnamed_slots_get_fresh_keys_at_start(void **state)
{
	struct room *room = *state;
	struct vault *vault = opened(room, NULL);
	struct secret *key = NULL;
	struct vault_slot slot;

	assert_int_equal(vault_take(vault, &mia, 1, &slot, &key), 0);
	vault_free(vault);
	vault_free(opened(room, NULL));
	assert_int_equal(room_count(room, VAULT_FILE, key->bytes, KEY_BYTES), 0);
	secret_free(key);
}

static void test_r4_erased_in_place(void **state)
{
	struct room *room = *state;
	struct vault *vault = opened(room, NULL);
	struct secret *key = NULL, *again = NULL;
	struct vault_erasure e = { .owner = mia, .kind = 1 };
	const off_t size = room_size(room, VAULT_FILE);

	assert_int_equal(vault_take(vault, &mia, 1, &e.slot, &key), 0);
	assert_int_equal(vault_erase(vault, &e, 1), 0);
	assert_int_equal(room_count(room, VAULT_FILE, key->bytes, KEY_BYTES), 0);
	assert_int_equal(room_size(room, VAULT_FILE), size);
	assert_int_equal(vault_get(vault, &e.slot, &mia, 1, &again), ANSWER_NOT_FOUND);
	/* Once more is as good as once. */
	assert_int_equal(vault_erase(vault, &e, 1), 0);
	assert_false(e.refused);
	secret_free(key);
	vault_free(vault);
}

static void test_wrong_tag_never_zeroes_another_key(void **state)
{
	struct room *room = *state;
	struct vault *vault = opened(room, NULL);
	struct secret *hers = NULL, *his = NULL, *again = NULL;
	struct vault_slot slot_hers, slot_his;
	struct vault_erasure e[2];

	assert_int_equal(vault_take(vault, &mia, 1, &slot_hers, &hers), 0);
	assert_int_equal(vault_take(vault, &leo, 1, &slot_his, &his), 0);
	/* The row of one names the slot of the other: number right, tag not, then both swapped. */
	e[0] = (struct vault_erasure){ .slot = slot_hers, .owner = leo, .kind = 1 };
	e[1] = (struct vault_erasure){ .slot = slot_his, .owner = leo, .kind = 1 };
	memcpy(e[0].slot.tag, slot_his.tag, VAULT_TAG_BYTES);
	assert_int_equal(vault_erase(vault, e, 2), ANSWER_FAILED);
	assert_true(e[0].refused);
	assert_false(e[1].refused);
	assert_int_equal(vault_get(vault, &slot_hers, &mia, 1, &again), 0);
	assert_memory_equal(hers->bytes, again->bytes, KEY_BYTES);
	assert_int_equal(room_count(room, VAULT_FILE, his->bytes, KEY_BYTES), 0);
	/* A slot that is not there at all. */
	e[0].slot.number = UINT32_MAX;
	assert_int_equal(vault_erase(vault, e, 1), ANSWER_FAILED);
	secret_free(again);
	secret_free(hers);
	secret_free(his);
	vault_free(vault);
}

static void test_returned_slots_are_renewed_and_none_given_twice(void **state)
{
	struct room *room = *state;
	struct vault *vault = opened(room, NULL);
	bool *seen = calloc(100000, sizeof(*seen));
	struct secret *key = NULL;
	struct vault_slot slot;

	for (int i = 0; i < 3000; i++) {
		assert_int_equal(vault_take(vault, &mia, 1, &slot, &key), 0);
		assert_false(seen[slot.number]);
		seen[slot.number] = true;
		key = secret_free(key);
	}
	assert_int_equal(vault_take(vault, &mia, 1, &slot, &key), 0);
	vault_return(vault, slot.number);
	assert_int_equal(vault_refill(vault), 0);
	assert_int_equal(room_count(room, VAULT_FILE, key->bytes, KEY_BYTES), 0);
	secret_free(key);
	free(seen);
	vault_free(vault);
}

static void refused(struct room *room, const struct vault_used *used, const char *words)
{
	struct vault_used none = { 0 };
	struct vault *vault = NULL;

	assert_int_equal(vault_open(room->dir, used ? used : &none, &vault, &room->why),
			 ANSWER_FAILED);
	assert_null(vault);
	if (!strstr(room->why.text, words))
		print_message("said: %s\n", room->why.text);
	assert_non_null(strstr(room->why.text, words));
}

static void test_damaged_and_foreign_files_are_refused(void **state)
{
	struct room *room = *state;
	static const char blank[4096];
	struct vault_used used = { 0 };
	char path[320];

	vault_free(opened(room, NULL));
	/* A slot on the second page is somebody's. */
	assert_int_equal(vault_used_set(&used, 127), 0);
	room_write(room, VAULT_FILE, 4096 + 8, "\2", 1);
	refused(room, &used, "another version");
	room_write(room, VAULT_FILE, 4096 + 8, "\1\0\0\0\7", 5);
	refused(room, &used, "damaged");
	room_write(room, VAULT_FILE, 4096, "GIF89a", 6);
	refused(room, &used, "damaged");
	vault_used_clear(&used);
	/* A file of which no page is ours. */
	for (off_t page = 0; page < room_size(room, VAULT_FILE); page += 4096)
		room_write(room, VAULT_FILE, page, "GIF89a", 6);
	refused(room, NULL, "damaged");
	/* A picture with room at its end is no file of ours that was cut short; none of it is made
	 * into pages. */
	for (off_t page = 4096; page < room_size(room, VAULT_FILE); page += 4096)
		room_write(room, VAULT_FILE, page, blank, sizeof(blank));
	refused(room, NULL, "damaged");
	refused(room, NULL, "damaged");
	assert_int_equal(unlink(room_path(room, VAULT_FILE, path)), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	refused(room, NULL, "link");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(vault_used_set(&used, 3), 0);
	refused(room, &used, "do not belong together");
	vault_used_clear(&used);
}

/* One bad byte where nobody's key is does not stop the keeper; nothing there is used or changed. */
static void test_damaged_page_without_an_owner_is_set_aside(void **state)
{
	static const char *const bad[] = { "X", "\2", "\7" };
	static const off_t at[] = { 0, 8, 12 };
	struct room *room = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct vault_used used = { 0 };
		struct secret *key = NULL, *again = NULL;
		struct vault_slot slot;
		struct vault *vault = opened(room, NULL);
		uint32_t page;

		assert_int_equal(vault_take(vault, &mia, 1, &slot, &key), 0);
		assert_int_equal(vault_used_set(&used, slot.number), 0);
		vault_free(vault);
		page = slot.number / 127 + 1;
		room_write(room, VAULT_FILE, 4096 * (off_t)page + at[i], bad[i], 1);
		vault = opened(room, &used);
		assert_int_equal(vault_get(vault, &slot, &mia, 1, &again), 0);
		for (int n = 0; n < 1500; n++) {
			struct secret *other = NULL;
			struct vault_slot taken;

			assert_int_equal(vault_take(vault, &leo, 1, &taken, &other), 0);
			assert_int_not_equal(taken.number / 127, page);
			secret_free(other);
		}
		vault_free(vault);
		vault_used_clear(&used);
		secret_free(again);
		secret_free(key);
	}
}

/* The power went while the file grew: half a page, and one of zeros, hold nobody's key. */
static void test_cut_growth_is_mended(void **state)
{
	struct room *room = *state;
	static const char zeros[4096 + 100];
	off_t size;

	vault_free(opened(room, NULL));
	size = room_size(room, VAULT_FILE);
	room_write(room, VAULT_FILE, size, zeros, sizeof(zeros));
	vault_free(opened(room, NULL));
	vault_free(opened(room, NULL));
}

static void key_turn(uint8_t key[static KEY_BYTES])
{
	uint8_t next[HASH_BYTES];

	crypt_hash_keyed(key, KEY_BYTES, "next", 4, next);
	memcpy(key, next, KEY_BYTES);
}

static void test_r14_replaced_in_place_and_nowhere_else(void **state)
{
	struct room *room = *state;
	struct vault *vault = opened(room, NULL);
	struct secret *first = NULL, *second = NULL, *again = NULL;
	const off_t size = room_size(room, VAULT_FILE);
	struct vault_slot slot, old;

	assert_int_equal(vault_take(vault, &mia, 18, &slot, &first), 0);
	assert_int_equal(secret_random(KEY_BYTES, &second), 0);
	old = slot;
	/* Not her own: left alone. */
	assert_int_equal(vault_replace(vault, &slot, &leo, 18, second), ANSWER_FAILED);
	assert_int_equal(room_count(room, VAULT_FILE, first->bytes, KEY_BYTES), 1);
	assert_int_equal(vault_replace(vault, &slot, &mia, 18, second), 0);
	assert_int_equal(room_count(room, VAULT_FILE, first->bytes, KEY_BYTES), 0);
	assert_int_equal(room_count(room, VAULT_FILE, second->bytes, KEY_BYTES), 1);
	assert_int_equal(room_size(room, VAULT_FILE), size);
	assert_int_equal(vault_get(vault, &slot, &mia, 18, &again), 0);
	assert_memory_equal(again->bytes, second->bytes, KEY_BYTES);
	secret_free(again);
	assert_int_equal(vault_get(vault, &old, &mia, 18, &again), ANSWER_FAILED);
	secret_free(first);
	secret_free(second);
	vault_free(vault);
}

static void test_r14_a_slot_that_is_behind_follows(void **state)
{
	struct room *room = *state;
	struct vault *vault = opened(room, NULL);
	struct secret *key = NULL, *due = NULL;
	struct vault_slot slot;

	assert_int_equal(vault_take(vault, &mia, 18, &slot, &key), 0);
	/* As it is. */
	assert_int_equal(vault_follow(vault, &slot, &mia, 18, key_turn, 4, &due), 0);
	assert_memory_equal(due->bytes, key->bytes, KEY_BYTES);
	secret_free(due);
	for (int i = 0; i < 5; i++)
		key_turn(key->bytes);
	vault_tag(key->bytes, &mia, 18, slot.tag);
	/* Too far, and another owner: the slot is not touched. */
	assert_int_equal(vault_follow(vault, &slot, &mia, 18, key_turn, 4, &due), ANSWER_FAILED);
	assert_int_equal(vault_follow(vault, &slot, &leo, 18, key_turn, 9, &due), ANSWER_FAILED);
	assert_int_equal(room_count(room, VAULT_FILE, key->bytes, KEY_BYTES), 0);
	assert_int_equal(vault_follow(vault, &slot, &mia, 18, key_turn, 5, &due), 0);
	assert_memory_equal(due->bytes, key->bytes, KEY_BYTES);
	assert_int_equal(room_count(room, VAULT_FILE, key->bytes, KEY_BYTES), 1);
	secret_free(due);
	secret_free(key);
	vault_free(vault);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, room_drop)
	const struct CMUnitTest tests[] = {
		TEST(test_key_survives_and_is_on_the_disk_when_taken),
		TEST(test_unnamed_slots_get_fresh_keys_at_start),
		TEST(test_r4_erased_in_place),
		TEST(test_wrong_tag_never_zeroes_another_key),
		TEST(test_returned_slots_are_renewed_and_none_given_twice),
		TEST(test_damaged_and_foreign_files_are_refused),
		TEST(test_damaged_page_without_an_owner_is_set_aside),
		TEST(test_cut_growth_is_mended),
		TEST(test_r14_replaced_in_place_and_nowhere_else),
		TEST(test_r14_a_slot_that_is_behind_follows),
	};

	return cmocka_run_group_tests_name("vault", tests, NULL, NULL);
}
