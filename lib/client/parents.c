/* SPDX-License-Identifier: Apache-2.0 */
/* Other parents, and new passphrases. Who adds a parent hands on the household's keys, in doors
 * that only the new one's passphrase and code open, and signs that they are one. */

#include <string.h>

#include "base/id.h"
#include "client/doors.h"
#include "client/list.h"
#include "client/reply.h"
#include "crypt/vouch.h"

/* ---- Listing ---- */

struct parent_owner {
	struct cubby_parent public;
	char *name;
};

static void parent_free(void *element)
{
	struct parent_owner *parent = element;

	free(parent->name);
	free(parent);
}

LIST_DEFINE(parents, cubby_parent, parent_free)

static int parent_read(struct message *message, void *context)
{
	struct array *array = context;
	struct parent_owner *parent;
	uint64_t created_s;
	const char *name;
	bool founding;
	int r = message_read(message, "stb", &name, &created_s, &founding);

	if (r != 0)
		return fault_trace(r);
	parent = calloc(1, sizeof(*parent));
	if (parent)
		parent->name = strdup(name);
	if (!parent || !parent->name) {
		free(parent);
		return fault_origin(-ENOMEM);
	}
	parent->public = (struct cubby_parent){ .name = parent->name,
						.created_s = (int64_t)created_s,
						.founding = founding };
	return fault_trace(array_add(array, parent, parent_free));
}

static int parents_run(struct cubby *cubby, struct cubby_parents **ret)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cubby_parents_freep) struct cubby_parents *parents = NULL;
	struct parents_owner *owner;
	int r = reply_get(cubby, "Parents", "List", &reply, "");

	if (r != 0)
		return fault_trace(r);
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return fault_origin(-ENOMEM);
	parents = &owner->public;
	r = reply_each(reply, "(stb)", parent_read, &owner->array);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Parents.List"));
	parents_show(owner);
	*ret = take(parents);
	return 0;
}

int cubby_parents(struct cubby *cubby, struct cubby_parents **ret)
{
	session_begin(cubby);
	return session_end(cubby, parents_run(cubby, ret));
}

/* ---- Coming and going ---- */

/* Everything that stands behind a door. */
static int secrets_proved(struct cubby *cubby)
{
	if (cubby->home && cubby->release && cubby->sign)
		return 0;
	return answer_why(&cubby->why, ANSWER_NOT_AUTHORIZED,
			  "this takes all of a parent's keys: prove first");
}

static int vouch_make(struct cubby *cubby, const char *name, const struct sign_keypair *sign,
		      char **ret_text)
{
	struct vouch vouch = { .time_s = session_now_s() };
	int r;

	memcpy(vouch.parent, sign->public, sizeof(vouch.parent));
	if (strlen(name) >= sizeof(vouch.name))
		r = ANSWER_INVALID_ARGUMENT;
	else
		r = vouch_sign((strcpy(vouch.name, name), &vouch), cubby->sign, ret_text);
	if (r > 0)
		return answer_why(&cubby->why, r,
				  "'%.64s' cannot be a parent's name; take 1 to 32 characters",
				  name);
	return fault_trace(r);
}

static int add_run(struct cubby *cubby, const char *name, const char *passphrase,
		   int (*keep_code)(void *context, const char *code), void *context)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *sign = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(secret_freep) struct secret *code = NULL;
	_cleanup_(cleanup_free) char *statement = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	struct doors_secrets secrets;
	size_t n;
	int r = secrets_proved(cubby);

	if (r == 0)
		r = door_passphrase_check(passphrase, &cubby->why);
	if (r == 0)
		r = sign_keypair_new(&sign);
	if (r == 0)
		r = vouch_make(cubby, name, sign, &statement);
	if (r == 0)
		r = door_recovery_new(&code);
	if (r != 0)
		return fault_trace(r);
	secrets = (struct doors_secrets){ cubby->home, cubby->release, sign };
	r = doors_seal(cubby, &secrets, passphrase, (const char *)code->bytes, &box, &n);
	if (r != 0)
		return fault_trace(r);
	if (keep_code(context, (const char *)code->bytes) != 0)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the recovery code could not be kept, so nobody was added");
	return fault_trace(reply_get(cubby, "Parents", "Add", &reply, "ssay", name, statement,
				     (const void *)box, n));
}

int cubby_parent_add(struct cubby *cubby, const char *name, const char *passphrase,
		     int (*keep_code)(void *context, const char *code), void *context)
{
	session_begin(cubby);
	return session_end(cubby, add_run(cubby, name, passphrase, keep_code, context));
}

int cubby_parent_remove(struct cubby *cubby, const char *name)
{
	_cleanup_(message_freep) struct message *reply = NULL;

	session_begin(cubby);
	return session_end(cubby, reply_get(cubby, "Parents", "Remove", &reply, "s", name));
}

/* ---- Doors ---- */

static int door_change(struct cubby *cubby, const char *passphrase, const char *code)
{
	const struct doors_secrets secrets = { cubby->home, cubby->release, cubby->sign };
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	size_t n;
	int r = secrets_proved(cubby);

	if (r == 0)
		r = doors_seal(cubby, &secrets, passphrase, code, &box, &n);
	if (r != 0)
		return fault_trace(r);
	return fault_trace(reply_get(cubby, "Parents", "ChangeDoor", &reply, "say",
				     door_kind_name(passphrase ? DOOR_PASSPHRASE : DOOR_RECOVERY),
				     (const void *)box, n));
}

int cubby_passphrase_change(struct cubby *cubby, const char *passphrase)
{
	int r;

	session_begin(cubby);
	r = door_passphrase_check(passphrase, &cubby->why);
	return session_end(cubby, r ? r : door_change(cubby, passphrase, NULL));
}

static int recovery_run(struct cubby *cubby, int (*keep_code)(void *context, const char *code),
			void *context)
{
	_cleanup_(secret_freep) struct secret *code = NULL;
	int r = secrets_proved(cubby);

	if (r == 0)
		r = door_recovery_new(&code);
	if (r != 0)
		return fault_trace(r);
	if (keep_code(context, (const char *)code->bytes) != 0)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the recovery code could not be kept, so the old one stays");
	return fault_trace(door_change(cubby, NULL, (const char *)code->bytes));
}

int cubby_recovery_change(struct cubby *cubby, int (*keep_code)(void *context, const char *code),
			  void *context)
{
	session_begin(cubby);
	return session_end(cubby, recovery_run(cubby, keep_code, context));
}
