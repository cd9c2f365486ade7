/* SPDX-License-Identifier: Apache-2.0 */
/* The way out, short of erasing: listing, counting, opening. What is tombstoned or past its expiry
 * is never shown, and a body that is not what was stored is never handed out. */

#include "archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deposit.h"
#include "lost.h"
#include "store/copy.h"
#include "store/leap.h"
#include "store/lineage.h"
#include "store/selection.h"
#include "veil.h"

int archive_new(const struct archive_config *config, struct archive **ret)
{
	struct archive *archive = calloc(1, sizeof(*archive));
	int r;

	if (!archive)
		return fault_origin(-ENOMEM);
	archive->config = *config;
	r = lost_hide(config->store, config->vault, &archive->lost);
	if (r != 0) {
		free(archive);
		return fault_trace(r);
	}
	*ret = archive;
	return 0;
}

uint64_t archive_lost(const struct archive *archive)
{
	return archive->lost;
}

struct archive *archive_free(struct archive *archive)
{
	free(archive);
	return NULL;
}

void archive_recount(struct archive *archive)
{
	archive->less = true;
}

static bool room_there(const struct archive *archive, uint64_t more_items, uint64_t more_bytes)
{
	const struct archive_config *config = &archive->config;

	return (config->max_items == 0 || archive->items + more_items <= config->max_items) &&
	       (config->max_bytes == 0 || archive->bytes + more_bytes <= config->max_bytes);
}

/* Counting takes as long as there is much: only where what is known does not do. */
static int load_know(struct archive *archive, uint64_t more_items, uint64_t more_bytes)
{
	int r;

	if (archive->counted && (!archive->less || room_there(archive, more_items, more_bytes)))
		return 0;
	r = store_load(archive->config.store, &archive->items, &archive->bytes);
	if (r != 0)
		return fault_trace(r);
	archive->counted = true;
	archive->less = false;
	return 0;
}

int archive_room(struct archive *archive, uint64_t more_items, uint64_t more_bytes, struct why *why)
{
	const struct archive_config *config = &archive->config;
	int r = load_know(archive, more_items, more_bytes);

	if (r != 0)
		return fault_trace(r);
	if (room_there(archive, more_items, more_bytes))
		return 0;
	if (config->max_items > 0 && archive->items + more_items > config->max_items)
		return answer_why(why, ANSWER_QUOTA_EXCEEDED,
				  "%" PRIu64 " items are kept, which is the "
				  "limit; delete some, or raise items in cubbyd.conf",
				  archive->items);
	return answer_why(why, ANSWER_QUOTA_EXCEEDED,
			  "%" PRIu64 " of %" PRIu64 " bytes are in "
			  "use; delete some items, or raise megabytes in cubbyd.conf",
			  archive->bytes, config->max_bytes);
}

/* A cursor is the place of the last item given: minute and row, in hex. From page to page it falls,
 * and clients hold the keeper to that. */
static int cursor_parse(const char *text, struct store_cursor *ret, struct why *why)
{
	uint64_t started, item;
	char rest;

	*ret = (struct store_cursor){ INT64_MAX, INT64_MAX };
	if (!text || !*text)
		return 0;
	if (strlen(text) != 32 || strspn(text, "0123456789abcdef") != 32 ||
	    sscanf(text, "%16" SCNx64 "%16" SCNx64 "%c", &started, &item, &rest) != 2 ||
	    started > INT64_MAX || item > INT64_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "this is not a cursor of List; pass the one it returned, or "
				  "none");
	*ret = (struct store_cursor){ (int64_t)started, (int64_t)item };
	return 0;
}

static void cursor_text(const struct store_cursor *place, char ret[static ARCHIVE_CURSOR_TEXT])
{
	snprintf(ret, ARCHIVE_CURSOR_TEXT, "%016" PRIx64 "%016" PRIx64,
		 (uint64_t)place->started_min, (uint64_t)place->item);
}

int archive_list(struct archive *archive, const struct archive_selection *selection,
		 const char *cursor, unsigned limit, struct archive_item **ret_items,
		 size_t *ret_n, char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why)
{
	const size_t room = limit == 0 ? ARCHIVE_PAGE_MAX :
			    limit < ARCHIVE_MANY_MAX ? limit : ARCHIVE_MANY_MAX;
	const struct sight sight = age_sight(archive->config.age);
	struct store *store = archive->config.store;
	_cleanup_(cleanup_free) struct archive_item *items = NULL;
	struct store_cursor place;
	uint64_t chosen;
	size_t n = 0;
	bool more = false;
	int r;

	r = cursor_parse(cursor, &place, why);
	if (r != 0)
		return r;
	if (selection->n_ids > 0)
		r = store_choose(store, selection, &sight, &chosen, why);
	else
		r = store_profile_check(store, selection->profile, why);
	if (r != 0)
		return fault_trace(r);
	items = calloc(room, sizeof(*items));
	if (!items)
		return fault_origin(-ENOMEM);
	r = store_list(store, selection, &sight, &place, items, room, &n, &more);
	if (r != 0)
		return fault_trace(r);
	ret_cursor[0] = '\0';
	if (more)
		cursor_text(&place, ret_cursor);
	*ret_items = take(items);
	*ret_n = n;
	return 0;
}

int archive_count(struct archive *archive, const struct archive_selection *selection,
		  struct archive_count *ret, struct why *why)
{
	struct store *store = archive->config.store;
	struct archive_count count = { 0 };
	int r;

	if (selection->n_ids == 0 && !selection->profile && selection->since_min == 0 &&
	    selection->until_min == 0 && selection->kinds == 0) {
		r = store_count(store, &count.items, &count.parts, &count.bytes);
	} else {
		r = store_choose(store, selection, SIGHT_ALL, &count.items, why);
		if (r == 0)
			r = store_chosen_count(store, selection->kinds, &count.parts, &count.bytes);
	}
	if (r == 0)
		*ret = count;
	return fault_trace(r);
}

int archive_count_seen(struct archive *archive, uint64_t *ret_items, uint64_t *ret_hidden)
{
	const struct sight sight = age_sight(archive->config.age);
	struct archive_count count;
	int r;

	/* The rule: nothing is hidden, and the count needs no look at each item. */
	if (sight.ahead_min == 0) {
		r = store_count(archive->config.store, &count.items, &count.parts, &count.bytes);
		if (r != 0)
			return fault_trace(r);
		*ret_items = count.items;
		*ret_hidden = 0;
		return 0;
	}
	return fault_trace(store_count_seen(archive->config.store, &sight, ret_items,
					    ret_hidden));
}

int archive_count_copies(struct archive *archive, uint64_t *ret_n)
{
	const struct sight sight = age_sight(archive->config.age);

	return fault_trace(store_copies_count(archive->config.store, &sight, ret_n));
}

static int item_gone(const struct id *id, struct why *why)
{
	char text[ID_TEXT];

	return answer_why(why, ANSWER_NOT_FOUND,
			  "there is no item %s; cubby list shows what there is", id_text(id, text));
}

int archive_find(struct archive *archive, const struct id *id, struct archive_item *ret,
		 struct why *why)
{
	struct part_row parts[KIND_MAX];
	struct archive_item item;
	const struct sight sight = age_sight(archive->config.age);
	struct item_row row;
	unsigned n = 0;
	int r;

	r = store_item_find(archive->config.store, id, &row);
	if (r == 0)
		r = store_parts_find(archive->config.store, row.item, &sight, parts, &n);
	if (r == ANSWER_NOT_FOUND || (r == 0 && n == 0))
		return item_gone(id, why);
	if (r != 0)
		return fault_trace(r);
	item = (struct archive_item){ .id = row.id, .profile = row.profile,
				      .started_min = row.started_min, .n_parts = n };
	for (unsigned i = 0; i < n; i++)
		item.parts[i] = (struct archive_part){ parts[i].kind, parts[i].expires_min,
						       parts[i].bytes };
	*ret = item;
	return 0;
}

int archive_shorten(struct archive *archive, const struct id *profile, enum kind kind,
		    uint32_t keep_s)
{
	return fault_trace(store_parts_shorten(archive->config.store, profile, kind,
					       keep_s < 60 ? 1 : keep_s / 60));
}

struct archive_opened *archive_opened_free(struct archive_opened *opened)
{
	if (!opened)
		return NULL;
	free(opened->bodies);
	secret_free(opened->keys);
	free(opened);
	return NULL;
}

/* One part, its ciphertext and its key, behind what is there already. */
static int part_open(struct archive *archive, const struct id *owner, const struct part_row *row,
		     const struct secret *veil, struct archive_opened *opened, struct why *why)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	uint8_t hash[HASH_BYTES];
	uint8_t *at = opened->bodies + opened->n_bodies;
	int r;

	r = store_body_read(archive->config.store, row->body, at, row->bytes);
	if (r == 0) {
		crypt_hash(at, row->bytes, hash);
		r = crypt_equal(hash, row->hash, HASH_BYTES) ? 0 : ANSWER_FAILED;
	}
	if (r > 0)
		return answer_why(why, ANSWER_FAILED,
				  "the stored %s is damaged and cannot be opened; check the disk",
				  kind_name((int)row->kind));
	if (r == 0)
		r = vault_get(archive->config.vault, &row->slot, owner, (int)row->kind, &key);
	if (r > 0)
		return answer_why(why, ANSWER_FAILED,
				  "the key of the stored %s is %s; it cannot be opened any more",
				  kind_name((int)row->kind),
				  r == ANSWER_NOT_FOUND ? "erased" : "not its own");
	if (r < 0)
		return fault_trace(r);
	if (row->veiled)
		veil_turn(veil, owner, (int)row->kind, key->bytes);
	memcpy(opened->keys->bytes + opened->n_parts * KEY_BYTES, key->bytes, KEY_BYTES);
	opened->parts[opened->n_parts].kind = row->kind;
	opened->parts[opened->n_parts].offset = opened->n_bodies;
	opened->parts[opened->n_parts].bytes = row->bytes;
	opened->n_parts++;
	opened->n_bodies += row->bytes;
	return 0;
}

static int opened_make(struct archive *archive, const struct item_row *row,
		       const struct part_row *parts, unsigned n, struct archive_opened **ret,
		       struct why *why)
{
	_cleanup_(archive_opened_freep) struct archive_opened *opened = calloc(1, sizeof(*opened));
	_cleanup_(secret_freep) struct secret *veil = NULL;
	bool veiled = false;
	size_t bytes = 0;
	int r = 0;

	if (!opened)
		return fault_origin(-ENOMEM);
	for (unsigned i = 0; i < n; i++) {
		bytes += parts[i].bytes;
		veiled |= parts[i].veiled;
	}
	if (veiled)
		r = veil_get(archive->config.store, archive->config.vault, &row->profile, &veil);
	if (r > 0)
		return answer_why(why, ANSWER_FAILED,
				  "the key of this item's profile is lost; it cannot be opened any "
				  "more");
	if (r < 0)
		return fault_trace(r);
	opened->profile = row->profile;
	opened->header = row->header;
	opened->bodies = malloc(bytes);
	if (!opened->bodies)
		return fault_origin(-ENOMEM);
	r = secret_new(n * KEY_BYTES, &opened->keys);
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = part_open(archive, &row->id, &parts[i], veil, opened, why);
	if (r != 0)
		return fault_trace(r);
	*ret = take(opened);
	return 0;
}

int archive_open(struct archive *archive, const struct id *id, unsigned kinds,
		 struct archive_opened **ret, struct why *why)
{
	struct part_row parts[KIND_MAX];
	const struct sight sight = age_sight(archive->config.age);
	struct item_row row;
	unsigned n = 0, n_wanted = 0;
	int r;

	r = store_item_find(archive->config.store, id, &row);
	if (r == 0)
		r = store_parts_find(archive->config.store, row.item, &sight, parts, &n);
	if (r == ANSWER_NOT_FOUND || (r == 0 && n == 0))
		return item_gone(id, why);
	if (r != 0)
		return fault_trace(r);
	for (unsigned i = 0; i < n; i++)
		if (kinds == 0 || kinds & 1u << parts[i].kind)
			parts[n_wanted++] = parts[i];
	if (n_wanted == 0)
		return answer_why(why, ANSWER_NOT_FOUND,
				  "this item has none of the kinds asked for; \"cubby show\" tells "
				  "what is kept of it");
	return fault_trace(opened_make(archive, &row, parts, n_wanted, ret, why));
}

int archive_copy_list(struct archive *archive, const char *purpose, const char *recipient,
		      const char *cursor, unsigned limit, struct archive_copy **ret_copies,
		      size_t *ret_n, char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why)
{
	const size_t room = limit > 0 && limit < ARCHIVE_PAGE_MAX ? limit : ARCHIVE_PAGE_MAX;
	const struct sight sight = age_sight(archive->config.age);
	struct store_cursor place;
	bool more = false;
	int r;

	r = cursor_parse(cursor, &place, why);
	if (r == 0)
		r = store_copy_list(archive->config.store, purpose, recipient, &sight, &place.item,
				    room, ret_copies, ret_n, &more);
	if (r != 0)
		return fault_trace(r);
	ret_cursor[0] = '\0';
	if (more)
		cursor_text(&place, ret_cursor);
	return 0;
}

int archive_copy_open(struct archive *archive, const struct export_item_row *row,
		      struct archive_opened **ret, struct why *why)
{
	const struct item_row item = {
		.id = row->copy, .profile = row->profile, .header = row->header,
	};

	return fault_trace(opened_make(archive, &item, row->parts, row->n_parts, ret, why));
}

int archive_candidates(struct archive *archive, const struct id *profile, const char *cursor,
		       unsigned limit, struct archive_item **ret_items, size_t *ret_n,
		       char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why)
{
	const size_t room = limit > 0 && limit < ARCHIVE_PAGE_MAX ? limit : ARCHIVE_PAGE_MAX;
	_cleanup_(cleanup_free) struct archive_item *items = calloc(room, sizeof(*items));
	const struct sight sight = age_sight(archive->config.age);
	struct store_cursor place;
	bool more = false;
	int r;

	if (!items)
		return fault_origin(-ENOMEM);
	r = cursor_parse(cursor, &place, why);
	if (r == 0)
		r = store_candidates(archive->config.store, profile, &sight, &place, items, room,
				     ret_n, &more);
	if (r != 0)
		return fault_trace(r);
	ret_cursor[0] = '\0';
	if (more)
		cursor_text(&place, ret_cursor);
	*ret_items = take(items);
	return 0;
}
