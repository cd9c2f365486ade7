/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Voiceprints, and what ears get of it. A voiceprint crosses the bus in a box
 * alone, in both directions. */

#include "base/log.h"
#include "dbus-table.h"
#include "profile.h"
#include "service/bus.h"
#include "service/service.h"
#include "voice.h"

/* With the older one it replaces, or alone. */
static int enrol_store(struct keeper *keeper, struct call *call, struct voice_draft *draft,
		       char job[static SERVICE_PATH_TEXT])
{
	const struct archive_selection selection = {
		.profile = &draft->profile.id, .voices = ARCHIVE_VOICES_ALONE,
	};
	const struct archive_within within = {voice_enrol_within, draft};
	uint64_t items;
	int r;

	r = service_erase(keeper, call, ERASURE_DELETE, &selection, &within, job, &items);
	if (r == ANSWER_NOT_FOUND)
		r = voice_enrol_alone(draft, call_why(call));
	if (!r)
		draft->stored = true;
	return fault_trace(r);
}

int service_voiceprints_enrol(struct call *call, void *service)
{
	_cleanup_(voice_draft_freep) struct voice_draft *draft = NULL;
	struct keeper *keeper = service;
	char job[SERVICE_PATH_TEXT] = "/";
	const char *statement;
	const void *sealed;
	size_t n_sealed;
	int r;

	r = message_read(call_arguments(call), "say", &statement, &sealed, &n_sealed);
	if (!r)
		r = voice_enrol(&keeper->ground, keeper->device->box,
				service_proof(call_caller(call)), statement, sealed, n_sealed,
				call_caller(call)->uid, &draft, call_why(call));
	if (!r)
		r = enrol_store(keeper, call, draft, job);
	if (!r)
		r = message_append(call_reply(call), "o", job);
	if (!r)
		service_policy_changed(keeper);
	return service_end(keeper, call, r, "Voiceprints.Enrol");
}

static int voice_append(struct keeper *keeper, struct message *reply, const struct voice_row *row)
{
	char id[ID_TEXT];

	return fault_trace(message_append_row(reply, "sstt", id_text(&row->profile, id),
					      voice_state(&keeper->ground, row),
					      age_expiry_s(keeper->age, row->made_min),
					      age_expiry_s(keeper->age, row->expires_min)));
}

int service_voiceprints_list(struct call *call, void *service)
{
	struct keeper *keeper = service;
	const struct sight sight = age_sight(keeper->age);
	struct voice_row *rows;
	size_t n;
	int r;

	r = store_voices(keeper->store, NULL, &sight, &rows, &n);
	if (r)
		return fault_trace(r);
	r = message_open(call_reply(call), 'a', "(sstt)");
	for (size_t i = 0; !r && i < n; i++)
		r = voice_append(keeper, call_reply(call), &rows[i]);
	if (!r)
		r = message_close(call_reply(call));
	voice_rows_free(rows, n);
	return fault_trace(r);
}

int service_voiceprints_erase(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct profile profile;
	struct access_within entry = {
		.log = keeper->log,
		.entry = {
			.what = "voiceprint-erase", .uid = call_caller(call)->uid,
			.outcome = "asked", .method = "Voiceprints.Erase", .profile = &profile,
		},
	};
	const struct archive_within within = {access_log_within, &entry};
	const struct archive_selection selection = {
		.profile = &profile.id, .voices = ARCHIVE_VOICES_ALONE,
	};
	char job[SERVICE_PATH_TEXT];
	const char *name;
	uint64_t items;
	int r;

	r = message_read(call_arguments(call), "s", &name);
	if (!r)
		r = profile_find(&keeper->ground, name, &profile, call_why(call));
	if (r)
		return fault_trace(r);
	r = service_erase(keeper, call, ERASURE_DELETE, &selection, &within, job, &items);
	if (r == ANSWER_NOT_FOUND)
		return answer_why(call_why(call), r, "%s has no voiceprint, so nothing was erased",
				  profile.name);
	if (!r)
		r = message_append(call_reply(call), "o", job);
	if (!r)
		service_policy_changed(keeper);
	return fault_trace(r);
}

void service_voices_tell(struct keeper *keeper)
{
	const struct sight sight = age_sight(keeper->age);
	struct voice_row *rows;
	size_t n;

	if (store_voices(keeper->store, NULL, &sight, &rows, &n)) {
		log_warning("the voiceprints could not be counted; ears are told to ask");
		service_policy_changed(keeper);
		return;
	}
	voice_rows_free(rows, n);
	if (n != keeper->service->n_voices)
		service_policy_changed(keeper);
	keeper->service->n_voices = n;
}

/* What leaves is in the log before it leaves. profile NULL: of all. */
static int given_log(struct keeper *keeper, struct call *call, const char *method,
		     const struct profile *profile, size_t n)
{
	const struct access_entry entry = {
		.what = "voiceprints", .uid = call_caller(call)->uid, .outcome = "done",
		.method = method, .profile = profile, .items = (int64_t)n,
	};
	int r;

	if (n == 0)
		return 0;
	r = service_look(keeper, call);
	return fault_trace(r ? r : access_log_write(keeper->log, &entry));
}

static int given_append(struct message *reply, const uint8_t *reply_key,
			const struct voice_row *rows, size_t n, const struct secret *bytes,
			struct why *why)
{
	int r = message_open(reply, 'a', "s");

	for (size_t i = 0; !r && i < n; i++)
		r = message_append(reply, "s", rows[i].statement);
	if (!r)
		r = message_close(reply);
	return fault_trace(r ? r : reply_keys(reply, reply_key, bytes, why));
}

int service_intake_get_voiceprints(struct call *call, void *service)
{
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	struct keeper *keeper = service;
	struct voice_row *rows;
	const uint8_t *reply_key;
	size_t n;
	int r;

	r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (!r)
		r = voice_give(&keeper->ground, NULL, &rows, &n, &bytes);
	if (r)
		return fault_trace(r);
	r = given_log(keeper, call, "Intake.GetVoiceprints", NULL, n);
	if (!r)
		r = given_append(call_reply(call), reply_key, rows, n, bytes, call_why(call));
	voice_rows_free(rows, n);
	return fault_trace(r);
}

int service_voiceprints_get(struct call *call, void *service)
{
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	struct keeper *keeper = service;
	struct profile profile;
	struct voice_row *rows;
	const uint8_t *reply_key;
	const char *name;
	size_t n;
	int r;

	r = message_read(call_arguments(call), "s", &name);
	if (!r)
		r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (!r)
		r = profile_find(&keeper->ground, name, &profile, call_why(call));
	if (!r)
		r = voice_give(&keeper->ground, &profile.id, &rows, &n, &bytes);
	if (r)
		return fault_trace(r);
	if (n == 0)
		r = answer_why(call_why(call), ANSWER_NOT_FOUND,
			       "%s has no voiceprint that is in force", profile.name);
	if (!r)
		r = given_log(keeper, call, "Voiceprints.Get", &profile, n);
	if (!r)
		r = reply_keys(call_reply(call), reply_key, bytes, call_why(call));
	voice_rows_free(rows, n);
	return fault_trace(r);
}
