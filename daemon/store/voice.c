/* SPDX-License-Identifier: Apache-2.0 */
/* SQL of voiceprints. One that is a tombstone, or past its end, is never shown. */

#include "store/voice.h"

#include <stdlib.h>

#include "store/seen.h"

STATEMENT(voice_insert,
	"INSERT INTO voiceprint (id, profile, statement, policy, slot, slot_tag, made_min,"
	" wall_min, expires_min, bytes, body) VALUES (:id,"
	" (SELECT profile FROM profile WHERE id = :profile AND removing = 0), :statement, :policy,"
	" :slot, :tag, :made, :wall, :expires, :bytes, :body)");
STATEMENT(voice_list,
	"SELECT voiceprint.id AS id, profile.id AS profile_id, statement, policy,"
	" voiceprint.slot AS slot, voiceprint.slot_tag AS slot_tag, made_min, wall_min,"
	" expires_min, bytes, body, noticed FROM voiceprint JOIN profile USING (profile)"
	" WHERE job IS NULL AND removing = 0 AND type = 'adult'"
	" AND (:profile IS NULL OR profile.id = :profile) AND " VOICE_SEEN
	" ORDER BY voiceprint");

STATEMENT(voice_noticed, "UPDATE voiceprint SET noticed = 1 WHERE id = :id");

int store_voice_insert(struct store *store, const struct voice_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &voice_insert);

	statement_bind_id(s, ":id", &row->id);
	statement_bind_id(s, ":profile", &row->profile);
	statement_bind_text(s, ":statement", row->statement);
	statement_bind_blob(s, ":policy", row->policy, sizeof(row->policy));
	statement_bind_integer(s, ":slot", row->slot.number);
	statement_bind_blob(s, ":tag", row->slot.tag, VAULT_TAG_BYTES);
	statement_bind_integer(s, ":made", row->made_min);
	statement_bind_integer(s, ":wall", row->wall_min);
	statement_bind_integer(s, ":expires", row->expires_min);
	statement_bind_integer(s, ":bytes", (int64_t)row->bytes);
	statement_bind_integer(s, ":body", row->body);
	return fault_trace(statement_run(s));
}

static int voice_read(struct statement *s, void *ret_row)
{
	struct voice_row *ret = ret_row;
	struct voice_row row = {
		.slot.number = (uint32_t)statement_integer(s, "slot"),
		.made_min = statement_integer(s, "made_min"),
		.wall_min = statement_integer(s, "wall_min"),
		.expires_min = statement_integer(s, "expires_min"),
		.bytes = (uint64_t)statement_integer(s, "bytes"),
		.body = statement_integer(s, "body"),
		.noticed = statement_integer(s, "noticed") != 0,
	};
	int r = statement_id(s, "id", &row.id);

	if (r == 0)
		r = statement_id(s, "profile_id", &row.profile);
	if (r == 0)
		r = statement_bytes(s, "policy", row.policy, sizeof(row.policy));
	if (r == 0)
		r = statement_bytes(s, "slot_tag", row.slot.tag, VAULT_TAG_BYTES);
	if (r == 0)
		r = statement_text_new(s, "statement", &row.statement);
	if (r == 0)
		*ret = row;
	return fault_trace(r);
}

static void voice_row_clear(void *row)
{
	free(((struct voice_row *)row)->statement);
}

int store_voices(struct store *store, const struct id *profile, const struct sight *sight,
		 struct voice_row **ret_rows, size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &voice_list);

	statement_bind_id(s, ":profile", profile);
	sight_bind(s, sight);
	return fault_trace(statement_rows(s, sizeof(**ret_rows), voice_read, voice_row_clear,
					  ret_rows, ret_n));
}

struct voice_row *voice_rows_free(struct voice_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		voice_row_clear(&rows[i]);
	free(rows);
	return NULL;
}

int store_voice_noticed(struct store *store, const struct id *id)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &voice_noticed);

	statement_bind_id(s, ":id", id);
	return fault_trace(statement_run(s));
}
