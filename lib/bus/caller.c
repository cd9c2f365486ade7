/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is calling. The bus is asked, never the caller; until it has answered nobody holds any role,
 * and where it gives no answer nobody ever does.
 */

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include "base/log.h"
#include "bus/server_private.h"

#define CREDENTIALS_TIMEOUT_MS 10000
#define GROUPS_MAX 1024

/* FNV-1a: unique names are given by the bus, not chosen by callers. */
static struct peer **chain_of(struct bus_server *server, const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return &server->chains[hash % SERVER_CHAINS];
}

struct peer *peer_find(struct bus_server *server, const char *name)
{
	struct peer *peer = *chain_of(server, name);

	while (peer && strcmp(peer->name, name) != 0)
		peer = peer->next;
	return peer;
}

static unsigned group_role(const struct bus_server *server, uint32_t gid)
{
	return (gid == server->config.ear_gid ? ROLE_EAR : 0) |
	       (gid == server->config.parents_gid ? ROLE_PARENT : 0);
}

/* For a bus that tells no groups: those of the user database. A user it does not know has none. */
static unsigned database_roles(const struct bus_server *server, uint32_t uid)
{
	gid_t gids[GROUPS_MAX];
	struct passwd entry, *found = NULL;
	char buffer[4096];
	int n = GROUPS_MAX;
	unsigned roles = 0;

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return 0;
	if (getgrouplist(found->pw_name, found->pw_gid, gids, &n) < 0)
		return 0;
	for (int i = 0; i < n; i++)
		roles |= group_role(server, gids[i]);
	return roles;
}

/* One entry of GetConnectionCredentials; others than these two are passed over. */
static int credential_read(struct peer *peer, struct message *reply, bool *ret_uid,
			   bool *ret_groups, unsigned *roles)
{
	const char *key;
	uint32_t gid;
	int r;

	if ((r = message_enter(reply, 'e', "sv")) != 0 || (r = message_read(reply, "s", &key)) != 0)
		return r;
	if (strcmp(key, "UnixUserID") == 0) {
		if ((r = message_enter(reply, 'v', "u")) != 0 ||
		    (r = message_read(reply, "u", &peer->caller.uid)) != 0 ||
		    (r = message_leave(reply)) != 0)
			return r;
		*ret_uid = true;
	} else if (strcmp(key, "UnixGroupIDs") == 0) {
		if ((r = message_enter(reply, 'v', "au")) != 0 ||
		    (r = message_enter(reply, 'a', "u")) != 0)
			return r;
		while (message_more(reply)) {
			if ((r = message_read(reply, "u", &gid)) != 0)
				return r;
			*roles |= group_role(peer->server, gid);
		}
		if ((r = message_leave(reply)) != 0 || (r = message_leave(reply)) != 0)
			return r;
		*ret_groups = true;
	}
	return message_leave(reply);
}

/* Anything but 0: who it is stays unknown. */
static int credentials_read(struct peer *peer, struct message *reply)
{
	bool uid = false, groups = false;
	unsigned roles = 0;
	int r;

	r = message_enter(reply, 'a', "{sv}");
	if (r != 0)
		return r;
	while (message_more(reply))
		if ((r = credential_read(peer, reply, &uid, &groups, &roles)) != 0)
			return r;
	if (!uid)
		return ANSWER_NOT_FOUND;
	if (!groups)
		roles = database_roles(peer->server, peer->caller.uid);
	/* Root keeps the machine, not the family: it holds no role, in whatever group it is. */
	peer->caller.roles = ROLE_ANYONE | (peer->caller.uid == 0 ? 0 : roles);
	return 0;
}

static void waiting_run(struct peer *peer)
{
	struct call *call = peer->waiting;

	peer->waiting = NULL;
	peer->waiting_end = &peer->waiting;
	while (call) {
		struct call *next = call->next_waiting;

		call_run(call);
		call = next;
	}
}

static void credentials_arrived(DBusPendingCall *pending, void *context)
{
	_cleanup_(dbus_message_unrefp) DBusMessage *dbus = dbus_pending_call_steal_reply(pending);
	_cleanup_(message_freep) struct message *reply = NULL;
	struct peer *peer = context;
	int r = ANSWER_NOT_FOUND;

	peer->asking = NULL;
	dbus_pending_call_unref(pending);
	if (dbus && dbus_message_get_type(dbus) == DBUS_MESSAGE_TYPE_METHOD_RETURN) {
		reply = message_wrap(dbus);
		r = reply ? credentials_read(peer, reply) : fault_origin(-ENOMEM);
	}
	if (r == 0) {
		peer->known = true;
		waiting_run(peer);
		return;
	}
	/* Mostly somebody who has left at once. Its calls are refused; the next one asks again. */
	log_debug("bus: no credentials for %s, its calls are refused", peer->name);
	while (peer->waiting) {
		struct call *call = peer->waiting;

		peer->waiting = call->next_waiting;
		call_finish(call, answer_why(&call->why, ANSWER_NOT_AUTHORIZED,
					     "the bus does not say who you are: try again"));
	}
	peer_left(peer);
}

static int credentials_ask(struct peer *peer)
{
	_cleanup_(dbus_message_unrefp) DBusMessage *request = NULL;
	const char *name = peer->name;

	request = dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
					       DBUS_INTERFACE_DBUS, "GetConnectionCredentials");
	if (!request ||
	    !dbus_message_append_args(request, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID) ||
	    !dbus_connection_send_with_reply(peer->server->connection, request, &peer->asking,
					     CREDENTIALS_TIMEOUT_MS))
		return fault_origin(-ENOMEM);
	if (!peer->asking)
		return fault_origin(-ENOTCONN);
	if (!dbus_pending_call_set_notify(peer->asking, credentials_arrived, peer, NULL))
		return fault_origin(-ENOMEM);
	return 0;
}

static struct peer *peer_free(struct peer *peer)
{
	if (!peer)
		return NULL;
	if (peer->asking) {
		dbus_pending_call_cancel(peer->asking);
		dbus_pending_call_unref(peer->asking);
	}
	free(peer);
	return NULL;
}
CLEANUP_DEFINE(struct peer *, peer_free)

int peer_get(struct bus_server *server, const char *name, struct peer **ret)
{
	_cleanup_(peer_freep) struct peer *peer = NULL;
	struct peer **chain = chain_of(server, name);
	size_t n = strlen(name) + 1;
	int r;

	*ret = peer_find(server, name);
	if (*ret)
		return 0;
	peer = calloc(1, sizeof(*peer) + n);
	if (!peer)
		return fault_origin(-ENOMEM);
	memcpy(peer->name, name, n);
	peer->caller.name = peer->name;
	peer->caller.uid = UINT32_MAX;
	peer->server = server;
	peer->waiting_end = &peer->waiting;
	peer->tokens_milli = (int64_t)server->config.burst_calls * 1000;
	peer->refilled_ms = clock_boot_ms(server->config.clock);
	r = credentials_ask(peer);
	if (r < 0)
		return fault_trace(r);
	peer->next = *chain;
	*chain = peer;
	*ret = take(peer);
	return 0;
}

/* Calls that still wait are dropped; deferred ones learn it from call_gone(). */
void peer_left(struct peer *peer)
{
	struct bus_server *server = peer->server;
	struct peer **link = chain_of(server, peer->name);
	struct call *next;

	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	for (struct call *call = server->calls; call; call = call->next)
		if (call->peer == peer)
			call->peer = NULL;
	for (struct call *call = peer->waiting; call; call = next) {
		next = call->next_waiting;
		call_finish(call, ANSWER_FAILED);
	}
	if (peer->known && server->config.hooks->left)
		server->config.hooks->left(server->config.service, &peer->caller);
	peer_free(peer);
}

bool peer_token_take(struct peer *peer)
{
	const struct bus_server_config *config = &peer->server->config;
	int64_t full = (int64_t)config->burst_calls * 1000;
	int64_t now_ms = clock_boot_ms(config->clock);
	int64_t passed_ms = now_ms - peer->refilled_ms;

	if (passed_ms > 0) {
		/* Beyond this the bucket is full anyway, and the product stays small. */
		if (passed_ms > full)
			passed_ms = full;
		peer->tokens_milli += passed_ms * config->refill_calls_per_s;
		if (peer->tokens_milli > full)
			peer->tokens_milli = full;
		peer->refilled_ms = now_ms;
	}
	if (peer->tokens_milli < 1000)
		return false;
	peer->tokens_milli -= 1000;
	return true;
}

bool peer_holds(struct peer *peer, unsigned roles)
{
	const struct bus_server_config *config = &peer->server->config;

	if (!peer->known)
		return false;
	if (peer->caller.roles & roles & (ROLE_ANYONE | ROLE_EAR | ROLE_PARENT))
		return true;
	return roles & ROLE_PROOF && peer->caller.roles & ROLE_PARENT && config->hooks->proved &&
	       config->hooks->proved(config->service, &peer->caller);
}

bool peer_might_hold(struct peer *peer, unsigned roles)
{
	return peer->known && peer->caller.roles & (roles | (roles & ROLE_PROOF ? ROLE_PARENT : 0));
}
