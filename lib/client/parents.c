/* SPDX-License-Identifier: Apache-2.0 */
/* Other parents, and new passphrases. Who adds a parent hands on the household's keys, in doors
 * that only the new one's passphrase and code open, and signs that they are one. Who removes one
 * makes new keys, and no parent who remains may be left without them. */

#include <string.h>
#include <strings.h>

#include "base/id.h"
#include "client/doors.h"
#include "client/list.h"
#include "client/reply.h"
#include "crypt/rekey.h"

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
		r = session_malformed(cubby, r, "Parents.List");
	if (r == 0) {
		parents_show(owner);
		*ret = take(parents);
	}
	return fault_trace(r);
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

/* Who remains, and what they sign with. Keys come from the chain of statements alone: the keeper
 * says which names are parents' now, and can give none of them a key. */
struct remaining {
	struct cubby *cubby;
	const char *removed;		/* who goes */
	const struct array *texts;
	struct rekey rekey;
	const char *names[PARENTS_MAX];	/* of rekey.parents */
};

/* The key of the parent of this name: of the newest statement, where a name was used again. */
static bool key_of(const struct remaining *remaining, const struct cubby_parent *parent,
		   uint8_t ret[static SIGN_PUBLIC_BYTES])
{
	const struct cubby *cubby = remaining->cubby;
	struct vouch vouch;
	bool found = false;

	if (parent->founding)
		memcpy(ret, cubby->household.founder, SIGN_PUBLIC_BYTES);
	for (size_t i = 1; !parent->founding && i < remaining->texts->n; i++)
		if (vouch_verify(remaining->texts->all[i], &vouch, NULL) == 0 &&
		    strcmp(vouch.name, parent->name) == 0 &&
		    parent_keys_have(&cubby->parents, vouch.parent)) {
			memcpy(ret, vouch.parent, SIGN_PUBLIC_BYTES);
			found = true;
		}
	return found || (parent->founding && parent_keys_have(&cubby->parents, ret));
}

static int remaining_find(struct remaining *remaining, const struct cubby_parents *parents)
{
	struct cubby *cubby = remaining->cubby;
	struct parent_keys *keys = &remaining->rekey.parents;
	bool removed = false;

	for (size_t i = 0; i < parents->n; i++) {
		const struct cubby_parent *parent = parents->list[i];
		bool goes = strcasecmp(parent->name, remaining->removed) == 0;

		if (keys->n == PARENTS_MAX ||
		    !key_of(remaining, parent, goes ? remaining->rekey.removed :
					       keys->keys[keys->n]))
			return answer_why(&cubby->why, ANSWER_FAILED,
					  "no parent known here signed that %.40s is one; nothing "
					  "was changed", parent->name);
		removed |= goes;
		if (!goes)
			remaining->names[keys->n++] = parent->name;
	}
	if (!removed)
		return answer_why(&cubby->why, ANSWER_NOT_FOUND,
				  "there is no parent \"%.40s\"; \"cubby parent list\" names those "
				  "there are", remaining->removed);
	if (memcmp(remaining->rekey.removed, cubby->sign->public, SIGN_PUBLIC_BYTES) == 0)
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "nobody removes themselves: another parent can, and \"cubby "
				  "reset\" erases the household");
	return 0;
}

static int box_append(struct message *request, const uint8_t public[static BOX_PUBLIC_BYTES],
		      const struct secret *secret)
{
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	size_t n;
	int r = box_seal(public, secret->bytes, secret->n, &box, &n);

	return fault_trace(r ? r : message_append(request, "ay", (const void *)box, n));
}

static int gift_append(struct message *request, const char *name,
		       const uint8_t sign[static SIGN_PUBLIC_BYTES],
		       const struct box_keypair *home, const struct box_keypair *release)
{
	uint8_t public[BOX_PUBLIC_BYTES];
	int r = sign_box_public(sign, public);

	if (r == 0)
		r = message_open(request, 'r', "sayay");
	if (r == 0)
		r = message_append(request, "s", name);
	if (r == 0)
		r = box_append(request, public, home->private);
	if (r == 0)
		r = box_append(request, public, release->private);
	return fault_trace(r ? r : message_close(request));
}

static int remove_send(struct cubby *cubby, const struct remaining *remaining,
		       const struct box_keypair *home, const struct box_keypair *release)
{
	_cleanup_(message_freep) struct message *request = NULL, *reply = NULL;
	_cleanup_(cleanup_free) char *statement = NULL;
	int r = rekey_sign(&remaining->rekey, cubby->sign, &statement);

	if (r == 0)
		r = session_request(cubby, NULL, "Parents", "Remove", &request);
	if (r == 0)
		r = message_append(request, "ss", remaining->removed, statement);
	if (r == 0)
		r = message_open(request, 'a', "(sayay)");
	for (size_t i = 0; r == 0 && i < remaining->rekey.parents.n; i++)
		r = gift_append(request, remaining->names[i], remaining->rekey.parents.keys[i],
				home, release);
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = box_append(request, home->public, cubby->home->private);
	if (r == 0)
		r = box_append(request, release->public, cubby->release->private);
	return fault_trace(r ? r : session_call(cubby, request, &reply));
}

/* The new keys are those of this session from here on. */
static int keys_take(struct cubby *cubby, struct box_keypair *home, struct box_keypair *release)
{
	struct sign_keypair *sign = take(cubby->sign);

	session_forget_secrets(cubby);
	cubby->home = home;
	cubby->release = release;
	cubby->sign = sign;
	cubby->household_known = false;
	return fault_trace(session_household(cubby));
}

static int remove_run(struct cubby *cubby, const char *name)
{
	_cleanup_(box_keypair_freep) struct box_keypair *home = NULL, *release = NULL;
	_cleanup_(cubby_parents_freep) struct cubby_parents *parents = NULL;
	struct array texts = { 0 };
	struct remaining remaining = { .cubby = cubby, .removed = name, .texts = &texts };
	int r = secrets_proved(cubby);

	/* Somebody may have come since this connection asked. */
	cubby->household_known = false;
	if (r == 0)
		r = session_household(cubby);
	if (r == 0)
		r = session_statements(cubby, &texts);
	if (r == 0)
		r = parents_run(cubby, &parents);
	if (r == 0)
		r = remaining_find(&remaining, parents);
	if (r == 0)
		r = box_keypair_new(&home);
	if (r == 0)
		r = box_keypair_new(&release);
	if (r == 0) {
		remaining.rekey.number = cubby->mark.number + 1;
		remaining.rekey.time_s = session_now_s();
		memcpy(remaining.rekey.before, cubby->mark.hash, HASH_BYTES);
		memcpy(remaining.rekey.home, home->public, BOX_PUBLIC_BYTES);
		memcpy(remaining.rekey.release, release->public, BOX_PUBLIC_BYTES);
		r = remove_send(cubby, &remaining, home, release);
	}
	array_clear(&texts, free);
	return fault_trace(r ? r : keys_take(cubby, take(home), take(release)));
}

int cubby_parent_remove(struct cubby *cubby, const char *name)
{
	session_begin(cubby);
	return session_end(cubby, remove_run(cubby, name));
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
