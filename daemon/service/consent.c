/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Consent. Granting takes a signature and a proof; withdrawing takes neither, and
 * ends the consent in the transaction that makes what was kept under it unreachable. */

#include "dbus-table.h"
#include "consent.h"
#include "profile.h"
#include "service/service.h"

#define STATEMENTS_MAX 64

int service_consent_grant(struct call *call, void *service)
{
	_cleanup_(strings_clear) struct strings statements = {0};
	struct keeper *keeper = service;
	int r;

	r = args_strings(call_arguments(call), STATEMENTS_MAX, &statements, call_why(call));
	if (!r)
		r = consent_grant(&keeper->ground, service_proof(call_caller(call)),
				  statements.items, statements.n, call_caller(call)->uid,
				  call_why(call));
	if (!r)
		service_policy_changed(keeper);
	return service_end(keeper, call, r, "Consent.Grant");
}

struct withdrawal {
	struct keeper *keeper;
	struct profile profile;
	unsigned kinds;		/* bits 1 << kind */
	bool all;		/* and the voiceprint */
	uint32_t uid;
};

static int withdrawal_run(void *context)
{
	struct withdrawal *withdrawal = context;
	struct access_entry entry = {
		.what = "consent-withdraw", .uid = withdrawal->uid, .outcome = "done",
		.profile = &withdrawal->profile,
	};
	int r = 0;

	for (int kind = 1; !r && kind <= KIND_MAX; kind++) {
		if (!(withdrawal->kinds & 1u << kind))
			continue;
		entry.reason = kind_name(kind);
		r = consent_withdraw(&withdrawal->keeper->ground, &withdrawal->profile, kind);
		if (!r)
			r = access_log_append(withdrawal->keeper->log, &entry);
	}
	return fault_trace(r);
}

/* 0: one of the kinds is consented to. ANSWER_NOT_FOUND. */
static int withdrawal_ends(const struct withdrawal *withdrawal)
{
	struct consent_row row;
	int r = ANSWER_NOT_FOUND;

	for (int kind = 1; r == ANSWER_NOT_FOUND && kind <= KIND_MAX; kind++)
		if (withdrawal->kinds & 1u << kind)
			r = store_consent_find(withdrawal->keeper->store, &withdrawal->profile.id,
					       kind, &row);
	return fault_trace(r);
}

/* Nothing is kept: there is a consent to end, and no erasure; or not even that, which is a look. */
static int withdrawal_alone(struct withdrawal *withdrawal, struct call *call)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	int r = withdrawal_ends(withdrawal);

	if (r == ANSWER_NOT_FOUND)
		r = service_look(withdrawal->keeper, call);
	if (r)
		return fault_trace(r);
	r = store_begin(withdrawal->keeper->store, &transaction);
	if (!r)
		r = withdrawal_run(withdrawal);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, call_why(call));
}

static int withdrawal_read(struct call *call, struct withdrawal *ret)
{
	_cleanup_(strings_clear) struct strings kinds = {0};
	const char *name;
	int r;

	r = message_read(call_arguments(call), "s", &name);
	if (!r)
		r = args_strings(call_arguments(call), KIND_MAX, &kinds, call_why(call));
	if (!r)
		r = profile_find(&ret->keeper->ground, name, &ret->profile, call_why(call));
	if (r)
		return fault_trace(r);
	for (size_t i = 0; i < kinds.n; i++) {
		int kind = kind_from_name(kinds.items[i]);

		if (!kind)
			return answer_why(call_why(call), ANSWER_INVALID_ARGUMENT,
					  "there is no kind \"%.20s\"; say audio, transcript or "
					  "location",
					  kinds.items[i]);
		ret->kinds |= 1u << kind;
	}
	for (int kind = 1; !kinds.n && kind <= KIND_MAX; kind++)
		ret->kinds |= 1u << kind;
	ret->all = !kinds.n;
	return 0;
}

int service_consent_withdraw(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct withdrawal withdrawal = {.keeper = keeper, .uid = call_caller(call)->uid};
	struct archive_within within = {withdrawal_run, &withdrawal};
	struct archive_selection selection = {.profile = &withdrawal.profile.id};
	char job[SERVICE_PATH_TEXT] = "/";
	uint64_t items;
	int r;

	r = withdrawal_read(call, &withdrawal);
	if (r)
		return fault_trace(r);
	selection.kinds = withdrawal.kinds;
	if (withdrawal.all)
		selection.voices = ARCHIVE_VOICES_TOO;
	r = service_erase(keeper, call, ERASURE_WITHDRAW, &selection, &within, job, &items);
	if (r == ANSWER_NOT_FOUND)
		r = withdrawal_alone(&withdrawal, call);
	if (!r)
		r = message_append(call_reply(call), "o", job);
	if (!r)
		service_policy_changed(keeper);
	return fault_trace(r);
}

static int consent_append(struct keeper *keeper, struct message *reply,
			  const struct consent_row *row)
{
	struct consent consent;
	char id[ID_TEXT];
	int r;

	/* The method stands in the statement alone, which the parent's key vouches for. */
	r = consent_verify(row->statement, &consent, NULL);
	if (r)
		return r < 0 ? fault_trace(r) : fault_origin(-EBADMSG);
	return fault_trace(message_append_row(reply, "ssstts", id_text(&row->profile, id),
					      kind_name(row->kind),
					      consent_state(&keeper->ground, row),
					      (uint64_t)row->keep_s,
					      (uint64_t)row->granted_min * 60, consent.method));
}

int service_consent_show(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct profile profile;
	struct consent_row *rows;
	const char *name;
	size_t n;
	int r;

	r = message_read(call_arguments(call), "s", &name);
	if (!r && name[0])
		r = profile_find(&keeper->ground, name, &profile, call_why(call));
	if (!r)
		r = store_consents(keeper->store, name[0] ? &profile.id : NULL, &rows, &n);
	if (r)
		return fault_trace(r);
	r = message_open(call_reply(call), 'a', "(ssstts)");
	for (size_t i = 0; !r && i < n; i++)
		r = consent_append(keeper, call_reply(call), &rows[i]);
	if (!r)
		r = message_close(call_reply(call));
	consent_rows_free(rows, n);
	return fault_trace(r);
}
