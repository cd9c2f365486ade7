/* SPDX-License-Identifier: Apache-2.0 */

/* Intake, from the ear's side. Only ciphertext and names of profiles cross the bus; the slot keys
 * come in a box that only this process can open. Nothing is ever sent that decide_kinds() has not
 * allowed. */

#include "report_private.h"

#include <string.h>

/* Whoever asked is waiting for the answer. */
#define FORGET_TIMEOUT_MS 2000

static void policy_change(struct report *report)
{
	report->policy_changed = true;
	report->changes++;
	report->voiceprints = false;
}

static void signal_arrived(void *context, const char *path, const char *interface,
			   const char *member, struct message *arguments)
{
	struct report *report = context;
	const char *name;

	/* A keeper that came or went: what it allows is not known any more. */
	if (strcmp(member, "NameOwnerChanged") == 0)
		policy_change(report);
	if (strcmp(interface, BUS_NAME ".Intake") != 0)
		return;
	if (strcmp(member, "PolicyChanged") == 0)
		policy_change(report);
	if (strcmp(member, "Played") == 0 && message_read(arguments, "s", &name) == 0 &&
	    strlen(name) < DECIDE_NAME_BYTES && report->n_played < PLAYED_MAX)
		strcpy(report->played[report->n_played++], name);
}

unsigned report_changes(const struct report *report)
{
	return report->changes;
}

int report_fd(struct report *report)
{
	return report->client ? bus_client_fd(report->client) : -1;
}

bool report_news_take(struct report *report, struct report_news *ret)
{
	*ret = (struct report_news) { 0 };
	if (report->client && bus_client_poll(report->client, 0) != 0) {
		report->client = bus_client_free(report->client);
		policy_change(report);
	}
	ret->policy = report->policy_changed;
	report->policy_changed = false;
	if (report->n_played > 0)
		memcpy(ret->played, report->played[--report->n_played], sizeof(ret->played));
	return ret->policy || *ret->played;
}

int report_new(const char *address, struct report **ret)
{
	_cleanup_(report_freep) struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return fault_origin(-ENOMEM);
	if (address) {
		report->address = strdup(address);
		if (!report->address)
			return fault_origin(-ENOMEM);
	}
	*ret = take(report);
	return 0;
}

struct report *report_free(struct report *report)
{
	if (!report)
		return NULL;
	bus_client_free(report->client);
	free(report->address);
	free(report);
	return NULL;
}

int report_request(struct report *report, const char *member, struct message **ret,
		   struct why *why)
{
	int r;

	if (report->client && !bus_client_connected(report->client)) {
		report->client = bus_client_free(report->client);
		policy_change(report);
	}
	if (!report->client) {
		r = bus_client_open(report->address, &report->client, why);
		if (r)
			return r;
		bus_client_on_signal(report->client, signal_arrived, report);
		bus_client_watch_keeper(report->client);
	}
	return bus_request_new(report->client, NULL, "Intake", member, ret);
}

int report_options_none(struct message *request)
{
	int r = message_open(request, 'a', "{sv}");

	return r ? r : message_close(request);
}

static int profiles_read(struct message *reply, struct decide_profile *profiles, size_t *ret_n)
{
	size_t n = 0;
	int r = message_enter(reply, 'a', "(sss)");

	while (r == 0 && message_more(reply)) {
		const char *id, *name, *type;

		r = message_enter(reply, 'r', "sss");
		if (r == 0)
			r = message_read(reply, "sss", &id, &name, &type);
		if (r == 0)
			r = message_leave(reply);
		if (r || n == DECIDE_PROFILES_MAX)
			break;
		/* What cannot be understood is not a profile. */
		if (!id_parse(id, &profiles[n].id) || strlen(name) >= sizeof(profiles[n].name))
			continue;
		strcpy(profiles[n].name, name);
		profiles[n].type = strcmp(type, "child") == 0 ? PROFILE_CHILD : PROFILE_ADULT;
		n++;
	}
	if (r == 0)
		r = message_leave(reply);
	*ret_n = n;
	return r;
}

int report_strings(struct message *reply, const char **strings, size_t max, size_t *ret_n)
{
	const char *text;
	size_t n = 0;
	int r = message_enter(reply, 'a', "s");

	while (r == 0 && message_more(reply)) {
		r = message_read(reply, "s", &text);
		if (r == 0 && strings && n < max)
			strings[n++] = text;
	}
	if (r == 0)
		r = message_leave(reply);
	if (ret_n)
		*ret_n = n;
	return r;
}

static int policies_read(struct message *reply, struct decide_policy *policies, size_t *ret_n)
{
	size_t n = 0;
	int r = message_enter(reply, 'a', "(suuuuu)");

	while (r == 0 && message_more(reply)) {
		struct decide_policy policy = { 0 };
		struct terms *terms = &policy.terms;
		const char *hash;

		r = message_enter(reply, 'r', "suuuuu");
		if (r == 0)
			r = message_read(reply, "suuuuu", &hash, &terms->keep_max_s[KIND_AUDIO],
					 &terms->keep_max_s[KIND_TRANSCRIPT],
					 &terms->keep_max_s[KIND_LOCATION], &terms->inactive_days,
					 &terms->notice_days);
		if (r == 0)
			r = message_leave(reply);
		/* One too many or unreadable is one that no consent holds by. */
		if (r == 0 && n < DECIDE_POLICIES_MAX &&
		    hex_parse(hash, policy.hash, sizeof(policy.hash)))
			policies[n++] = policy;
	}
	if (r == 0)
		r = message_leave(reply);
	*ret_n = n;
	return r;
}

static int policy_take(struct message *reply, struct decider *decider, struct why *why)
{
	struct decide_profile profiles[DECIDE_PROFILES_MAX];
	const char *consents[DECIDE_CONSENTS_MAX + DECIDE_ENROLMENTS_MAX];
	struct decide_policy policies[DECIDE_POLICIES_MAX];
	const char *parents[PARENTS_MAX + REKEYS_MAX];
	struct snapshot snapshot = { .profiles = profiles, .consents = consents,
				     .policies = policies, .parents = parents };
	int r;

	r = message_read(reply, "s", &snapshot.household);
	if (r == 0)
		r = report_strings(reply, parents, ARRAY_SIZE(parents), &snapshot.n_parents);
	if (r == 0)
		r = message_read(reply, "s", &snapshot.policy_hash);
	if (r == 0)
		r = profiles_read(reply, profiles, &snapshot.n_profiles);
	if (r == 0)
		r = report_strings(reply, consents, ARRAY_SIZE(consents), &snapshot.n_consents);
	if (r == 0)
		r = policies_read(reply, policies, &snapshot.n_policies);
	if (r > 0)
		return answer_why(why, r, "the keeper's policy cannot be read; "
				  "are cubbyd and the ear of the same version?");
	return r ? r : decider_update(decider, &snapshot, why);
}

int report_policy(struct report *report, struct decider *decider, struct why *why)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	int r;

	r = report_request(report, "Policy", &request, why);
	if (r == 0)
		r = report_options_none(request);
	if (r == 0)
		r = bus_call(report->client, request, REPORT_TIMEOUT_MS, &reply, why);
	if (r == 0)
		r = policy_take(reply, decider, why);
	if (r) {
		decider_clear(decider);
		report->voiceprints = false;
	}
	return r;
}

static unsigned kinds_list(unsigned set, enum kind kinds[static KIND_MAX])
{
	unsigned n = 0;

	for (enum kind kind = KIND_AUDIO; kind <= KIND_MAX; kind++)
		if (set & KIND_BIT(kind))
			kinds[n++] = kind;
	return n;
}

static int begin_append(struct message *request, const struct decide_profile *profile,
			const enum kind *kinds, unsigned n, const struct box_keypair *pair)
{
	char id[ID_TEXT];
	int r;

	r = message_append(request, "s", id_text(&profile->id, id));
	if (r == 0)
		r = message_open(request, 'a', "s");
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = message_append(request, "s", kind_name((int)kinds[i]));
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = message_append(request, "ay", pair->public, sizeof(pair->public));
	return r ? r : report_options_none(request);
}

static int intake_begin(struct report *report, const struct decide_profile *profile,
			const enum kind *kinds, unsigned n, struct id *ret_id,
			struct secret **ret_keys, struct why *why)
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const void *box;
	const char *id;
	size_t box_bytes;
	int r;

	r = box_keypair_new(&pair);
	if (r == 0)
		r = report_request(report, "Begin", &request, why);
	if (r == 0)
		r = begin_append(request, profile, kinds, n, pair);
	if (r == 0)
		r = bus_call(report->client, request, REPORT_TIMEOUT_MS, &reply, why);
	if (r)
		return r;
	r = message_read(reply, "say", &id, &box, &box_bytes);
	if (r == 0 && !id_parse(id, ret_id))
		r = ANSWER_INVALID_ARGUMENT;
	if (r == 0)
		r = box_open(pair, box, box_bytes, ret_keys);
	if (r == 0 && (*ret_keys)->n != (size_t)n * KEY_BYTES)
		r = ANSWER_INVALID_ARGUMENT;
	if (r > 0)
		return answer_why(why, ANSWER_FAILED,
				  "the keeper's keys for the item cannot be read");
	return r;
}

static int commit_append(struct message *request, const struct id *id, const struct sealed *sealed)
{
	char text[ID_TEXT];
	int r;

	r = message_append(request, "say", id_text(id, text), sealed->header.bytes,
			   sizeof(sealed->header.bytes));
	if (r == 0)
		r = message_open(request, 'a', "(stt)");
	for (unsigned i = 0; r == 0 && i < sealed->n_parts; i++) {
		const struct sealed_part *part = &sealed->parts[i];

		r = message_open(request, 'r', "stt");
		if (r == 0)
			r = message_append(request, "stt", kind_name((int)part->kind), part->offset,
					   part->length);
		if (r == 0)
			r = message_close(request);
	}
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = message_append(request, "h", sealed->bodies);
	return r ? r : report_options_none(request);
}

static int intake_commit(struct report *report, const struct id *id, const struct sealed *sealed,
			 struct why *why)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	int r;

	r = report_request(report, "Commit", &request, why);
	if (r == 0)
		r = commit_append(request, id, sealed);
	if (r == 0)
		r = bus_call(report->client, request, REPORT_TIMEOUT_MS, &reply, why);
	return r;
}

/* 0: it is open no more. ANSWER_EXISTS: it was committed. Anything else says nothing of an item
 * that was sent; one that was not lapses by itself. */
static int intake_abort(struct report *report, const struct id *id)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	char text[ID_TEXT];
	int r;

	/* On a new connection the keeper knows nothing of it. */
	if (!report->client || !bus_client_connected(report->client))
		return ANSWER_NO_DAEMON;
	r = report_request(report, "Abort", &request, NULL);
	if (r == 0)
		r = message_append(request, "s", id_text(id, text));
	if (r == 0)
		r = report_options_none(request);
	if (r == 0)
		r = bus_call(report->client, request, REPORT_TIMEOUT_MS, &reply, NULL);
	return r;
}

/* What became of an item whose Commit did not return 0 but r. Nobody is told that it was forgotten
 * on a guess. */
static int fate_find(struct report *report, const struct id *id, int r, struct why *why)
{
	int fate = intake_abort(report, id);

	if (fate == ANSWER_EXISTS)
		return 0;
	if (fate == 0 || (r > 0 && r != ANSWER_TIMEOUT && r != ANSWER_NO_DAEMON &&
			  r != ANSWER_FAILED))
		return r;
	return answer_why(why, REPORT_UNCERTAIN, "the keeper did not answer in time, so it is not "
			  "known whether this was kept; a parent can look with \"cubby list\"");
}

int report_keep(struct report *report, const struct decider *decider,
		const struct decide_profile *profile, unsigned kinds,
		const struct utterance *utterance, struct id *ret_id, struct why *why)
{
	_cleanup_(sealed_clear) struct sealed sealed = SEALED_NONE;
	_cleanup_(secret_freep) struct secret *keys = NULL;
	const struct household *household = decider_household(decider);
	enum kind list[KIND_MAX];
	unsigned n = kinds_list(kinds, list);
	struct id id;
	int r;

	if (!household || !profile || n == 0)
		return fault_origin(-EINVAL);
	r = intake_begin(report, profile, list, n, &id, &keys, why);
	if (r)
		return r;
	r = seal_utterance(utterance, household->home, &id, list, n, keys, &sealed);
	/* The last look: what is on its way from here is the keeper's. */
	if (r == 0 && *utterance->muted)
		r = answer_why(why, ANSWER_NO_CONSENT, "the ear was muted");
	if (r) {
		intake_abort(report, &id);
		return r;
	}
	r = intake_commit(report, &id, &sealed, why);
	if (r)
		r = fate_find(report, &id, r, why);
	if (r == 0 || r == REPORT_UNCERTAIN)
		*ret_id = id;
	return r;
}

static int forget_request(struct report *report, const char *span, const char *profile,
			  struct forgetting *ret)
{
	static const char *const outcomes[] = { "done", "partial", "nothing" };
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *outcome;
	uint32_t items;
	int r;

	r = report_request(report, "Forget", &request, &ret->why);
	if (r == 0)
		r = message_append(request, "ss", span, profile);
	if (r == 0)
		r = report_options_none(request);
	if (r == 0)
		r = bus_call(report->client, request, FORGET_TIMEOUT_MS, &reply, &ret->why);
	if (r == 0)
		r = message_read(reply, "su", &outcome, &items);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(outcomes); i++)
		if (strcmp(outcome, outcomes[i]) == 0)
			ret->outcome = outcomes[i];
	if (r == 0)
		ret->items = items;
	return r;
}

void report_forget(struct report *report, const char *span, const char *profile,
		   struct forgetting *ret)
{
	int r;

	*ret = (struct forgetting) { .outcome = "failed" };
	r = forget_request(report, span, profile, ret);
	/* No household or no such profile: nothing can have been kept. */
	if (r == ANSWER_NOT_FOUND) {
		ret->outcome = "nothing";
		ret->why = (struct why) { "" };
	} else if (r == ANSWER_TIMEOUT) {
		answer_why(&ret->why, r, "the keeper has not answered in %d s; a parent can look "
			   "with \"cubby list\" what is left", FORGET_TIMEOUT_MS / 1000);
	} else if (strcmp(ret->outcome, "failed") == 0 && !*ret->why.text) {
		answer_why(&ret->why, ANSWER_FAILED, "the keeper could not be asked to forget");
	}
}
