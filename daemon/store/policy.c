/* SPDX-License-Identifier: Apache-2.0 */

/* SQL of policies. The numbers are only ever a hint: who uses them makes the hash again. */

#include "store/policy.h"

#define COLUMNS "hash, audio_s, transcript_s, location_s, inactive_days, notice_days"

STATEMENT(policy_put,
	"INSERT INTO policy (" COLUMNS ") VALUES (:hash, :audio_s, :transcript_s, :location_s, "
	":inactive_days, :notice_days) ON CONFLICT DO NOTHING");
STATEMENT(policy_forget,
	"DELETE FROM policy WHERE hash <> :hash AND hash NOT IN "
	"(SELECT policy FROM consent WHERE withdrawn_min IS NULL UNION ALL "
	"SELECT policy FROM voiceprint WHERE job IS NULL)");
STATEMENT(policy_find, "SELECT " COLUMNS " FROM policy WHERE hash = :hash");
STATEMENT(policy_all, "SELECT " COLUMNS " FROM policy");

int store_policy_put(struct store *store, const struct policy_row *row)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &policy_put);
	_cleanup_(statement_endp) struct statement *forget =
		store_statement(store, &policy_forget);
	const uint32_t *keep_max_s = row->terms.keep_max_s;
	int r;

	statement_bind_blob(s, ":hash", row->hash, sizeof(row->hash));
	statement_bind_integer(s, ":audio_s", keep_max_s[KIND_AUDIO]);
	statement_bind_integer(s, ":transcript_s", keep_max_s[KIND_TRANSCRIPT]);
	statement_bind_integer(s, ":location_s", keep_max_s[KIND_LOCATION]);
	statement_bind_integer(s, ":inactive_days", row->terms.inactive_days);
	statement_bind_integer(s, ":notice_days", row->terms.notice_days);
	r = statement_run(s);
	if (r)
		return fault_trace(r);
	statement_bind_blob(forget, ":hash", row->hash, sizeof(row->hash));
	return fault_trace(statement_run(forget));
}

static int policy_read(struct statement *s, void *ret)
{
	struct policy_row row = {
		.terms = {
			.keep_max_s = {
				[KIND_AUDIO] = statement_integer(s, "audio_s"),
				[KIND_TRANSCRIPT] = statement_integer(s, "transcript_s"),
				[KIND_LOCATION] = statement_integer(s, "location_s"),
			},
			.inactive_days = statement_integer(s, "inactive_days"),
			.notice_days = statement_integer(s, "notice_days"),
		},
	};
	int r = statement_bytes(s, "hash", row.hash, sizeof(row.hash));

	if (!r)
		*(struct policy_row *)ret = row;
	return fault_trace(r);
}

int store_policy_find(struct store *store, const uint8_t hash[static HASH_BYTES],
		      struct policy_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &policy_find);
	int r;

	statement_bind_blob(s, ":hash", hash, HASH_BYTES);
	r = statement_next(s);
	if (r == 0)
		return ANSWER_NOT_FOUND;
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	return fault_trace(policy_read(s, ret));
}

int store_policies(struct store *store, struct policy_row **ret_rows, size_t *ret_n)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &policy_all);

	return fault_trace(statement_rows(s, sizeof(**ret_rows), policy_read, NULL, ret_rows,
					  ret_n));
}
