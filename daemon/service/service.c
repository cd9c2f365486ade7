/* SPDX-License-Identifier: Apache-2.0 */

/* Brings the keeper onto the bus and answers what the bus asks of it: which objects there are, who
 * has a proof, who was denied, who left. Nothing of a connection outlives it. */

#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "dbus-table.h"
#include "profile.h"
#include "service/bus.h"
#include "service/service.h"

static const char *const root_interfaces[] = {
	SERVICE_INTERFACE "Archive", SERVICE_INTERFACE "Consent", SERVICE_INTERFACE "Drill",
	SERVICE_INTERFACE "Export",
	SERVICE_INTERFACE "Intake", SERVICE_INTERFACE "Log", SERVICE_INTERFACE "Parents",
	SERVICE_INTERFACE "Profiles", SERVICE_INTERFACE "Retention",
	SERVICE_INTERFACE "Status", SERVICE_INTERFACE "Voiceprints", NULL,
};
static const char *const profile_interfaces[] = {SERVICE_INTERFACE "Profile", NULL};
static const char *const job_interfaces[] = {SERVICE_INTERFACE "Job", NULL};

/* ---- Objects ---- */

char *service_profile_path(const struct id *id, char path[static SERVICE_PATH_TEXT])
{
	char text[ID_TEXT];

	snprintf(path, SERVICE_PATH_TEXT, SERVICE_PROFILES "/%s", id_text(id, text));
	return path;
}

char *service_job_path(int64_t number, char path[static SERVICE_PATH_TEXT])
{
	snprintf(path, SERVICE_PATH_TEXT, SERVICE_JOBS "/%lld", (long long)number);
	return path;
}

/* What follows `prefix` and a slash, or NULL. */
static const char *path_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(path, prefix, n) || path[n] != '/' ? NULL : path + n + 1;
}

int service_profile_at(struct keeper *keeper, const char *path, struct profile *ret)
{
	const char *text = path_below(path, SERVICE_PROFILES);
	struct id id;

	if (!text || !id_parse(text, &id))
		return ANSWER_NOT_FOUND;
	return fault_trace(store_profile_by_id(keeper->store, &id, ret));
}

int service_job_at(struct keeper *keeper, const char *path, struct erasure_job **ret)
{
	const char *text = path_below(path, SERVICE_JOBS);
	char again[SERVICE_PATH_TEXT];
	long long number = 0;

	/* One path only for each job: "job/07" is none. */
	if (!text || sscanf(text, "%18lld", &number) != 1 || number < 1 ||
	    strcmp(service_job_path(number, again), path))
		return ANSWER_NOT_FOUND;
	return fault_trace(erasure_find(keeper->erasure, number, ret));
}

static const char *const *object_interfaces(void *service, const char *path)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	struct profile profile;

	if (!strcmp(path, SERVICE_PATH))
		return root_interfaces;
	if (path_below(path, SERVICE_PROFILES) && !service_profile_at(service, path, &profile))
		return profile_interfaces;
	if (path_below(path, SERVICE_JOBS) && !service_job_at(service, path, &job))
		return job_interfaces;
	return NULL;
}

/* The strings live behind the pointers, in one piece. */
static const char **children_new(size_t n, size_t text_bytes, char **ret_texts)
{
	const char **children = calloc(1, (n + 1) * sizeof(*children) + n * text_bytes);

	if (!children)
		return NULL;
	*ret_texts = (char *)(children + n + 1);
	for (size_t i = 0; i < n; i++)
		children[i] = *ret_texts + i * text_bytes;
	return children;
}

static const char **profile_children(struct keeper *keeper)
{
	_cleanup_(cleanup_free) struct profile *profiles = NULL;
	const char **children;
	char *texts;
	size_t n;

	if (store_profiles(keeper->store, &profiles, &n))
		return NULL;
	children = children_new(n, ID_TEXT, &texts);
	for (size_t i = 0; children && i < n; i++)
		id_text(&profiles[i].id, texts + i * ID_TEXT);
	return children;
}

/* Jobs that somebody now on the bus asked for; the others are still found by their path. */
static const char **job_children(struct keeper *keeper)
{
	struct service *service = keeper->service;
	const char **children;
	char *texts;

	children = children_new(service->n_asked, 24, &texts);
	for (size_t i = 0; children && i < service->n_asked; i++)
		snprintf(texts + i * 24, 24, "%lld", (long long)service->asked[i].job);
	return children;
}

/* How many people and jobs there are is of a household: only a parent sees them, or that there are
 * any. */
static const char **object_children(void *service, struct caller *caller, const char *path)
{
	static const char *const folders[] = {"profile", "job"};
	static const char **(*const contents[])(struct keeper *) = {profile_children, job_children};
	const char **children;
	char *texts;
	size_t n = 0;

	if (!(caller->roles & ROLE_PARENT))
		return NULL;
	if (!strcmp(path, SERVICE_PROFILES))
		return profile_children(service);
	if (!strcmp(path, SERVICE_JOBS))
		return job_children(service);
	if (strcmp(path, SERVICE_PATH))
		return NULL;
	children = children_new(ARRAY_SIZE(folders), 0, &texts);
	for (size_t i = 0; children && i < ARRAY_SIZE(folders); i++) {
		_cleanup_(cleanup_free) const char **inside = contents[i](service);

		if (inside && inside[0])
			children[n++] = folders[i];
	}
	if (children)
		children[n] = NULL;
	return children;
}

/* ---- Callers ---- */

int service_session(struct call *call, struct session **ret)
{
	struct caller *caller = call_caller(call);

	if (!caller->session)
		caller->session = calloc(1, sizeof(struct session));
	if (!caller->session)
		return fault_origin(-ENOMEM);
	*ret = caller->session;
	return 0;
}

const struct proof *service_proof(struct caller *caller)
{
	struct session *session = caller->session;

	return session ? &session->proof : NULL;
}

static bool caller_proved(void *service, struct caller *caller)
{
	struct keeper *keeper = service;

	return proof_holds(service_proof(caller), keeper->clock);
}

static void caller_denied(void *service, struct caller *caller, const struct method *method,
			  const char *reason)
{
	struct keeper *keeper = service;
	const char *interface = method->interface;
	char member[64];

	if (!strncmp(interface, SERVICE_INTERFACE, strlen(SERVICE_INTERFACE)))
		interface += strlen(SERVICE_INTERFACE);
	snprintf(member, sizeof(member), "%.31s.%.31s", interface, method->member);
	/* Root holds no role either, but is one, and always named. */
	if (caller->uid == 0 || caller->roles & (ROLE_EAR | ROLE_PARENT))
		access_log_denied(keeper->log, caller->uid, member,
				  answer_name(ANSWER_NOT_AUTHORIZED));
	else
		access_log_denied_stranger(keeper->log, caller->uid, member,
					   answer_name(ANSWER_NOT_AUTHORIZED));
}

static void caller_left(void *service, struct caller *caller)
{
	struct keeper *keeper = service;
	struct session *session = caller->session;

	service_asked_drop(keeper->service, caller->name);
	service_waiting_drop(keeper->service);
	service_drill_drop(keeper->service);
	if (!session)
		return;
	drafts_clear(&session->drafts);
	secret_wipe(session, sizeof(*session));
	free(session);
	caller->session = NULL;
}

int service_end(struct keeper *keeper, struct call *call, int r, const char *member)
{
	if (r == ANSWER_NOT_AUTHORIZED || r == ANSWER_NO_CONSENT || r == ANSWER_LOCKED ||
	    r == ANSWER_RATE_LIMITED)
		access_log_denied(keeper->log, call_caller(call)->uid, member, answer_name(r));
	return fault_trace(r);
}

int service_look(struct keeper *keeper, struct call *call)
{
	struct caller *caller = call_caller(call);

	if (proof_holds(service_proof(caller), keeper->clock))
		return 0;
	return access_log_look(keeper->log, caller->uid, call_why(call));
}

static void caller_end_old(struct caller *caller, void *context)
{
	struct keeper *keeper = context;
	struct session *session = caller->session;

	if (session)
		drafts_end_old(&session->drafts, clock_boot_ms(keeper->clock));
}

void service_end_old(struct keeper *keeper)
{
	bus_server_each(keeper->server, caller_end_old, keeper);
}

static void caller_anew(struct caller *caller, void *context)
{
	struct session *session = caller->session;

	if (!session)
		return;
	drafts_clear(&session->drafts);
	secret_wipe(&session->proof, sizeof(session->proof));
}

void service_anew(struct keeper *keeper)
{
	if (!keeper->server)
		return;
	bus_server_each(keeper->server, caller_anew, keeper);
	service_policy_changed(keeper);
}

struct ending_proofs {
	int64_t parent;
};

static void caller_proof_end(struct caller *caller, void *context)
{
	const struct ending_proofs *ending = context;
	struct session *session = caller->session;

	if (session && session->proof.parent == ending->parent)
		secret_wipe(&session->proof, sizeof(session->proof));
}

void service_proofs_end(struct keeper *keeper, int64_t parent)
{
	struct ending_proofs ending = {parent};

	bus_server_each(keeper->server, caller_proof_end, &ending);
}

struct played {
	struct keeper *keeper;
	const char *profile;
};

static int played_append(struct message *arguments, void *context)
{
	return message_append(arguments, "s", context);
}

static void caller_played(struct caller *caller, void *context)
{
	struct played *played = context;
	struct session *session = caller->session;

	if (session && session->asked_policy)
		bus_server_signal(played->keeper->server, caller, SERVICE_PATH,
				  SERVICE_INTERFACE "Intake", "Played", played_append,
				  (void *)(uintptr_t)played->profile);
}

void service_played(struct keeper *keeper, const char *profile)
{
	struct played played = {keeper, profile};

	bus_server_each(keeper->server, caller_played, &played);
}

static void caller_policy_changed(struct caller *caller, void *context)
{
	struct keeper *keeper = context;
	struct session *session = caller->session;

	if (session && session->asked_policy)
		bus_server_signal(keeper->server, caller, SERVICE_PATH, SERVICE_INTERFACE "Intake",
				  "PolicyChanged", NULL, NULL);
}

void service_policy_changed(struct keeper *keeper)
{
	bus_server_each(keeper->server, caller_policy_changed, keeper);
}

/* ---- Start and stop ---- */

static const struct bus_server_hooks hooks = {
	.object_interfaces = object_interfaces,
	.object_children = object_children,
	.proved = caller_proved,
	.denied = caller_denied,
	.left = caller_left,
};

int service_start(struct keeper *keeper, const char *address, uint32_t ear_gid,
		  uint32_t parents_gid, struct why *why)
{
	struct bus_server_config config = {
		.address = address,
		.ear_gid = ear_gid,
		.parents_gid = parents_gid,
		.table = &cubby_bus_table,
		.hooks = &hooks,
		.service = keeper,
		.clock = keeper->clock,
	};
	int r;

	keeper->service = calloc(1, sizeof(*keeper->service));
	if (!keeper->service)
		return fault_origin(-ENOMEM);
	r = bus_server_new(keeper->loop, &config, &keeper->server, why);
	if (r)
		return fault_trace(r);
	keeper->service->server = keeper->server;
	return fault_trace(bus_server_take_name(keeper->server, why));
}

void service_stop(struct keeper *keeper)
{
	struct service *service = keeper->service;

	if (!service)
		return;
	for (size_t i = 0; i < service->n_waiting; i++) {
		answer_why(call_why(service->waiting[i].call), ANSWER_FAILED,
			   "the keeper is stopping; the erasure goes on when it starts again");
		call_finish(service->waiting[i].call, ANSWER_FAILED);
	}
	service->n_waiting = 0;
	service_drill_stop(service);
	/* Callers leave as it goes, and give back what they hold. */
	keeper->server = bus_server_free(keeper->server);
	free(service->waiting);
	free(service->asked);
	free(service);
	keeper->service = NULL;
}
