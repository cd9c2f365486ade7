/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Parents. A proof belongs to the connection it was given on, and to nothing
 * else: neither to the uid nor to a later connection of the same program. */

#include "dbus-table.h"
#include "family.h"
#include "reset.h"
#include "service/service.h"

static struct asker asker_of(struct call *call, struct session *session)
{
	return (struct asker){call_caller(call)->name, call_caller(call)->uid, &session->nonce};
}

int service_parents_setup(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct asker asker;
	struct session *session;
	const char *name, *household;
	const void *sealed_doors;
	size_t n_sealed;
	int r;

	r = service_session(call, &session);
	if (r)
		return fault_trace(r);
	asker = asker_of(call, session);
	r = message_read(call_arguments(call), "ssay", &name, &household, &sealed_doors, &n_sealed);
	if (!r)
		r = parent_setup(keeper->parents, &asker, name, household, sealed_doors, n_sealed,
				 &session->proof, call_why(call));
	if (!r)
		service_policy_changed(keeper);
	return fault_trace(r);
}

int service_parents_list(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	struct parent_row *rows;
	size_t n;
	int r;

	r = store_parents(keeper->store, &rows, &n);
	if (r)
		return fault_trace(r);
	r = message_open(reply, 'a', "(stb)");
	for (size_t i = 0; !r && i < n; i++) {
		if (rows[i].removed)
			continue;
		r = message_append_row(reply, "stb", rows[i].name,
				       (uint64_t)rows[i].created_min * 60, !rows[i].statement);
	}
	if (!r)
		r = message_close(reply);
	parent_rows_free(rows, n);
	return fault_trace(r);
}

int service_reply_household(struct keeper *keeper, struct message *reply, struct why *why)
{
	_cleanup_(cleanup_free) char *household = NULL;
	_cleanup_(rekey_texts_clear) struct rekey_texts texts = {0};
	int r;

	r = store_household(keeper->store, &household);
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r, "there is no household yet; a parent begins with \"cubby "
				  "setup\"");
	if (!r)
		r = rekey_texts(keeper->store, &texts);
	if (!r)
		r = message_append(reply, "s", household);
	if (!r)
		r = reply_strings(reply, (const char *const *)texts.texts, texts.n);
	return fault_trace(r);
}

int service_parents_household(struct call *call, void *service)
{
	return service_reply_household(service, call_reply(call), call_why(call));
}

int service_parents_challenge(struct call *call, void *service)
{
	struct keeper *keeper = service;
	const char *name, *kind;
	struct door door;
	uint32_t wait_s;
	int r;

	r = message_read(call_arguments(call), "ss", &name, &kind);
	if (!r)
		r = parent_challenge(keeper->parents, name, kind, &door, &wait_s, call_why(call));
	if (!r)
		r = message_append(call_reply(call), "ayutu", door.salt, sizeof(door.salt),
				   door.passes, door.memory_bytes, wait_s);
	return fault_trace(r);
}

int service_parents_nonce(struct call *call, void *service)
{
	struct session *session;
	int r = service_session(call, &session);

	if (r)
		return fault_trace(r);
	nonce_give(&session->nonce);
	return message_append(call_reply(call), "ay", session->nonce.bytes,
			      sizeof(session->nonce.bytes));
}

int service_parents_prove(struct call *call, void *service)
{
	_cleanup_(strings_clear) struct strings secrets = {0};
	_cleanup_(cleanup_free) uint8_t *sealed_wraps = NULL;
	struct keeper *keeper = service;
	struct message *arguments = call_arguments(call);
	struct asker asker;
	struct parent_guess guess = {0};
	struct session *session;
	size_t n_sealed;
	int r;

	r = service_session(call, &session);
	if (r)
		return fault_trace(r);
	asker = asker_of(call, session);
	r = message_read(arguments, "ssay", &guess.name, &guess.door, &guess.sealed_proof,
			 &guess.n_sealed_proof);
	if (!r)
		r = args_strings(arguments, 8, &secrets, call_why(call));
	if (!r)
		r = args_reply_key(arguments, &guess.reply_key, call_why(call));
	guess.secrets = secrets.items;
	guess.n_secrets = secrets.n;
	if (!r)
		r = parent_prove(keeper->parents, &asker, &guess, &session->proof, &sealed_wraps,
				 &n_sealed, call_why(call));
	if (!r)
		r = message_append(call_reply(call), "ayu", sealed_wraps, n_sealed,
				   (uint32_t)PROOF_LASTS_S);
	return fault_trace(r);
}

int service_parents_add(struct call *call, void *service)
{
	struct keeper *keeper = service;
	const char *name, *statement;
	struct session *session;
	struct asker asker;
	const void *sealed;
	size_t n;
	int r;

	r = service_session(call, &session);
	if (r)
		return fault_trace(r);
	asker = asker_of(call, session);
	r = message_read(call_arguments(call), "ssay", &name, &statement, &sealed, &n);
	if (!r)
		r = family_add(&keeper->ground, keeper->device->box, &asker, &session->proof, name,
			       statement, sealed, n, call_why(call));
	if (!r)
		service_policy_changed(keeper);
	return fault_trace(r);
}

static int gifts_read(struct message *arguments, struct rekey_gift gifts[static PARENTS_MAX],
		      size_t *ret_n, struct why *why)
{
	size_t n = 0;
	int r = message_enter(arguments, 'a', "(sayay)");

	while (!r && message_more(arguments)) {
		if (n == PARENTS_MAX)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "there are at most %d parents", PARENTS_MAX);
		r = message_enter(arguments, 'r', "sayay");
		if (!r)
			r = message_read(arguments, "sayay", &gifts[n].name, &gifts[n].home,
					 &gifts[n].n_home, &gifts[n].release, &gifts[n].n_release);
		if (!r)
			r = message_leave(arguments);
		n++;
	}
	*ret_n = n;
	return fault_trace(r ? r : message_leave(arguments));
}

int service_parents_remove(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct message *arguments = call_arguments(call);
	struct rekey_gift gifts[PARENTS_MAX];
	struct rekey_asked asked = {.gifts = gifts};
	struct session *session;
	struct asker asker;
	const char *name;
	int64_t parent;
	int r;

	r = service_session(call, &session);
	if (r)
		return fault_trace(r);
	asker = asker_of(call, session);
	r = message_read(arguments, "ss", &name, &asked.statement);
	if (!r)
		r = gifts_read(arguments, gifts, &asked.n_gifts, call_why(call));
	if (!r)
		r = message_read(arguments, "ayay", &asked.former_home, &asked.n_former_home,
				 &asked.former_release, &asked.n_former_release);
	if (!r)
		r = family_remove(&keeper->ground, &asker, &session->proof, name, &asked, &parent,
				  call_why(call));
	if (r)
		return fault_trace(r);
	service_proofs_end(keeper, parent);
	service_policy_changed(keeper);
	return 0;
}

int service_parents_change_door(struct call *call, void *service)
{
	struct keeper *keeper = service;
	struct session *session;
	struct asker asker;
	const void *sealed;
	const char *kind;
	bool same = false;
	size_t n;
	int r;

	r = service_session(call, &session);
	if (r)
		return fault_trace(r);
	asker = asker_of(call, session);
	r = message_read(call_arguments(call), "say", &kind, &sealed, &n);
	if (!r)
		r = call_option(call, "same", "b", &same);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(call_why(call), r, "the option same is a boolean");
	if (!r || r == ANSWER_NOT_FOUND)
		r = family_door(&keeper->ground, keeper->device->box, &asker, &session->proof, kind,
				same, sealed, n, call_why(call));
	return fault_trace(r);
}

int service_parents_lock(struct call *call, void *service)
{
	struct session *session;
	int r = service_session(call, &session);

	if (r)
		return fault_trace(r);
	session->proof = (struct proof){0};
	return 0;
}

int service_parents_reset(struct call *call, void *service)
{
	struct keeper *keeper = service;
	const struct archive_selection everything = {.all = true};
	struct access_within entry = {
		.log = keeper->log,
		.entry = {.what = "reset", .uid = call_caller(call)->uid, .outcome = "asked",
			  .method = "Parents.Reset"},
	};
	const struct archive_within within = {access_log_within, &entry};
	char job[SERVICE_PATH_TEXT];
	uint64_t items;
	const char *name;
	int r;

	r = message_read(call_arguments(call), "s", &name);
	if (!r)
		r = reset_check(&keeper->ground, name, call_why(call));
	if (!r)
		r = service_erase(keeper, call, ERASURE_RESET, &everything, &within, job, &items);
	if (!r)
		r = message_append(call_reply(call), "o", job);
	return fault_trace(r);
}
