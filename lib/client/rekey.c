/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed to keys from before a parent was removed: it is opened with them and sealed anew
 * to those in force. No secret leaves this process but sealed to one of the parents. */

#include "client/rekey.h"

#include <string.h>

#include "base/id.h"
#include "client/reply.h"
#include "crypt/door.h"

/* ---- The keys before ---- */

struct formers {
	struct {
		const void *home, *release;
		size_t n_home, n_release;
	} boxes[REKEYS_MAX];
	size_t n;
};

static int former_read(struct message *message, void *context)
{
	struct formers *formers = context;
	size_t n = formers->n;

	if (n == REKEYS_MAX)
		return ANSWER_INVALID_ARGUMENT;
	formers->n++;
	return fault_trace(message_read(message, "ayay", &formers->boxes[n].home,
					&formers->boxes[n].n_home, &formers->boxes[n].release,
					&formers->boxes[n].n_release));
}

static int former_open(const struct box_keypair *next, const void *box, size_t n,
		       struct box_keypair **ret)
{
	_cleanup_(secret_freep) struct secret *private = NULL;
	int r = box_open(next, box, n, &private);

	if (r == 0 && private->n != KEY_BYTES)
		r = ANSWER_INVALID_ARGUMENT;
	return fault_trace(r ? r : box_keypair_from(take(private), ret));
}

/* From the newest back: each opens the one before it. */
static int formers_open(struct cubby *cubby, const struct formers *formers)
{
	const struct box_keypair *home = cubby->home, *release = cubby->release;
	int r = 0;

	for (size_t i = formers->n; r == 0 && i-- > 0;) {
		if (home)
			r = former_open(home, formers->boxes[i].home, formers->boxes[i].n_home,
					&cubby->former_home[i]);
		if (r == 0 && release)
			r = former_open(release, formers->boxes[i].release,
					formers->boxes[i].n_release, &cubby->former_release[i]);
		home = cubby->former_home[i];
		release = cubby->former_release[i];
	}
	return fault_trace(r);
}

static int formers_get(struct cubby *cubby)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	struct formers formers = { .n = 0 };
	int r;

	if (cubby->formers_known || cubby->mark.number == 0)
		return 0;
	r = reply_get(cubby, "Parents", "FormerKeys", &reply, "");
	if (r != 0)
		return fault_trace(r);
	r = reply_each(reply, "(ayay)", former_read, &formers);
	if (r == 0 && formers.n != cubby->mark.number)
		r = ANSWER_INVALID_ARGUMENT;
	if (r == 0)
		r = formers_open(cubby, &formers);
	cubby->formers_known = r == 0;
	return fault_trace(session_malformed(cubby, r, "Parents.FormerKeys"));
}

int rekey_pair(struct cubby *cubby, const struct envelope_header *header, bool release,
	       const struct box_keypair **ret)
{
	const struct box_keypair *now = release ? cubby->release : cubby->home;
	struct box_keypair *const *former = release ? cubby->former_release : cubby->former_home;
	int r;

	/* The one in force also where none fits: then the envelope says what is wrong. */
	*ret = now;
	if (envelope_is_for(header, now->public))
		return 0;
	r = formers_get(cubby);
	for (size_t i = 0; r == 0 && i < cubby->mark.number; i++)
		if (former[i] && envelope_is_for(header, former[i]->public))
			*ret = former[i];
	return fault_trace(r);
}

int rekey_peel(struct cubby *cubby, const void *boxed, size_t n, size_t sealed_bytes,
	       struct secret **ret_sealed, struct secret **ret_plain)
{
	size_t boxes = n < sealed_bytes ? SIZE_MAX : (n - sealed_bytes) / BOX_OVERHEAD_BYTES;
	_cleanup_(secret_freep) struct secret *at = NULL;
	struct secret *inner = NULL;
	int r = 0;

	if (boxes > cubby->mark.number || n != sealed_bytes + boxes * BOX_OVERHEAD_BYTES)
		return ANSWER_INVALID_ARGUMENT;
	if (boxes > 0)
		r = formers_get(cubby);
	if (r == 0)
		r = secret_from(boxed, n, &at);
	for (size_t i = 0; r == 0 && i <= boxes; i++) {
		const struct box_keypair *pair = i == 0 ? cubby->home :
			cubby->former_home[cubby->mark.number - i];

		r = box_open(pair, at->bytes, at->n, &inner);
		if (r == 0 && i < boxes) {
			secret_free(at);
			at = take(inner);
		}
	}
	if (r != 0)
		return fault_trace(r);
	*ret_sealed = take(at);
	*ret_plain = inner;
	return 0;
}

/* ---- Sealing anew ---- */

struct resealing {
	struct cubby *cubby;
	bool release;
	struct message *request;	/* the page as it goes back */
	size_t n;			/* in it */
	int (*each)(void *context, uint64_t done, uint64_t total);
	void *context;
	uint64_t done, total;
};

static const char *key_name(const struct resealing *resealing)
{
	return resealing->release ? DOOR_SECRET_RELEASE : DOOR_SECRET_HOME;
}

static int header_reseal(struct message *message, void *context)
{
	struct resealing *resealing = context;
	struct cubby *cubby = resealing->cubby;
	const struct box_keypair *from;
	struct envelope_header header, anew;
	const void *bytes;
	const char *id;
	size_t n;
	int r = message_read(message, "say", &id, &bytes, &n);

	if (r == 0 && n != sizeof(header.bytes))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	memcpy(header.bytes, bytes, n);
	r = rekey_pair(cubby, &header, resealing->release, &from);
	if (r == 0)
		r = envelope_reseal(&header, from, resealing->release ? cubby->household.release :
				    cubby->household.home, &anew, NULL);
	resealing->done++;
	/* One that does not open stays as it is, and ends with its item. */
	if (r > 0)
		return 0;
	resealing->n++;
	return fault_trace(r ? r : message_append_row(resealing->request, "say", id, anew.bytes,
						      sizeof(anew.bytes)));
}

/* Sends what the page became; empty: that was all. */
static int page_send(struct resealing *resealing)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	int r = message_close(resealing->request);

	if (r == 0)
		r = session_call(resealing->cubby, resealing->request, &reply);
	return fault_trace(r);
}

static int request_begin(struct resealing *resealing, struct message **ret)
{
	int r = session_request(resealing->cubby, NULL, "Parents", "Reseal", ret);

	resealing->n = 0;
	if (r == 0)
		r = message_append(*ret, "s", key_name(resealing));
	if (r == 0)
		r = message_open(*ret, 'a', "(say)");
	resealing->request = *ret;
	return fault_trace(r);
}

static int page_reseal(struct resealing *resealing, uint64_t *after)
{
	_cleanup_(message_freep) struct message *request = NULL, *reply = NULL;
	const uint64_t done = resealing->done;
	uint64_t next = 0, left = 0;
	int r = request_begin(resealing, &request);

	if (r == 0)
		r = reply_get(resealing->cubby, "Parents", "ListOld", &reply, "st",
			      key_name(resealing), *after);
	if (r != 0)
		return fault_trace(r);
	r = reply_each(reply, "(say)", header_reseal, resealing);
	if (r == 0)
		r = message_read(reply, "tt", &next, &left);
	/* From the oldest on, and some on each page: anything else would have us ask for ever. */
	if (r == 0 && next != 0 && (next <= *after || resealing->done == done))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(resealing->cubby, r, "Parents.ListOld"));
	if (*after == 0)
		resealing->total += left;
	*after = next;
	if (resealing->n > 0)
		r = page_send(resealing);
	if (r == 0 && resealing->total > 0 && resealing->each &&
	    resealing->each(resealing->context, resealing->done, resealing->total) != 0)
		r = answer_why(&resealing->cubby->why, ANSWER_FAILED, "stopped");
	return fault_trace(r);
}

static int pages_reseal(struct resealing *resealing, bool release)
{
	uint64_t after = 0;
	int r = 0;

	resealing->release = release;
	if (release ? !resealing->cubby->release : !resealing->cubby->home)
		return 0;
	do
		r = page_reseal(resealing, &after);
	while (r == 0 && after != 0);
	return fault_trace(r);
}

static int reseal_run(struct cubby *cubby,
		      int (*each)(void *context, uint64_t done, uint64_t total), void *context)
{
	struct resealing resealing = { .cubby = cubby, .each = each, .context = context };
	_cleanup_(message_freep) struct message *request = NULL;
	int r;

	if (cubby->mark.number == 0)
		return 0;
	r = pages_reseal(&resealing, false);
	if (r == 0)
		r = pages_reseal(&resealing, true);
	if (r == 0)
		r = request_begin(&resealing, &request);
	if (r == 0)
		r = page_send(&resealing);
	return fault_trace(r);
}

int cubby_reseal(struct cubby *cubby, int (*each)(void *context, uint64_t done, uint64_t total),
		 void *context)
{
	session_begin(cubby);
	return session_end(cubby, reseal_run(cubby, each, context));
}
