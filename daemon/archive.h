/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is kept: items of one to three sealed parts, and the copies of adults' items that were
 * approved for export. The archive stores and hands out ciphertext and slot keys; it can open
 * neither, and shows nothing that is tombstoned or past its expiry.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "age.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/kind.h"
#include "crypt/envelope.h"
#include "kept.h"
#include "store/store.h"
#include "vault/vault.h"

struct archive;
struct export_item_row;

struct archive_config {
	struct store *store;
	struct vault *vault;
	struct age *age;
	uint64_t max_items;		/* 0: no such limit */
	uint64_t max_bytes;		/* of ciphertext; 0: no such limit */
};

int archive_new(const struct archive_config *config, struct archive **ret);
struct archive *archive_free(struct archive *archive);
CLEANUP_DEFINE(struct archive *, archive_free)

/* Parts that had lost their keys at start (lost.h), as after an old database was put back. */
uint64_t archive_lost(const struct archive *archive);

/* An erasure has made it less: counted anew when the quota asks for it. */
void archive_recount(struct archive *archive);

/* Runs inside the transaction of what it records, before the commit: the place for the access
 * log. Anything but 0 rolls everything back and is returned. */
struct archive_within {
	int (*run)(void *context);
	void *context;
};

/* ---- In ---- */

/* An item (or copy) that has an id and slots, and nothing on the disk yet. */
struct archive_draft {
	struct archive *archive;
	struct id id;
	struct id profile;
	struct id source;		/* of a copy: the item it is made of */
	unsigned n_parts;
	struct {
		enum kind kind;
		struct vault_slot slot;
	} parts[KIND_MAX];
	/* n_parts keys of KEY_BYTES, in the order of parts: to seal under, and as they are in the
	 * slots, without the profile's veil (veil.h). */
	struct secret *keys;
	struct secret *slot_keys;
};

/* Kinds in the order asked for, each once. ANSWER_QUOTA_EXCEEDED, ANSWER_INVALID_ARGUMENT.
 * ANSWER_NOT_FOUND: no such profile, or it is being removed. */
int archive_begin(struct archive *archive, const struct id *profile, const enum kind *kinds,
		  unsigned n_kinds, struct archive_draft **ret, struct why *why);
/* Freeing a draft that was not committed gives its slots back; freed slots get fresh keys. */
struct archive_draft *archive_draft_free(struct archive_draft *draft);
CLEANUP_DEFINE(struct archive_draft *, archive_draft_free)

struct archive_body {
	enum kind kind;
	const void *sealed;
	size_t bytes;
	uint32_t keep_s;		/* 60 to kind_keep_max_s(kind) */
	int64_t expires_min;		/* out */
};

struct archive_keep {
	struct id profile;
	uint32_t uid;			/* of the ear or parent that told it */
	struct envelope_header header;
	struct archive_body *bodies;	/* in the order of the draft's parts */
	unsigned n_bodies;
};

/*
 * One transaction: item, parts, bodies, and `within`. When it returns 0 the item is durable, and
 * the draft has nothing left to give back (free it all the same). ANSWER_NOT_FOUND: no such
 * profile, or it is being removed. ANSWER_INVALID_ARGUMENT, ANSWER_QUOTA_EXCEEDED (full disk, too).
 */
int archive_commit(struct archive *archive, struct archive_draft *draft, struct archive_keep *keep,
		   const struct archive_within *within, struct why *why);

/* ---- Selecting and listing ---- */

#define ARCHIVE_PAGE_MAX 500
/* About 2 MiB as Archive.ListMany hands them out: so long nobody else is answered. */
#define ARCHIVE_MANY_MAX 25000
#define ARCHIVE_CURSOR_TEXT 40

/*
 * Newest first, at most `limit` (no more than ARCHIVE_MANY_MAX; 0: ARCHIVE_PAGE_MAX) from `cursor`
 * ("" or NULL: the start) on. ret_cursor is "" at the end. ANSWER_INVALID_ARGUMENT: not a cursor.
 * ANSWER_NOT_FOUND: the selection names a profile, or one of its ids, that is not there.
 */
int archive_list(struct archive *archive, const struct archive_selection *selection,
		 const char *cursor, unsigned limit, struct archive_item **ret_items,
		 size_t *ret_n, char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why);

struct archive_count {
	uint64_t items;
	uint64_t parts;
	uint64_t bytes;
};

/* What erasing the selection would touch (Delete with dry-run, Status). ANSWER_NOT_FOUND as above.
 */
int archive_count(struct archive *archive, const struct archive_selection *selection,
		  struct archive_count *ret, struct why *why);
/* For Status: what can be seen, and items of which something is hidden because the wall clock is
 * far ahead (age.h). */
int archive_count_seen(struct archive *archive, uint64_t *ret_items, uint64_t *ret_hidden);
/* Copies that could be exported now. */
int archive_count_copies(struct archive *archive, uint64_t *ret_n);

/* Where an item belongs, without opening it. ANSWER_NOT_FOUND. */
int archive_find(struct archive *archive, const struct id *id, struct archive_item *ret,
		 struct why *why);

/* Parts of this profile and kind expire keep_s after they were made, if that is sooner (R3). Inside
 * or outside a transaction. */
int archive_shorten(struct archive *archive, const struct id *profile, enum kind kind,
		    uint32_t keep_s);

/* ---- Out ---- */

/* Ciphertext of one item or copy, and its slot keys. */
struct archive_opened {
	struct id profile;
	struct envelope_header header;
	unsigned n_parts;
	struct {
		enum kind kind;
		uint64_t offset;	/* in bodies */
		uint64_t bytes;
	} parts[KIND_MAX];
	uint8_t *bodies;
	size_t n_bodies;
	struct secret *keys;		/* n_parts keys of KEY_BYTES, in the order of parts */
};

/* kinds: bit 1 << kind each; 0: all there are. ANSWER_NOT_FOUND: no such item, or none of these
 * kinds. ANSWER_FAILED: a body is not what was stored. */
int archive_open(struct archive *archive, const struct id *id, unsigned kinds,
		 struct archive_opened **ret, struct why *why);
struct archive_opened *archive_opened_free(struct archive_opened *opened);
CLEANUP_DEFINE(struct archive_opened *, archive_opened_free)

/* ---- Copies of adults' items, approved for export ---- */

/* A draft of a copy with the kinds of its source that can be exported (audio, transcript).
 * ANSWER_NOT_AUTHORIZED: the item is not an adult's. ANSWER_EXISTS: it has a copy already. */
int archive_copy_begin(struct archive *archive, const struct id *item, struct archive_draft **ret,
		       struct why *why);

struct archive_approve {
	const char *purpose;
	const char *recipient;
	const char *review;		/* "named", "heard", "batch" */
	struct envelope_header header;	/* sealed to the release key */
	struct archive_body *bodies;	/* keep_s caps them; none outlives its source's part */
	unsigned n_bodies;
};

int archive_copy_commit(struct archive *archive, struct archive_draft *draft,
			struct archive_approve *approve, const struct archive_within *within,
			struct why *why);

/* As archive_list; fewer a page where purpose and recipient are long. purpose, recipient: NULL for
 * any. Free with archive_copies_free. */
int archive_copy_list(struct archive *archive, const char *purpose, const char *recipient,
		      const char *cursor, unsigned limit, struct archive_copy **ret_copies,
		      size_t *ret_n, char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why);
/* What an export hands out (store/lineage.h). */
int archive_copy_open(struct archive *archive, const struct export_item_row *row,
		      struct archive_opened **ret, struct why *why);
/* As archive_list: items of adults (profile NULL: of all) that nobody approved or refused. */
int archive_candidates(struct archive *archive, const struct id *profile, const char *cursor,
		       unsigned limit, struct archive_item **ret_items, size_t *ret_n,
		       char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why);
