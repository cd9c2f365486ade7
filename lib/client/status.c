/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper says of itself. What it claims of its keys is believed only as far as the pins
 * bear it out. */

#include <string.h>

#include "base/id.h"
#include "client/reply.h"

/* What the public struct points into. */
struct status_owner {
	struct cubby_status public;
	struct array texts;		/* version, level */
	struct array sandbox;
	struct array alerts;
};

static const char *const none[] = { NULL };

struct cubby_status *cubby_status_free(struct cubby_status *status)
{
	struct status_owner *owner = (struct status_owner *)status;

	if (!owner)
		return NULL;
	array_clear(&owner->texts, free);
	array_clear(&owner->sandbox, free);
	array_clear(&owner->alerts, free);
	free(owner);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_status *, cubby_status_free)

static int texts_read(struct message *message, struct array *array)
{
	int r = message_enter(message, 'v', "as");

	if (r == 0)
		r = reply_texts(message, array);
	return r == 0 ? message_leave(message) : fault_trace(r);
}

static int text_read(struct message *message, struct array *texts, const char **ret)
{
	const char *text;
	int r = reply_variant(message, "s", &text);

	if (r == 0)
		r = array_add_text(texts, text);
	if (r == 0)
		*ret = texts->all[texts->n - 1];
	return fault_trace(r);
}

static int property_read(struct message *message, void *context)
{
	struct status_owner *owner = context;
	const char *name;
	int r = message_read(message, "s", &name);

	if (r != 0)
		return fault_trace(r);
	if (strcmp(name, "Version") == 0)
		return fault_trace(text_read(message, &owner->texts, &owner->public.version));
	if (strcmp(name, "ErasureLevel") == 0)
		return fault_trace(text_read(message, &owner->texts,
					     &owner->public.erasure_level));
	if (strcmp(name, "Sandbox") == 0)
		return fault_trace(texts_read(message, &owner->sandbox));
	if (strcmp(name, "Household") == 0)
		return fault_trace(reply_variant(message, "b", &owner->public.household));
	return message_skip(message);
}

static int properties_get(struct cubby *cubby, struct status_owner *owner)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	int r = reply_properties(cubby, NULL, "Status", &reply);

	if (r != 0)
		return fault_trace(r);
	r = reply_each(reply, "{sv}", property_read, owner);
	if (r == 0 && (!owner->public.version || !owner->public.erasure_level))
		r = ANSWER_INVALID_ARGUMENT;
	return fault_trace(session_malformed(cubby, r, "Status"));
}

static int fact_read(struct message *message, void *context)
{
	static const struct {
		const char *name;
		size_t offset;
	} counts[] = {
		{ "profiles", offsetof(struct cubby_status, profiles) },
		{ "items", offsetof(struct cubby_status, items) },
		{ "hidden", offsetof(struct cubby_status, hidden) },
		{ "erasing", offsetof(struct cubby_status, erasing) },
		{ "released", offsetof(struct cubby_status, released) },
	};
	struct status_owner *owner = context;
	const char *name;
	int r = message_read(message, "s", &name);

	if (r != 0)
		return fault_trace(r);
	if (strcmp(name, "alerts") == 0)
		return fault_trace(texts_read(message, &owner->alerts));
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		uint32_t *count = (uint32_t *)((char *)&owner->public + counts[i].offset);

		if (strcmp(name, counts[i].name) == 0)
			return fault_trace(reply_variant(message, "u", count));
	}
	return message_skip(message);
}

static int facts_get(struct cubby *cubby, struct status_owner *owner)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	int r = reply_get(cubby, "Status", "Describe", &reply, "");

	/* Everybody may ask for a status; the counts are for parents. */
	if (r == ANSWER_NOT_AUTHORIZED) {
		session_begin(cubby);
		return 0;
	}
	if (r != 0)
		return fault_trace(r);
	r = reply_each(reply, "{sv}", fact_read, owner);
	owner->public.described = r == 0;
	return fault_trace(session_malformed(cubby, r, "Status.Describe"));
}

static int status_run(struct cubby *cubby, struct cubby_status **ret)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	struct status_owner *owner = calloc(1, sizeof(*owner));
	int r;

	if (!owner)
		return fault_origin(-ENOMEM);
	status = &owner->public;
	r = properties_get(cubby, owner);
	if (r == 0)
		r = facts_get(cubby, owner);
	if (r != 0)
		return fault_trace(r);
	/* A keeper whose keys changed still has a status, and the caller must see that it has. */
	r = session_device(cubby);
	if (r < 0)
		return fault_trace(r);
	status->device_trusted = r == 0;
	if (r == 0)
		hex_text(cubby->pins.device_sign, SIGN_PUBLIC_BYTES, status->device_key);
	session_begin(cubby);
	status->sandbox = owner->sandbox.n ? (const char *const *)owner->sandbox.all : none;
	status->alerts = owner->alerts.n ? (const char *const *)owner->alerts.all : none;
	*ret = take(status);
	return 0;
}

int cubby_status(struct cubby *cubby, struct cubby_status **ret)
{
	session_begin(cubby);
	return session_end(cubby, status_run(cubby, ret));
}

static int policy_run(struct cubby *cubby, char **ret_text, char ret_hash[CUBBY_KEY_TEXT])
{
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *text, *hash;
	uint8_t own[HASH_BYTES];
	char own_hex[CUBBY_KEY_TEXT];
	int r;

	r = reply_get(cubby, "Status", "Policy", &reply, "");
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "ss", &text, &hash);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Status.Policy"));
	crypt_hash(text, strlen(text), own);
	if (strcmp(hex_text(own, sizeof(own), own_hex), hash) != 0)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the policy text and its hash do not belong together; do not "
				  "consent "
				  "to it");
	*ret_text = strdup(text);
	if (!*ret_text)
		return fault_origin(-ENOMEM);
	memcpy(ret_hash, own_hex, CUBBY_KEY_TEXT);
	return 0;
}

int cubby_policy(struct cubby *cubby, char **ret_text, char ret_hash[CUBBY_KEY_TEXT])
{
	session_begin(cubby);
	return session_end(cubby, policy_run(cubby, ret_text, ret_hash));
}

int cubby_alerts_seen(struct cubby *cubby)
{
	_cleanup_(message_freep) struct message *reply = NULL;

	session_begin(cubby);
	return session_end(cubby, reply_get(cubby, "Status", "Seen", &reply, ""));
}
