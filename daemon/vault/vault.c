/* SPDX-License-Identifier: Apache-2.0 */
/* The slot file. It must never overwrite a key that is not the one its owner's tag names, never
 * hand out a key that is not on the disk yet, and never hand out one twice. */

#include "vault/core.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "failpoint.h"
#include "secure.h"
#include "vault/page.h"

#define GROW_PAGES 8
/* Below this many fresh keys an idle moment is used to make more. */
#define FRESH_LOW 256

static int numbers_push(struct numbers *numbers, uint32_t number)
{
	if (numbers->n == numbers->room) {
		size_t room = numbers->room ? 2 * numbers->room : 256;
		uint32_t *list = realloc(numbers->list, room * sizeof(*list));

		if (!list)
			return fault_origin(-ENOMEM);
		numbers->list = list;
		numbers->room = room;
	}
	numbers->list[numbers->n++] = number;
	return 0;
}

int vault_sync(struct vault *vault)
{
	if (seeded(SEEDED_NO_SYNC))
		return 0;
	return fdatasync(vault->fd) < 0 ? fault_origin(-errno) : 0;
}

static int page_make(struct vault *vault, uint32_t number)
{
	uint8_t page[PAGE_BYTES];
	int r;

	page_header_make(page, number);
	crypt_random(page + PAGE_HEADER_BYTES, PAGE_BYTES - PAGE_HEADER_BYTES);
	r = file_pwrite(vault->fd, page, PAGE_BYTES, (off_t)number * PAGE_BYTES);
	secret_wipe(page, sizeof(page));
	return fault_trace(r);
}

/* New pages at the end: their keys are fresh once the sync is through, and only then.
 * ANSWER_QUOTA_EXCEEDED: the disk is full. */
static int vault_grow(struct vault *vault)
{
	const uint32_t first = vault->n_pages;
	int r;

	r = posix_fallocate(vault->fd, (off_t)first * PAGE_BYTES, GROW_PAGES * PAGE_BYTES);
	if (r != 0)
		return r == ENOSPC || r == EDQUOT ? ANSWER_QUOTA_EXCEEDED : fault_origin(-r);
	for (uint32_t page = first; page < first + GROW_PAGES; page++) {
		r = page_make(vault, page);
		if (r < 0)
			return fault_trace(r);
	}
	failpoint("vault-pages-written");
	r = vault_sync(vault);
	if (r < 0)
		return fault_trace(r);
	failpoint("vault-pages-synced");
	vault->n_pages = first + GROW_PAGES;
	for (uint32_t slot = first * PAGE_SLOTS; slot < vault->n_pages * PAGE_SLOTS; slot++) {
		r = numbers_push(&vault->fresh, slot);
		if (r < 0)
			return fault_trace(r);
	}
	return 0;
}

/* Fresh keys into the stale slots, one sync for all. Only their own 32 bytes are written. */
static int stale_renew(struct vault *vault)
{
	int r = 0;

	if (vault->stale.n == 0)
		return 0;
	for (size_t i = 0; r == 0 && i < vault->stale.n; i++) {
		uint8_t key[PAGE_SLOT_BYTES];

		crypt_random(key, sizeof(key));
		r = file_pwrite(vault->fd, key, sizeof(key),
				page_slot_offset(vault->stale.list[i]));
		secret_wipe(key, sizeof(key));
	}
	if (r < 0)
		return fault_trace(r);
	failpoint("vault-keys-renewed");
	r = vault_sync(vault);
	if (r < 0)
		return fault_trace(r);
	failpoint("vault-keys-synced");
	while (vault->stale.n > 0) {
		r = numbers_push(&vault->fresh, vault->stale.list[vault->stale.n - 1]);
		if (r < 0)
			return fault_trace(r);
		vault->stale.n--;
	}
	return 0;
}

static int page_refuse(enum page_state state, uint32_t n, const char *dir, struct why *why)
{
	if (state == PAGE_NEWER)
		return answer_why(why, ANSWER_FAILED,
				  "%s/" VAULT_FILE " was written by another "
				  "version of Cubby; install that one again",
				  dir);
	return answer_why(why, ANSWER_FAILED,
			  "page %u of %s/" VAULT_FILE " is damaged or not "
			  "a page of slots; without it items cannot be opened; put a "
			  "good copy back, or move the whole directory away to begin "
			  "anew",
			  n, dir);
}

static bool page_named(const struct vault_used *used, uint32_t n)
{
	for (uint32_t slot = n * PAGE_SLOTS; slot < (n + 1) * PAGE_SLOTS; slot++)
		if (vault_used_get(used, slot))
			return true;
	return false;
}

/* A page that never came to be holds nothing and may be made again. A damaged one that nobody's key
 * is on is left as it is, and its slots are never used; a file of such pages alone is not ours. */
static int pages_look(struct vault *vault, const char *dir, const struct vault_used *used,
		      struct why *why)
{
	enum page_state state, aside = PAGE_GOOD;
	uint32_t n_good = 0, n_aside = 0;
	uint8_t page[PAGE_BYTES];
	int r = 0;

	for (uint32_t n = 0; r == 0 && n < vault->n_pages; n++) {
		const bool named = page_named(used, n);

		r = file_pread(vault->fd, page, PAGE_BYTES, (off_t)n * PAGE_BYTES);
		if (r < 0)
			break;
		state = page_look(page, n);
		if (state != PAGE_GOOD && named)
			r = page_refuse(state, n, dir, why);
		else if (state == PAGE_BLANK && n_aside == 0)
			r = page_make(vault, n);
		else if (state != PAGE_GOOD) {
			aside = state;
			n_aside++;
			continue;
		}
		n_good++;
		for (uint32_t slot = n * PAGE_SLOTS; r == 0 && slot < (n + 1) * PAGE_SLOTS; slot++)
			if (!vault_used_get(used, slot))
				r = numbers_push(&vault->stale, slot);
	}
	secret_wipe(page, sizeof(page));
	if (r == 0 && n_aside > 0 && n_good == 0)
		return page_refuse(aside, 0, dir, why);
	if (r == 0 && n_aside > 0)
		log_warning("%u pages of %s/" VAULT_FILE " are damaged; nobody's key is on them, "
			    "and they are not used any more; check the disk", n_aside, dir);
	return fault_trace(r);
}

static int file_open(struct vault *vault, const char *dir, struct why *why)
{
	_cleanup_(cleanup_close) int dir_fd = -1;
	bool there = false;
	int r;

	r = secure_dir_open(dir, &dir_fd, why);
	if (r == 0)
		r = secure_file_check(dir_fd, dir, VAULT_FILE, &there, why);
	if (r != 0)
		return fault_trace(r);
	vault->fd = openat(dir_fd, VAULT_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (vault->fd < 0)
		return answer_why(why, ANSWER_FAILED,
				  "cannot open %s/" VAULT_FILE " (%m); check that "
				  "the disk is mounted read-write",
				  dir);
	if (!there && fsync(dir_fd) < 0)
		return fault_origin(-errno);
	return 0;
}

int vault_open(const char *dir, const struct vault_used *used, struct vault **ret, struct why *why)
{
	_cleanup_(vault_freep) struct vault *vault = calloc(1, sizeof(*vault));
	struct stat st;
	int r;

	if (!vault)
		return fault_origin(-ENOMEM);
	vault->fd = -1;
	r = file_open(vault, dir, why);
	if (r != 0)
		return fault_trace(r);
	if (fstat(vault->fd, &st) < 0)
		return fault_origin(-errno);
	/* What lies behind the last whole page is a page that never came to be. */
	vault->n_pages = (uint32_t)(st.st_size / PAGE_BYTES);
	for (uint32_t slot = vault->n_pages * PAGE_SLOTS; slot < used->n_words * 64; slot++)
		if (vault_used_get(used, slot))
			return answer_why(why, ANSWER_FAILED,
					  "%s/" VAULT_FILE " ends before slot %u, which "
					  "the database names; the two do not belong together; put "
					  "back the one that does",
					  dir, slot);
	r = pages_look(vault, dir, used, why);
	if (r == 0)
		r = stale_renew(vault);
	if (r == 0)
		r = vault_refill(vault);
	if (r != 0)
		return fault_trace(r);
	*ret = take(vault);
	return 0;
}

struct vault *vault_free(struct vault *vault)
{
	if (!vault)
		return NULL;
	if (vault->fd >= 0)
		close(vault->fd);
	free(vault->fresh.list);
	free(vault->stale.list);
	free(vault);
	return NULL;
}

int vault_look(struct vault *vault, const struct vault_slot *slot, const struct id *owner, int kind,
	       uint8_t ret_key[static KEY_BYTES], enum slot_state *ret)
{
	static const uint8_t erased[KEY_BYTES];
	uint8_t tag[VAULT_TAG_BYTES];
	int r;

	if (slot->number >= vault->n_pages * PAGE_SLOTS) {
		*ret = SLOT_OTHERS;
		return 0;
	}
	r = file_pread(vault->fd, ret_key, KEY_BYTES, page_slot_offset(slot->number));
	if (r < 0)
		return fault_trace(r);
	vault_tag(ret_key, owner, kind, tag);
	if (crypt_equal(ret_key, erased, KEY_BYTES))
		*ret = SLOT_ERASED;
	else
		*ret = crypt_equal(tag, slot->tag, VAULT_TAG_BYTES) ? SLOT_OWNED : SLOT_OTHERS;
	return 0;
}

int vault_take(struct vault *vault, const struct id *owner, int kind, struct vault_slot *ret_slot,
	       struct secret **ret_key)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	uint32_t number;
	int r;

	if (vault->fresh.n == 0) {
		r = vault_refill(vault);
		if (r != 0)
			return fault_trace(r);
	}
	r = secret_new(KEY_BYTES, &key);
	if (r < 0)
		return fault_trace(r);
	number = vault->fresh.list[vault->fresh.n - 1];
	r = file_pread(vault->fd, key->bytes, KEY_BYTES, page_slot_offset(number));
	if (r < 0)
		return fault_trace(r);
	vault->fresh.n--;
	ret_slot->number = number;
	vault_tag(key->bytes, owner, kind, ret_slot->tag);
	*ret_key = take(key);
	return 0;
}

int vault_get(struct vault *vault, const struct vault_slot *slot, const struct id *owner, int kind,
	      struct secret **ret_key)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	enum slot_state state;
	int r;

	r = secret_new(KEY_BYTES, &key);
	if (r == 0)
		r = vault_look(vault, slot, owner, kind, key->bytes, &state);
	if (r < 0)
		return fault_trace(r);
	if (state == SLOT_ERASED)
		return ANSWER_NOT_FOUND;
	if (state == SLOT_OTHERS)
		return ANSWER_FAILED;
	*ret_key = take(key);
	return 0;
}

int vault_owns(struct vault *vault, const struct vault_slot *slot, const struct id *owner,
	       int kind)
{
	enum slot_state state = SLOT_OTHERS;
	uint8_t key[KEY_BYTES];
	int r = vault_look(vault, slot, owner, kind, key, &state);

	secret_wipe(key, sizeof(key));
	if (r < 0)
		return fault_trace(r);
	return state == SLOT_OWNED ? 0 : state == SLOT_ERASED ? ANSWER_NOT_FOUND : ANSWER_FAILED;
}

int vault_erase_lost(struct vault *vault, uint32_t number)
{
	static const uint8_t erased[KEY_BYTES];
	int r;

	if (number >= vault->n_pages * PAGE_SLOTS)
		return ANSWER_FAILED;
	r = file_pwrite(vault->fd, erased, KEY_BYTES, page_slot_offset(number));
	if (r == 0)
		r = vault_sync(vault);
	return fault_trace(r);
}

int vault_erase(struct vault *vault, struct vault_erasure *erasures, size_t n)
{
	static const uint8_t erased[KEY_BYTES];
	uint8_t key[KEY_BYTES];
	enum slot_state state;
	bool refused = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct vault_erasure *e = &erasures[i];

		r = vault_look(vault, &e->slot, &e->owner, e->kind, key, &state);
		if (r < 0)
			break;
		e->refused = state == SLOT_OTHERS;
		refused |= e->refused;
		/* Zeros already there are written again: after a sync that failed the kernel may
		 * take them for written, while the disk still holds the key. */
		if (state != SLOT_OTHERS && !seeded(SEEDED_SLOT_NOT_ZEROED))
			r = file_pwrite(vault->fd, erased, KEY_BYTES,
					page_slot_offset(e->slot.number));
		failpoint("erase-slot-zeroed");
	}
	secret_wipe(key, sizeof(key));
	if (r == 0)
		r = vault_sync(vault);
	if (r < 0)
		return fault_trace(r);
	failpoint("erase-slots-synced");
	return refused ? ANSWER_FAILED : 0;
}

int vault_clear(struct vault *vault)
{
	static const uint8_t erased[PAGE_SLOTS * PAGE_SLOT_BYTES];
	int r = 0;

	/* Nobody may be given a key that is zero by now. */
	while (r == 0 && vault->fresh.n > 0) {
		r = numbers_push(&vault->stale, vault->fresh.list[vault->fresh.n - 1]);
		if (r == 0)
			vault->fresh.n--;
	}
	for (uint32_t page = 0; r == 0 && page < vault->n_pages; page++)
		r = file_pwrite(vault->fd, erased, sizeof(erased),
				page_slot_offset(page * PAGE_SLOTS));
	if (r == 0)
		r = vault_sync(vault);
	return fault_trace(r);
}

size_t vault_free_named(const struct vault *vault, const struct vault_used *used)
{
	size_t n = 0;

	for (size_t i = 0; i < vault->fresh.n; i++)
		n += vault_used_get(used, vault->fresh.list[i]);
	for (size_t i = 0; i < vault->stale.n; i++)
		n += vault_used_get(used, vault->stale.list[i]);
	return n;
}

void vault_return(struct vault *vault, uint32_t number)
{
	/* Out of memory: the slot rests until the next start finds that nobody names it. */
	(void)numbers_push(&vault->stale, number);
}

int vault_refill(struct vault *vault)
{
	int r = stale_renew(vault);

	if (r < 0)
		return fault_trace(r);
	if (vault->fresh.n >= FRESH_LOW)
		return 0;
	r = vault_grow(vault);
	if (r == ANSWER_QUOTA_EXCEEDED && vault->fresh.n > 0)
		return 0;
	return fault_trace(r);
}
