/* SPDX-License-Identifier: Apache-2.0 */
/* Parts on their way out. A tombstone never goes back, and its row never goes before its body. */

#include "store/tombstone.h"

#include <string.h>

#include "store/core.h"
#include "store/seen.h"

STATEMENT(tombstone_parts,
	"UPDATE part SET job = :job WHERE job IS NULL AND (:kinds = 0 OR :kinds & (1 << kind))"
	" AND item IN (SELECT item FROM chosen)");
STATEMENT(tombstone_expired,
	"UPDATE part SET job = :job WHERE job IS NULL AND expires_min <= :now"
	" AND " PART_STAYS);
/* No copy outlives the part it was made of. */
STATEMENT(tombstone_copies,
	"UPDATE copy_part SET job = :job WHERE job IS NULL AND (copy, kind) IN"
	" (SELECT copy.copy, part.kind FROM part CROSS JOIN copy ON copy.item = part.item"
	" WHERE part.job = :job)");
STATEMENT(tombstone_chosen_copies,
	"UPDATE copy_part SET job = :job WHERE job IS NULL AND copy IN"
	" (SELECT copy FROM chosen CROSS JOIN copy ON copy.item = chosen.item)");
STATEMENT(moved_insert, "INSERT INTO moved (job) VALUES (:job)");
STATEMENT(tombstone_expired_copies,
	"UPDATE copy_part SET job = :job WHERE job IS NULL AND expires_min <= :now"
	" AND " COPY_PART_STAYS);
STATEMENT(tombstone_voices,
	"UPDATE voiceprint SET job = :job WHERE job IS NULL AND (:profile IS NULL"
	" OR profile = (SELECT profile FROM profile WHERE id = :profile))"
	" AND (:removed OR " VOICE_STAYS ")");
STATEMENT(tombstone_expired_voices,
	"UPDATE voiceprint SET job = :job WHERE job IS NULL AND expires_min <= :now"
	" AND " VOICE_STAYS);

STATEMENT(tombstones_items,
	"SELECT part.item AS owner_row, item.id AS owner, part.kind AS kind, slot, slot_tag,"
	" coalesce(body, 0) AS body, bytes FROM part JOIN item ON item.item = part.item"
	" WHERE part.job = :job AND (part.item, part.kind) > (:row, :kind)"
	" ORDER BY part.item, part.kind LIMIT :limit");
STATEMENT(tombstones_copies,
	  "SELECT copy_part.copy AS owner_row, copy.id AS owner, copy_part.kind AS kind, slot, "
	  "slot_tag, coalesce(body, 0) AS body, bytes FROM copy_part JOIN copy ON copy.copy = "
	  "copy_part.copy WHERE copy_part.job = :job AND (copy_part.copy, copy_part.kind) > (:row, "
	  ":kind) ORDER BY copy_part.copy, copy_part.kind LIMIT :limit");
STATEMENT(tombstones_voices,
	"SELECT voiceprint AS owner_row, id AS owner, 19 AS kind, slot, slot_tag,"
	" coalesce(body, 0) AS body, bytes FROM voiceprint WHERE job = :job"
	" AND (voiceprint, 19) > (:row, :kind) ORDER BY voiceprint LIMIT :limit");

STATEMENT(part_without_body,
	"UPDATE part SET body = NULL WHERE item = :row AND kind = :kind AND job IS NOT NULL");
STATEMENT(copy_part_without_body,
	"UPDATE copy_part SET body = NULL WHERE copy = :row AND kind = :kind AND job IS NOT NULL");
STATEMENT(voice_without_body,
	"UPDATE voiceprint SET body = NULL WHERE voiceprint = :row AND :kind = 19"
	" AND job IS NOT NULL");
STATEMENT(body_delete, "DELETE FROM body WHERE body = :body");

STATEMENT(stuck_clear, "DELETE FROM stuck");
STATEMENT(stuck_add, "INSERT OR IGNORE INTO stuck (slot) VALUES (:slot)");

STATEMENT(ending_clear, "DELETE FROM chosen");
STATEMENT(ending_clear_copies, "DELETE FROM chosen_copy");
STATEMENT(ending_items,
	"INSERT INTO chosen SELECT item FROM part WHERE job = :job"
	" UNION SELECT copy.item FROM copy_part JOIN copy USING (copy) WHERE copy_part.job = :job");
STATEMENT(ending_copies,
	"INSERT INTO chosen_copy SELECT DISTINCT copy FROM copy_part WHERE job = :job");
STATEMENT(copy_parts_delete,
	"DELETE FROM copy_part WHERE job = :job AND slot NOT IN (SELECT slot FROM stuck)");
/* An item of which nothing lives must go as a whole: while a copy of it, a stuck part or an earlier
 * job's part is in the way, this job keeps its rows, and is not done. It waits for earlier ones
 * only, so that no two wait for each other. */
STATEMENT(parts_delete,
	"DELETE FROM part WHERE job = :job AND slot NOT IN (SELECT slot FROM stuck)"
	" AND (EXISTS (SELECT 1 FROM part live WHERE live.item = part.item AND live.job IS NULL)"
	" OR NOT (EXISTS (SELECT 1 FROM copy WHERE copy.item = part.item)"
	" OR EXISTS (SELECT 1 FROM part other WHERE other.item = part.item AND (other.job < :job"
	" OR (other.job = :job AND other.slot IN (SELECT slot FROM stuck))))))");
STATEMENT(copies_gone,
	"SELECT id FROM copy WHERE copy IN (SELECT copy FROM chosen_copy)"
	" AND NOT EXISTS (SELECT 1 FROM copy_part WHERE copy_part.copy = copy.copy)");
STATEMENT(copies_delete,
	"DELETE FROM copy WHERE copy IN (SELECT copy FROM chosen_copy)"
	" AND NOT EXISTS (SELECT 1 FROM copy_part WHERE copy_part.copy = copy.copy)");
STATEMENT(items_gone,
	"SELECT id FROM item WHERE item IN (SELECT item FROM chosen)"
	" AND NOT EXISTS (SELECT 1 FROM part WHERE part.item = item.item)"
	" AND NOT EXISTS (SELECT 1 FROM copy WHERE copy.item = item.item)");
STATEMENT(items_delete,
	"DELETE FROM item WHERE item IN (SELECT item FROM chosen)"
	" AND NOT EXISTS (SELECT 1 FROM part WHERE part.item = item.item)"
	" AND NOT EXISTS (SELECT 1 FROM copy WHERE copy.item = item.item)");
/* Nor is the signature of a consent to be found any more. The hash in it may be: of the same
 * recordings, enrolled anew, comes the same voiceprint. */
STATEMENT(voices_gone,
	"SELECT id FROM voiceprint WHERE job = :job AND slot NOT IN (SELECT slot FROM stuck)"
	" UNION ALL SELECT CAST(substr(json_extract(statement, '$.signature'), 1, 16) AS BLOB)"
	" FROM voiceprint"
	" WHERE job = :job AND slot NOT IN (SELECT slot FROM stuck)");
STATEMENT(voices_delete,
	"DELETE FROM voiceprint WHERE job = :job AND slot NOT IN (SELECT slot FROM stuck)");
STATEMENT(profile_delete,
	"DELETE FROM profile WHERE profile = :profile AND removing = 1"
	" AND NOT EXISTS (SELECT 1 FROM voiceprint WHERE voiceprint.profile = profile.profile)"
	" AND NOT EXISTS (SELECT 1 FROM item WHERE item.profile = profile.profile)");
STATEMENT(tombstones_left,
	"SELECT (SELECT count(*) FROM part WHERE job = :job)"
	" + (SELECT count(*) FROM copy_part WHERE job = :job)"
	" + (SELECT count(*) FROM voiceprint WHERE job = :job)"
	" + (SELECT count(*) FROM profile WHERE profile = :profile AND removing = 1) AS n");
static int run_expired(struct store *store, struct statement_source *source, int64_t job,
		       int64_t now_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);

	statement_bind_integer(s, ":job", job);
	statement_bind_integer(s, ":now", now_min);
	return fault_trace(statement_run(s));
}

int store_tombstone(struct store *store, int64_t job, unsigned kinds, uint64_t *ret_parts)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &tombstone_parts);
	uint64_t parts;
	int r;

	statement_bind_integer(s, ":job", job);
	statement_bind_integer(s, ":kinds", kinds);
	r = statement_run(s);
	if (r != 0)
		return fault_trace(r);
	parts = (uint64_t)store_changes(store);
	r = store_run_with(store, &tombstone_copies, ":job", job);
	if (r == 0)
		*ret_parts = parts + (uint64_t)store_changes(store);
	return fault_trace(r);
}

int store_tombstone_approved(struct store *store, int64_t job, bool moved, unsigned kinds,
			   uint64_t *ret_parts)
{
	uint64_t parts = 0;
	int r = moved ? store_run_with(store, &moved_insert, ":job", job) : 0;

	/* Before the parts, which would take theirs along. */
	if (r == 0)
		r = store_run_with(store, &tombstone_chosen_copies, ":job", job);
	if (r != 0)
		return fault_trace(r);
	*ret_parts = (uint64_t)store_changes(store);
	if (kinds != 0)
		r = store_tombstone(store, job, kinds, &parts);
	*ret_parts += parts;
	return fault_trace(r);
}

int store_tombstone_expired(struct store *store, int64_t job, int64_t now_min, uint64_t *ret_parts)
{
	uint64_t parts = 0;
	int r;

	r = run_expired(store, &tombstone_expired, job, now_min);
	if (r == 0) {
		parts += (uint64_t)store_changes(store);
		r = store_run_with(store, &tombstone_copies, ":job", job);
	}
	if (r == 0) {
		parts += (uint64_t)store_changes(store);
		r = run_expired(store, &tombstone_expired_copies, job, now_min);
	}
	if (r == 0) {
		parts += (uint64_t)store_changes(store);
		r = run_expired(store, &tombstone_expired_voices, job, now_min);
	}
	if (r == 0)
		*ret_parts = parts + (uint64_t)store_changes(store);
	return fault_trace(r);
}

int store_tombstone_voices(struct store *store, int64_t job, const struct id *profile,
			   bool removed, uint64_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &tombstone_voices);
	int r;

	statement_bind_integer(s, ":job", job);
	statement_bind_id(s, ":profile", profile);
	statement_bind_integer(s, ":removed", removed);
	r = statement_run(s);
	if (r == 0)
		*ret_n = (uint64_t)store_changes(store);
	return fault_trace(r);
}

int store_tombstone_copies(struct store *store, int64_t job)
{
	return fault_trace(store_run_with(store, &tombstone_copies, ":job", job));
}

static int walk_rows(struct store *store, struct statement_source *source, int64_t job,
		     struct tombstone_walk *walk, struct tombstone *list, size_t room,
		     size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);
	size_t n = 0;
	int r;

	statement_bind_integer(s, ":job", job);
	statement_bind_integer(s, ":row", walk->owner_row);
	statement_bind_integer(s, ":kind", walk->kind);
	statement_bind_integer(s, ":limit", (int64_t)room);
	while ((r = statement_next(s)) == STATEMENT_ROW && n < room) {
		struct tombstone *t = &list[n++];

		t->of = walk->of;
		t->owner_row = statement_integer(s, "owner_row");
		t->kind = (int)statement_integer(s, "kind");
		t->slot.number = (uint32_t)statement_integer(s, "slot");
		t->body = statement_integer(s, "body");
		t->bytes = (uint64_t)statement_integer(s, "bytes");
		r = statement_id(s, "owner", &t->owner);
		if (r == 0)
			r = statement_bytes(s, "slot_tag", t->slot.tag, VAULT_TAG_BYTES);
		if (r < 0)
			break;
	}
	if (r != 0)
		return fault_trace(r);
	if (n > 0) {
		walk->owner_row = list[n - 1].owner_row;
		walk->kind = list[n - 1].kind;
	}
	*ret_n = n;
	return 0;
}

int store_tombstones(struct store *store, int64_t job, struct tombstone_walk *walk,
		     struct tombstone *list, size_t room, size_t *ret_n)
{
	struct statement_source *const sources[] = {
		[TOMBSTONE_ITEM] = &tombstones_items,
		[TOMBSTONE_COPY] = &tombstones_copies,
		[TOMBSTONE_VOICEPRINT] = &tombstones_voices,
	};

	*ret_n = 0;
	for (;;) {
		int r = walk_rows(store, sources[walk->of], job, walk, list, room, ret_n);

		if (r != 0 || *ret_n > 0 || walk->of == TOMBSTONE_VOICEPRINT)
			return fault_trace(r);
		*walk = (struct tombstone_walk){ .of = walk->of + 1 };
	}
}

int store_body_heads(struct store *store, struct tombstone *list, size_t n)
{
	sqlite3_blob *blob = NULL;
	int rc = SQLITE_OK;

	/* A handle reads only the pages it touches; a SELECT would read the whole body. One handle
	 * goes from row to row, because opening one costs more than reading. */
	for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
		int bytes;

		memset(list[i].head, 0, BODY_HEAD_BYTES);
		if (list[i].body == 0)
			continue;
		rc = blob ? sqlite3_blob_reopen(blob, list[i].body)
			  : sqlite3_blob_open(store->db, "main", "body", "sealed", list[i].body, 0,
					      &blob);
		if (rc != SQLITE_OK)
			break;
		bytes = sqlite3_blob_bytes(blob);
		rc = sqlite3_blob_read(blob, list[i].head,
				       bytes < BODY_HEAD_BYTES ? bytes : BODY_HEAD_BYTES, 0);
	}
	sqlite3_blob_close(blob);
	return fault_trace(store_result(store->db, rc));
}

int store_body_delete(struct store *store, const struct tombstone *tombstone)
{
	static struct statement_source *const without_body[] = {
		[TOMBSTONE_ITEM] = &part_without_body,
		[TOMBSTONE_COPY] = &copy_part_without_body,
		[TOMBSTONE_VOICEPRINT] = &voice_without_body,
	};
	_cleanup_(statement_endp) struct statement *part = NULL;
	_cleanup_(statement_endp) struct statement *body = store_statement(store, &body_delete);
	int r;

	part = store_statement(store, without_body[tombstone->of]);
	statement_bind_integer(part, ":row", tombstone->owner_row);
	statement_bind_integer(part, ":kind", tombstone->kind);
	r = statement_run(part);
	if (r == 0) {
		statement_bind_integer(body, ":body", tombstone->body);
		r = statement_run(body);
	}
	return fault_trace(r);
}

int store_stuck_clear(struct store *store)
{
	return fault_trace(store_run(store, &stuck_clear));
}

int store_stuck_add(struct store *store, uint32_t slot)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &stuck_add);

	statement_bind_integer(s, ":slot", slot);
	return fault_trace(statement_run(s));
}

/* job 0: of the working sets. */
static int gone_each(struct store *store, struct statement_source *source, int64_t job,
		     int (*gone)(void *context, const struct id *id), void *context)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, source);
	struct id id;
	int r;

	if (job > 0)
		statement_bind_integer(s, ":job", job);
	while ((r = statement_next(s)) == STATEMENT_ROW) {
		r = statement_id(s, "id", &id);
		if (r == 0)
			r = gone(context, &id);
		if (r != 0)
			break;
	}
	return fault_trace(r);
}

static int profile_end(struct store *store, int64_t profile)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &profile_delete);

	statement_bind_integer(s, ":profile", profile);
	return fault_trace(statement_run(s));
}

static int left_count(struct store *store, int64_t job, int64_t profile, uint64_t *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &tombstones_left);
	int r;

	statement_bind_integer(s, ":job", job);
	statement_bind_integer(s, ":profile", profile);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret = (uint64_t)statement_integer(s, "n");
	return 0;
}

int store_tombstones_delete(struct store *store, int64_t job, int64_t profile,
			    int (*gone)(void *context, const struct id *id), void *context,
			    uint64_t *ret_left)
{
	int r = store_run(store, &ending_clear);

	if (r == 0)
		r = store_run(store, &ending_clear_copies);
	if (r == 0)
		r = store_run_with(store, &ending_items, ":job", job);
	if (r == 0)
		r = store_run_with(store, &ending_copies, ":job", job);
	if (r == 0)
		r = store_run_with(store, &copy_parts_delete, ":job", job);
	if (r == 0)
		r = gone_each(store, &copies_gone, 0, gone, context);
	if (r == 0)
		r = store_run(store, &copies_delete);
	if (r == 0)
		r = store_run_with(store, &parts_delete, ":job", job);
	if (r == 0)
		r = gone_each(store, &items_gone, 0, gone, context);
	if (r == 0)
		r = store_run(store, &items_delete);
	if (r == 0)
		r = gone_each(store, &voices_gone, job, gone, context);
	if (r == 0)
		r = store_run_with(store, &voices_delete, ":job", job);
	if (r == 0 && profile > 0)
		r = profile_end(store, profile);
	if (r == 0)
		r = left_count(store, job, profile, ret_left);
	return fault_trace(r);
}
