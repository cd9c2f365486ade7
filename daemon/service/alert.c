/* SPDX-License-Identifier: Apache-2.0 */

/* What parents should know without asking: the conditions that hold now, asked of their owners,
 * then what was raised. Told to parents alone. */

#include <string.h>
#include "backoff.h"
#include "consent.h"
#include "dbus-table.h"
#include "inactive.h"
#include "service/service.h"
#include "store/alert.h"
#include "voice_end.h"

#define ALERTS_MAX 200

struct sentences {
	char *all[ALERTS_MAX];
	size_t n;
};

static void sentences_clear(struct sentences *sentences)
{
	for (size_t i = 0; i < sentences->n; i++)
		free(sentences->all[i]);
}

static int sentence_add(struct sentences *sentences, const char *text)
{
	char *copy;

	if (sentences->n == ALERTS_MAX)
		return 0;
	copy = strdup(text);
	if (!copy)
		return fault_origin(-ENOMEM);
	sentences->all[sentences->n++] = copy;
	return 0;
}

static int sentence_add_kind(struct sentences *sentences, enum alert_kind kind, const char *profile,
			     uint64_t count)
{
	_cleanup_(cleanup_free) char *text = NULL;
	int r = alert_text(kind, profile, count, &text);

	return fault_trace(r ? r : sentence_add(sentences, text));
}

static int conditions_add(struct keeper *keeper, struct sentences *sentences)
{
	uint64_t erasing, partial, failures;
	int r;

	r = erasure_pending(keeper->erasure, &erasing, &partial);
	if (!r)
		r = store_door_failures(keeper->store, &failures);
	if (!r && partial)
		r = sentence_add_kind(sentences, ALERT_PARTIAL, "", partial);
	if (!r && failures >= BACKOFF_FREE_TRIES)
		r = sentence_add(sentences,
				 "Somebody gave wrong passphrases again and again; \"cubby log\" "
				 "shows who.");
	if (!r && keeper->device_made)
		r = sentence_add(sentences,
				 "The keeper's own key was missing at its last start and was made "
				 "anew; receipts from before are checked with the old one.");
	if (!r && (!(keeper->confined & SANDBOX_SECCOMP) ||
		   !(keeper->confined & SANDBOX_LANDLOCK)))
		r = sentence_add(sentences,
				 "The keeper could not confine itself fully on this kernel.");
	return fault_trace(r);
}

/* Profiles that are told of, and consents that stopped counting. */
static int household_add(struct keeper *keeper, struct sentences *sentences)
{
	_cleanup_(cleanup_free) struct profile_use *uses = NULL;
	struct consent_row *rows = NULL;
	size_t n_uses = 0, n_rows = 0;
	int r;

	r = store_profile_uses(keeper->store, &uses, &n_uses);
	if (!r)
		r = store_consents(keeper->store, NULL, &rows, &n_rows);
	for (size_t i = 0; !r && i < n_uses; i++) {
		const struct profile *profile = &uses[i].profile;
		uint64_t n = 0;

		for (size_t k = 0; k < n_rows; k++)
			n += id_equal(&rows[k].profile, &profile->id) &&
			     !strcmp(consent_state(&keeper->ground, &rows[k]), "policy changed");
		if (n)
			r = sentence_add_kind(sentences, ALERT_POLICY, profile->name, n);
		if (!r && uses[i].noticed_min)
			r = sentence_add_kind(sentences, ALERT_INACTIVE, profile->name,
					      inactive_days_left(&keeper->ground,
								 uses[i].noticed_min));
	}
	consent_rows_free(rows, n_rows);
	return fault_trace(r);
}

/* Consents to voiceprints that end soon. */
static int ends_add(struct keeper *keeper, struct sentences *sentences)
{
	const struct sight sight = age_sight(keeper->age);
	char name[NAME_BYTES];
	struct voice_row *rows;
	size_t n;
	int r = store_voices(keeper->store, NULL, &sight, &rows, &n);

	if (r)
		return fault_trace(r);
	for (size_t i = 0; !r && i < n; i++) {
		const uint32_t days = voice_ends_in_days(&keeper->ground, &rows[i]);

		if (!days)
			continue;
		r = store_alert_name(keeper->store, &rows[i].profile, name);
		if (!r)
			r = sentence_add_kind(sentences, ALERT_CONSENT_ENDS, name, days);
	}
	voice_rows_free(rows, n);
	return fault_trace(r);
}

static int raised_add(struct keeper *keeper, struct sentences *sentences)
{
	size_t n = 0;
	char **texts = NULL;
	int r = alerts_texts(keeper->alerts, &texts, &n);

	for (size_t i = 0; !r && i < n; i++)
		r = sentence_add(sentences, texts[i]);
	alerts_texts_free(texts, n);
	return fault_trace(r);
}

int service_alerts_reply(struct keeper *keeper, struct message *reply)
{
	_cleanup_(sentences_clear) struct sentences sentences = {0};
	int r;

	r = conditions_add(keeper, &sentences);
	if (!r)
		r = household_add(keeper, &sentences);
	if (!r)
		r = ends_add(keeper, &sentences);
	if (!r)
		r = raised_add(keeper, &sentences);
	if (!r)
		r = message_open(reply, 'e', "sv");
	if (!r)
		r = message_append(reply, "s", "alerts");
	if (!r)
		r = message_open(reply, 'v', "as");
	if (!r)
		r = reply_strings(reply, (const char *const *)sentences.all, sentences.n);
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int service_status_seen(struct call *call, void *service)
{
	struct keeper *keeper = service;

	return fault_trace(ground_stored(alerts_seen(keeper->alerts), call_why(call)));
}

/* ---- At once ---- */

struct told {
	struct bus_server *server;
	const char *kind;
	const char *text;
};

static int told_append(struct message *arguments, void *context)
{
	struct told *told = context;

	return fault_trace(message_append(arguments, "ss", told->kind, told->text));
}

static void told_to(struct caller *caller, void *context)
{
	struct told *told = context;

	if (caller->roles & ROLE_PARENT)
		bus_server_signal(told->server, caller, SERVICE_PATH, SERVICE_INTERFACE "Status",
				  "Alert", told_append, told);
}

void service_alert(struct keeper *keeper, const char *kind, const char *text)
{
	struct told told = {keeper->server, kind, text};

	if (keeper->server)
		bus_server_each(keeper->server, told_to, &told);
}
