/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of erasure jobs. A job is never dropped before it is done: it is what a new start goes on
 * from. */

#include "store/job.h"

#include <stdio.h>
#include <string.h>

STATEMENT(job_insert,
	"INSERT INTO job (reason, uid, items, parts, state, asked_min, salt, commitment)"
	" VALUES (CASE :reason WHEN 'reset' THEN 'delete' ELSE :reason END, :uid, 0, 0,"
	" 'queued', :asked, :salt, zeroblob(32))");
STATEMENT(job_set_extent, "UPDATE job SET items = :items, parts = :parts, profile = :profile, "
			  "commitment = :commitment WHERE job = :job");
STATEMENT(job_set_state,
	"UPDATE job SET state = :state, problem = :problem, receipt = :receipt, ended_min = :ended"
	" WHERE job = :job");
STATEMENT(job_find, "SELECT job, CASE WHEN EXISTS (SELECT 1 FROM reset WHERE "
		    "reset.job = :job) THEN 'reset' ELSE reason END AS reason, state, "
		    "profile, coalesce(uid, -1) AS uid, items, parts, "
		    "problem, receipt, asked_min, coalesce(ended_min, 0) AS ended_min, salt, "
		    "commitment, CASE state WHEN 'done' THEN 0 WHEN 'verifying' THEN 0"
		    " WHEN 'partial' THEN (SELECT count(DISTINCT item) FROM part"
		    " WHERE part.job = :job) ELSE items END AS left FROM job WHERE job = :job");
STATEMENT(job_next,
	"SELECT min(job) AS job FROM job WHERE state <> 'done' AND job > :after");
STATEMENT(jobs_pending,
	"SELECT coalesce(sum(items), 0) AS items, coalesce(sum(state = 'partial'), 0) AS partial"
	" FROM job WHERE state <> 'done'");
STATEMENT(receipts_list,
	"SELECT job, receipt FROM job WHERE job < :before AND receipt <> ''"
	" ORDER BY job DESC LIMIT :limit");
STATEMENT(jobs_forget, "DELETE FROM job WHERE state = 'done' AND ended_min < :before");
STATEMENT(job_drop, "DELETE FROM job WHERE job = :job AND state = 'done'");
STATEMENT(witness_insert, "INSERT OR IGNORE INTO witness (job, slot, print) VALUES (:job,"
			  " CASE WHEN :slot < 0 OR :slot IN (SELECT slot FROM stuck) THEN NULL "
			  "ELSE :slot END, :print)");
STATEMENT(witness_read, "SELECT slot, print FROM witness WHERE job = :job");
STATEMENT(witness_count, "SELECT count(*) AS n FROM witness WHERE job = :job");
STATEMENT(witness_delete, "DELETE FROM witness WHERE job = :job");

void store_job_clear(struct job_row *job)
{
	free(job->problem);
	free(job->receipt);
	*job = (struct job_row){ 0 };
}

int store_job_insert(struct store *store, const struct job_row *job, int64_t *ret_job)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &job_insert);
	int r;

	statement_bind_text(s, ":reason", job->reason);
	if (job->uid >= 0)
		statement_bind_integer(s, ":uid", job->uid);
	statement_bind_integer(s, ":asked", job->asked_min);
	statement_bind_blob(s, ":salt", job->salt, JOB_SALT_BYTES);
	r = statement_run(s);
	if (r == 0)
		*ret_job = store_last_row(store);
	return fault_trace(r);
}

int store_job_set_extent(struct store *store, int64_t job, uint64_t items, uint64_t parts,
			 int64_t profile, const uint8_t commitment[static 32])
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &job_set_extent);

	statement_bind_integer(s, ":job", job);
	statement_bind_integer(s, ":items", (int64_t)items);
	statement_bind_integer(s, ":parts", (int64_t)parts);
	if (profile > 0)
		statement_bind_integer(s, ":profile", profile);
	statement_bind_blob(s, ":commitment", commitment, 32);
	return fault_trace(statement_run(s));
}

int store_job_set_state(struct store *store, int64_t job, const char *state, const char *problem,
			const char *receipt, int64_t ended_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &job_set_state);

	statement_bind_integer(s, ":job", job);
	statement_bind_text(s, ":state", state);
	statement_bind_text(s, ":problem", problem);
	statement_bind_text(s, ":receipt", receipt);
	if (ended_min > 0)
		statement_bind_integer(s, ":ended", ended_min);
	return fault_trace(statement_run(s));
}

int store_job_find(struct store *store, int64_t job, struct job_row *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &job_find);
	struct job_row row = { 0 };
	int r;

	statement_bind_integer(s, ":job", job);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return r == 0 ? ANSWER_NOT_FOUND : fault_trace(r);
	row.job = job;
	row.profile = statement_integer(s, "profile");
	row.uid = statement_integer(s, "uid");
	row.items = (uint64_t)statement_integer(s, "items");
	row.parts = (uint64_t)statement_integer(s, "parts");
	row.left = (uint64_t)statement_integer(s, "left");
	row.asked_min = statement_integer(s, "asked_min");
	row.ended_min = statement_integer(s, "ended_min");
	r = statement_text_copy(s, "reason", row.reason, sizeof(row.reason));
	if (r == 0)
		r = statement_text_copy(s, "state", row.state, sizeof(row.state));
	if (r == 0)
		r = statement_text_new(s, "problem", &row.problem);
	if (r == 0)
		r = statement_text_new(s, "receipt", &row.receipt);
	if (r == 0)
		r = statement_bytes(s, "salt", row.salt, sizeof(row.salt));
	if (r == 0)
		r = statement_bytes(s, "commitment", row.commitment, sizeof(row.commitment));
	if (r == 0)
		*ret = row;
	else
		store_job_clear(&row);
	return fault_trace(r);
}

int store_job_next(struct store *store, int64_t after, int64_t *ret_job)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &job_next);
	int r;

	statement_bind_integer(s, ":after", after);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	if (statement_null(s, "job"))
		return ANSWER_NOT_FOUND;
	*ret_job = statement_integer(s, "job");
	return 0;
}

int store_jobs_pending(struct store *store, uint64_t *ret_items, uint64_t *ret_partial)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &jobs_pending);
	int r = statement_next(s);

	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret_items = (uint64_t)statement_integer(s, "items");
	*ret_partial = (uint64_t)statement_integer(s, "partial");
	return 0;
}

int store_receipts(struct store *store, int64_t before, unsigned limit,
		   int (*each)(void *context, int64_t job, const char *receipt), void *context)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &receipts_list);
	int r;

	statement_bind_integer(s, ":before", before);
	statement_bind_integer(s, ":limit", limit);
	while ((r = statement_next(s)) == STATEMENT_ROW) {
		const char *receipt = statement_text(s, "receipt");

		r = receipt ? each(context, statement_integer(s, "job"), receipt) :
			      fault_origin(-EBADMSG);
		if (r != 0)
			break;
	}
	return fault_trace(r);
}

int store_job_drop(struct store *store, int64_t job)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &job_drop);

	statement_bind_integer(s, ":job", job);
	return fault_trace(statement_run(s));
}

int store_jobs_forget(struct store *store, int64_t before_min)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &jobs_forget);

	statement_bind_integer(s, ":before", before_min);
	return fault_trace(statement_run(s));
}

int store_witness_insert(struct store *store, int64_t job, int64_t slot, uint64_t print)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &witness_insert);

	statement_bind_integer(s, ":job", job);
	statement_bind_integer(s, ":slot", slot);
	statement_bind_integer(s, ":print", (int64_t)print);
	return fault_trace(statement_run(s));
}

int store_witness_count(struct store *store, int64_t job, size_t *ret)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &witness_count);
	int r;

	statement_bind_integer(s, ":job", job);
	r = statement_next(s);
	if (r != STATEMENT_ROW)
		return fault_trace(r);
	*ret = (size_t)statement_integer(s, "n");
	return 0;
}

int store_witness_read(struct store *store, int64_t job, uint32_t **ret_slots, size_t *ret_n_slots,
		       uint64_t **ret_prints, size_t *ret_n_prints)
{
	_cleanup_(statement_endp) struct statement *s = NULL;
	_cleanup_(cleanup_free) uint32_t *slots = NULL;
	_cleanup_(cleanup_free) uint64_t *prints = NULL;
	size_t n = 0, n_slots = 0, n_prints = 0;
	int r = store_witness_count(store, job, &n);

	if (r != 0)
		return fault_trace(r);
	slots = calloc(n + 1, sizeof(*slots));
	prints = calloc(n + 1, sizeof(*prints));
	if (!slots || !prints)
		return fault_origin(-ENOMEM);
	s = store_statement(store, &witness_read);
	statement_bind_integer(s, ":job", job);
	while ((r = statement_next(s)) == STATEMENT_ROW && n_prints < n) {
		if (!statement_null(s, "slot"))
			slots[n_slots++] = (uint32_t)statement_integer(s, "slot");
		prints[n_prints++] = (uint64_t)statement_integer(s, "print");
	}
	if (r != 0)
		return fault_trace(r);
	*ret_slots = take(slots);
	*ret_n_slots = n_slots;
	*ret_prints = take(prints);
	*ret_n_prints = n_prints;
	return 0;
}

int store_witness_delete(struct store *store, int64_t job)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(store, &witness_delete);

	statement_bind_integer(s, ":job", job);
	return fault_trace(statement_run(s));
}
