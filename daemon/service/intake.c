/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Intake: what an ear decides by, and the way in for sealed items. */

#include "dbus-table.h"
#include "failpoint.h"
#include "forget.h"
#include "profile.h"
#include "service/bus.h"
#include "service/service.h"
#include "store/policy.h"
#include "store/voice.h"

static int profiles_append(struct message *reply, const struct profile *profiles, size_t n)
{
	char id[ID_TEXT];
	int r;

	r = message_open(reply, 'a', "(sss)");
	for (size_t i = 0; !r && i < n; i++)
		r = message_append_row(reply, "sss", id_text(&profiles[i].id, id), profiles[i].name,
				       profiles[i].adult ? "adult" : "child");
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

/* A voiceprint that is not among these is not to be used any more. */
static int enrolments_append(struct keeper *keeper, struct message *reply)
{
	const struct sight sight = age_sight(keeper->age);
	struct voice_row *rows;
	size_t n;
	int r = store_voices(keeper->store, NULL, &sight, &rows, &n);

	if (r)
		return fault_trace(r);
	for (size_t i = 0; !r && i < n; i++)
		r = message_append(reply, "s", rows[i].statement);
	voice_rows_free(rows, n);
	return fault_trace(r);
}

static int consents_append(struct keeper *keeper, struct message *reply)
{
	struct consent_row *rows;
	size_t n;
	int r;

	r = store_consents(keeper->store, NULL, &rows, &n);
	if (r)
		return fault_trace(r);
	r = message_open(reply, 'a', "s");
	for (size_t i = 0; !r && i < n; i++)
		if (!rows[i].withdrawn)
			r = message_append(reply, "s", rows[i].statement);
	consent_rows_free(rows, n);
	if (!r)
		r = enrolments_append(keeper, reply);
	return fault_trace(r ? r : message_close(reply));
}

static int policy_append(struct message *reply, const struct policy_row *row)
{
	const uint32_t *keep_max_s = row->terms.keep_max_s;
	char hash[2 * HASH_BYTES + 1];

	return fault_trace(message_append_row(reply, "suuuuu",
					      hex_text(row->hash, sizeof(row->hash), hash),
					      keep_max_s[KIND_AUDIO], keep_max_s[KIND_TRANSCRIPT],
					      keep_max_s[KIND_LOCATION], row->terms.inactive_days,
					      row->terms.notice_days));
}

static int policies_append(struct keeper *keeper, struct message *reply)
{
	_cleanup_(cleanup_free) struct policy_row *rows = NULL;
	size_t n = 0;
	int r;

	r = store_policies(keeper->store, &rows, &n);
	if (!r)
		r = message_open(reply, 'a', "(suuuuu)");
	for (size_t i = 0; !r && i < n; i++)
		r = policy_append(reply, &rows[i]);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int service_intake_policy(struct call *call, void *service)
{
	_cleanup_(cleanup_free) struct profile *profiles = NULL;
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	struct session *session;
	size_t n;
	int r;

	r = service_session(call, &session);
	if (r)
		return fault_trace(r);
	/* Also an ear that comes before the household is told when there is one. */
	session->asked_policy = true;
	r = store_profiles(keeper->store, &profiles, &n);
	if (!r)
		r = service_reply_household(keeper, reply, call_why(call));
	if (!r)
		r = message_append(reply, "s", keeper->policy->hash_text);
	if (!r)
		r = profiles_append(reply, profiles, n);
	if (!r)
		r = consents_append(keeper, reply);
	if (!r)
		r = policies_append(keeper, reply);
	return fault_trace(r);
}

static int asker_of(struct call *call, struct intake_asker *ret)
{
	struct caller *caller = call_caller(call);
	struct session *session;
	int r = service_session(call, &session);

	if (r)
		return fault_trace(r);
	*ret = (struct intake_asker){
		.uid = caller->uid,
		.ear = caller->roles & ROLE_EAR,
		/* A proof is a parent's: whoever left the group has none. */
		.proof = caller->roles & ROLE_PARENT ? &session->proof : NULL,
		.drafts = &session->drafts,
	};
	return 0;
}

int service_intake_begin(struct call *call, void *service)
{
	_cleanup_(strings_clear) struct strings kinds = {0};
	struct keeper *keeper = service;
	struct message *arguments = call_arguments(call);
	const struct archive_draft *draft;
	struct intake_asker asker;
	const uint8_t *reply_key;
	const char *profile;
	char id[ID_TEXT];
	int r;

	r = asker_of(call, &asker);
	if (!r)
		r = message_read(arguments, "s", &profile);
	if (!r)
		r = args_strings(arguments, KIND_MAX, &kinds, call_why(call));
	if (!r)
		r = args_reply_key(arguments, &reply_key, call_why(call));
	if (!r)
		r = intake_begin(keeper->intake, &asker, profile, kinds.items, kinds.n, &draft,
				 call_why(call));
	if (r)
		return service_end(keeper, call, r, "Intake.Begin");
	r = message_append(call_reply(call), "s", id_text(&draft->id, id));
	if (!r)
		r = reply_keys(call_reply(call), reply_key, draft->keys, call_why(call));
	if (!r)
		r = message_append(call_reply(call), "u", (uint32_t)DRAFT_LASTS_S);
	/* Who did not get its keys has nothing open. */
	if (r && intake_abort(keeper->intake, &asker, id, NULL))
		return fault_origin(-EBADMSG);
	return fault_trace(r);
}

static int expiries_append(struct keeper *keeper, struct message *reply,
			   const struct archive_body *bodies, unsigned n)
{
	int r = message_open(reply, 'a', "(st)");

	for (unsigned i = 0; !r && i < n; i++)
		r = message_append_row(reply, "st", kind_name(bodies[i].kind),
				       age_expiry_s(keeper->age, bodies[i].expires_min));
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int service_intake_commit(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct archive_body bodies[KIND_MAX];
	struct intake_asker asker;
	struct delivery delivery;
	_cleanup_(cleanup_close) int fd = -1;
	const char *id;
	unsigned n;
	int r;

	r = asker_of(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "s", &id);
	if (!r)
		r = args_delivery(call_arguments(call), &delivery, call_why(call));
	if (r)
		return fault_trace(r);
	fd = seeded(SEEDED_DESCRIPTOR_LEFT) ? -1 : delivery.bodies_fd;
	r = intake_commit(keeper->intake, &asker, id, &delivery, bodies, &n, call_why(call));
	if (r)
		return service_end(keeper, call, r, "Intake.Commit");
	return fault_trace(expiries_append(keeper, call_reply(call), bodies, n));
}

int service_intake_abort(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct intake_asker asker;
	const char *id;
	int r;

	r = asker_of(call, &asker);
	if (!r)
		r = message_read(call_arguments(call), "s", &id);
	if (!r)
		r = intake_abort(keeper->intake, &asker, id, call_why(call));
	return fault_trace(r);
}

static int forget_append(struct message *reply, const struct erasure_job *job)
{
	return message_append(reply, "su", erasure_state_name(job->state), (uint32_t)job->items);
}

/* What its words ask to forget, in the access log with the tombstones; and of much, an alert. */
struct forgetting {
	struct access_within entry;
	struct alerts *alerts;		/* NULL: none */
};

static int forget_within(void *context)
{
	struct forgetting *forgetting = context;
	const struct access_entry *entry = &forgetting->entry.entry;
	int r = access_log_within(&forgetting->entry);

	if (!r && forgetting->alerts)
		r = alert_raise(forgetting->alerts, ALERT_FORGOT_TODAY,
				entry->profile ? &entry->profile->id : NULL,
				(uint64_t)entry->items);
	return fault_trace(r);
}

static int forget_run(struct keeper *keeper, struct call *call, const char *span,
		      const struct archive_selection *selection, const struct profile *profile)
{
	struct forgetting forgetting = {
		.entry = {
			.log = keeper->log,
			.entry = {
				.what = "forget", .uid = call_caller(call)->uid,
				.outcome = "asked", .method = "Intake.Forget", .reason = span,
				.profile = profile,
			},
		},
		.alerts = forget_alerts(span) ? keeper->alerts : NULL,
	};
	const struct archive_within within = {forget_within, &forgetting};
	struct archive_count count;
	uint64_t items;
	int64_t job;
	int r;

	r = archive_count(keeper->archive, selection, &count, call_why(call));
	if (r)
		return fault_trace(r);
	forgetting.entry.entry.items = (int64_t)count.items;
	r = erasure_ask(keeper->erasure, ERASURE_DELETE, selection, call_caller(call)->uid,
			&within, &job, &items, call_why(call));
	if (r == ANSWER_NOT_FOUND)
		return message_append(call_reply(call), "su", "nothing", (uint32_t)0);
	return r ? fault_trace(r) :
		   fault_trace(service_job_await(keeper->service, job, call, forget_append));
}

int service_intake_forget(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct archive_selection selection;
	struct profile profile;
	const char *span, *name;
	int r;

	r = message_read(call_arguments(call), "ss", &span, &name);
	if (!r)
		r = forget_select(span, &call_caller(call)->uid, keeper->age, &selection,
				  call_why(call));
	if (!r && *name) {
		r = profile_find(&keeper->ground, name, &profile, call_why(call));
		selection.profile = &profile.id;
	}
	return r ? fault_trace(r) :
		   fault_trace(forget_run(keeper, call, span, &selection,
					  *name ? &profile : NULL));
}
