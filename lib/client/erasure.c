/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for an erasure, and checking what the keeper signed about it. "Done" is never said here
 * without a receipt that holds under the pinned key. */

#include <string.h>

#include "base/id.h"
#include "client/array.h"
#include "client/reply.h"
#include "crypt/receipt.h"

#define ERASURE_TIMEOUT_MS (10 * 60 * 1000)

struct erasure_owner {
	struct cubby_erasure public;
	struct array texts;
};

struct cubby_erasure *cubby_erasure_free(struct cubby_erasure *erasure)
{
	struct erasure_owner *owner = (struct erasure_owner *)erasure;

	if (!owner)
		return NULL;
	array_clear(&owner->texts, free);
	free(owner);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_erasure *, cubby_erasure_free)

/* False: by another session, and there is nothing to compare with. */
static bool asked_here(struct cubby *cubby, const char *job)
{
	return cubby->asked.job && strcmp(cubby->asked.job, job) == 0;
}

/* A receipt that is genuine may still be of another erasure. */
static bool receipt_matches(struct cubby *cubby, const char *job, const struct receipt *receipt)
{
	uint8_t commitment[sizeof(receipt->commitment)];
	const char *reason = cubby->asked.reason;
	int64_t items = cubby->asked.items;

	/* One receipt is of one job. */
	if (cubby->receipt_job && id_equal(&cubby->receipt, &receipt->id) &&
	    strcmp(cubby->receipt_job, job) != 0)
		return false;
	if (!asked_here(cubby, job))
		return true;
	if (strcmp(reason, receipt->reason) != 0 || (items >= 0 && items != receipt->items))
		return false;
	/* Where something else narrowed the ids, which of them went is the keeper's to know. */
	if (!cubby->asked.ids || (int64_t)cubby->asked.n_ids != items)
		return true;
	receipt_commitment(receipt->salt, cubby->asked.ids, cubby->asked.n_ids, commitment);
	return memcmp(commitment, receipt->commitment, sizeof(commitment)) == 0;
}

static int receipt_match(struct cubby *cubby, const char *job, const struct receipt *receipt)
{
	if (!receipt_matches(cubby, job, receipt))
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the receipt is of another erasure than the one asked for; do "
				  "not rely on it, look with 'cubby list'");
	free(cubby->receipt_job);
	cubby->receipt_job = strdup(job);
	cubby->receipt = receipt->id;
	return cubby->receipt_job ? 0 : fault_origin(-ENOMEM);
}

static int erasure_make(struct cubby *cubby, const char *job, const char *state,
			const char *receipt, const char *problem, struct cubby_erasure **ret)
{
	_cleanup_(cubby_erasure_freep) struct cubby_erasure *erasure = NULL;
	struct erasure_owner *owner;
	struct receipt checked;
	int r;

	if (strcmp(state, "done") == 0) {
		r = session_device(cubby);
		if (r == 0)
			r = receipt_verify(receipt, cubby->pins.device_sign, NULL, &checked,
					   &cubby->why);
		if (r == 0)
			r = receipt_match(cubby, job, &checked);
		if (r != 0)
			return fault_trace(r);
	} else if (strcmp(state, "partial") != 0) {
		return session_malformed(cubby, ANSWER_FAILED, "Job.Wait");
	}
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return fault_origin(-ENOMEM);
	erasure = &owner->public;
	r = array_add_text(&owner->texts, receipt);
	if (r == 0)
		r = array_add_text(&owner->texts, problem);
	if (r != 0)
		return fault_trace(r);
	erasure->done = strcmp(state, "done") == 0;
	erasure->compared = erasure->done && asked_here(cubby, job);
	erasure->receipt = owner->texts.all[0];
	erasure->problem = owner->texts.all[1];
	*ret = take(erasure);
	return 0;
}

static int wait_run(struct cubby *cubby, const char *job, int timeout_ms,
		    struct cubby_erasure **ret)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *state, *receipt, *problem;
	int r;

	r = session_request(cubby, job, "Job", "Wait", &request);
	if (r == 0)
		r = message_open(request, 'a', "{sv}");
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = session_call_complete(cubby, request, timeout_ms > 0 ? timeout_ms :
					  ERASURE_TIMEOUT_MS,
					  &reply);
	if (r == ANSWER_TIMEOUT)
		return answer_why(&cubby->why, r,
				  "the erasure is not verified yet; the keeper goes on with it, "
				  "and "
				  "'cubby status' shows when it has ended");
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "sss", &state, &receipt, &problem);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Job.Wait"));
	return fault_trace(erasure_make(cubby, job, state, receipt, problem, ret));
}

int cubby_job_wait(struct cubby *cubby, const char *job, int timeout_ms, struct cubby_erasure **ret)
{
	session_begin(cubby);
	return session_end(cubby, wait_run(cubby, job, timeout_ms, ret));
}

struct receipt_owner {
	struct cubby_receipt public;
	struct receipt receipt;
	const char *steps[RECEIPT_STEPS_MAX + 1];
};

struct cubby_receipt *cubby_receipt_free(struct cubby_receipt *receipt)
{
	free(receipt);
	return NULL;
}

int session_known_device(struct cubby *cubby, const char *key, uint8_t ret_key[static 32])
{
	int r;

	if (key) {
		if (!hex_parse(key, ret_key, 32))
			return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
					  "'%.80s' is not a device key (64 lower-case hex "
					  "digits)", key);
		return 0;
	}
	r = pins_read(cubby->state_dir, &cubby->pins, &cubby->why);
	if (r != 0)
		return fault_trace(r);
	if (!cubby->pins.device)
		return answer_why(&cubby->why, ANSWER_NOT_FOUND,
				  "no device key is pinned here; give the one printed at setup "
				  "with "
				  "--key HEX");
	memcpy(ret_key, cubby->pins.device_sign, 32);
	return 0;
}

static int receipt_run(struct cubby *cubby, const char *text, const char *key,
		       struct cubby_receipt **ret)
{
	static const char *const levels[] = { "E0", "E1", "E2", "E3" };
	struct receipt_owner *owner;
	struct receipt receipt;
	uint8_t bytes[SIGN_PUBLIC_BYTES];
	int r;

	r = session_known_device(cubby, key, bytes);
	if (r == 0)
		r = receipt_verify(text, bytes, NULL, &receipt, &cubby->why);
	if (r == 0 && receipt.erasure_level >= ARRAY_SIZE(levels))
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "erasure level %u is not known to this version",
				  receipt.erasure_level);
	if (r != 0)
		return fault_trace(r);
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return fault_origin(-ENOMEM);
	owner->receipt = receipt;
	id_text(&receipt.id, owner->public.id);
	owner->public.reason = owner->receipt.reason;
	owner->public.erasure_level = levels[receipt.erasure_level];
	owner->public.asked_s = receipt.asked_min * 60;
	owner->public.ended_s = receipt.ended_min * 60;
	owner->public.items = (uint32_t)receipt.items;
	owner->public.parts = (uint32_t)receipt.parts;
	hex_text(bytes, sizeof(bytes), owner->public.key);
	for (unsigned i = 0; i < receipt.n_steps; i++)
		owner->steps[i] = owner->receipt.steps[i];
	owner->public.steps = owner->steps;
	*ret = &owner->public;
	return 0;
}

int cubby_receipt_verify(struct cubby *cubby, const char *text, const char *key,
			 struct cubby_receipt **ret)
{
	session_begin(cubby);
	return session_end(cubby, receipt_run(cubby, text, key, ret));
}

CLEANUP_DEFINE(struct cubby_receipt *, cubby_receipt_free)

static int receipts_page(struct cubby *cubby, uint64_t *before, struct array *ret_texts)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	const uint64_t from = *before;
	int r = reply_get(cubby, "Log", "Receipts", &reply, "t", from);

	if (r != 0)
		return fault_trace(r);
	r = reply_texts(reply, ret_texts);
	if (r == 0)
		r = message_read(reply, "t", before);
	/* From the newest on, and some on each page: anything else would have us ask for ever. */
	if (r == 0 && *before != 0 && (ret_texts->n == 0 || (from != 0 && *before >= from)))
		r = ANSWER_INVALID_ARGUMENT;
	return fault_trace(session_malformed(cubby, r, "Log.Receipts"));
}

static int receipts_run(struct cubby *cubby,
			int (*each)(void *context, const struct cubby_receipt *receipt,
				    const char *text), void *context)
{
	uint64_t before = 0;
	bool ended = false;
	int r = session_device(cubby);

	while (r == 0 && !ended) {
		struct array texts = { 0 };

		r = receipts_page(cubby, &before, &texts);
		for (size_t i = 0; r == 0 && !ended && i < texts.n; i++) {
			_cleanup_(cubby_receipt_freep) struct cubby_receipt *receipt = NULL;

			r = receipt_run(cubby, texts.all[i], NULL, &receipt);
			if (r >= 0)
				ended = each(context, r == 0 ? receipt : NULL, texts.all[i]) != 0;
			r = r < 0 ? r : 0;
		}
		array_clear(&texts, free);
		ended = ended || before == 0;
	}
	return fault_trace(r);
}

int cubby_receipts(struct cubby *cubby, int (*each)(void *context,
						    const struct cubby_receipt *receipt,
						    const char *text), void *context)
{
	session_begin(cubby);
	return session_end(cubby, receipts_run(cubby, each, context));
}
