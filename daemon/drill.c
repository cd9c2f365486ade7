/* SPDX-License-Identifier: Apache-2.0 */
/* The deletion drill. It must never pass when it could not look, never be seen in a listing, and
 * never stand in the way of a call: what takes long is done in slices. */

#include "drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "failpoint.h"
#include "store/drill.h"
#include "store/job.h"
#include "store/reset.h"
#include "store/slot.h"
#include "trace.h"

#define CANARIES 2
#define CANARY_BYTES 1300
#define DAY_MIN (24 * 60)
#define FIRST_MIN 10
#define SPREAD_MIN 180
#define FOUND_BYTES 1024

enum phase { IDLE, ERASING, LOOKING, RECONCILING };

struct drill {
	struct drill_config config;
	struct trace *trace;
	enum phase phase;
	int64_t job;
	int64_t next_min;		/* of the daily one */
	bool posted;
	bool canary_found;		/* a canary, or that it could not be looked for */
	uint64_t n_disagree;
	uint64_t n_damage_told;
	char found[FOUND_BYTES];	/* a sentence a line */
};

static void found_add(struct drill *drill, const char *text)
{
	const size_t n = strlen(drill->found);

	snprintf(drill->found + n, FOUND_BYTES - n, "%s%s", n ? "\n" : "", text);
}

static void next_choose(struct drill *drill, int64_t from_min)
{
	uint32_t random;

	crypt_random(&random, sizeof(random));
	drill->next_min = from_min + random % SPREAD_MIN;
}

int drill_new(const struct drill_config *config, struct drill **ret)
{
	_cleanup_(drill_freep) struct drill *drill = calloc(1, sizeof(*drill));
	_cleanup_(cleanup_free) char *found = NULL;
	int64_t last_min;
	int r;

	if (!drill)
		return fault_origin(-ENOMEM);
	drill->config = *config;
	r = trace_new(config->dir, &drill->trace);
	if (r == 0)
		r = store_drill(config->store, &last_min, &found);
	if (r < 0)
		return fault_trace(r);
	next_choose(drill, r == 0 ? last_min + DAY_MIN : age_now_min(config->age) + FIRST_MIN);
	*ret = take(drill);
	return 0;
}

struct drill *drill_free(struct drill *drill)
{
	if (!drill)
		return NULL;
	trace_free(drill->trace);
	free(drill);
	return NULL;
}

bool drill_under_way(const struct drill *drill)
{
	return drill->phase != IDLE;
}

bool drill_owns(const struct drill *drill, int64_t job)
{
	return drill && drill->job && drill->job == job;
}

int drill_last(const struct drill *drill, int64_t *ret_ended_min, char **ret_found)
{
	return fault_trace(store_drill(drill->config.store, ret_ended_min, ret_found));
}

/* ---- The end ---- */

static int result_store(struct drill *drill)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	const struct drill_config *config = &drill->config;
	int r = store_begin(config->store, &transaction);

	/* Nobody asked for its erasure: the receipt would only be taken for another one's. */
	if (r == 0 && drill->job)
		r = store_job_drop(config->store, drill->job);
	if (r == 0)
		r = store_drill_put(config->store, age_now_min(config->age), drill->found);
	if (r == 0 && drill->canary_found)
		r = alert_raise(config->alerts, ALERT_DRILL_FAILED, NULL, 1);
	else if (r == 0)
		r = alert_clear(config->alerts, ALERT_DRILL_FAILED);
	if (r == 0 && drill->n_disagree > 0)
		r = alert_raise(config->alerts, ALERT_STORES_DISAGREE, NULL, drill->n_disagree);
	else if (r == 0)
		r = alert_clear(config->alerts, ALERT_STORES_DISAGREE);
	if (r == 0)
		r = store_commit(take(transaction));
	return fault_trace(r);
}

static void drill_end(struct drill *drill)
{
	if (result_store(drill) != 0)
		found_add(drill, "cubby.db: how the drill went could not be stored");
	if (drill->found[0])
		log_error("the deletion drill found something: %s", drill->found);
	trace_clear(drill->trace);
	drill->phase = IDLE;
	drill->job = 0;
	next_choose(drill, age_now_min(drill->config.age) + DAY_MIN);
	if (drill->config.ended)
		drill->config.ended(drill->config.context, drill->found);
}

static void canary_fail(struct drill *drill, const char *text)
{
	drill->canary_found = true;
	found_add(drill, text);
}

/* ---- Reconciling ---- */

static int disagree(void *context, const char *what, uint64_t n)
{
	struct drill *drill = context;
	char text[128];

	snprintf(text, sizeof(text), "cubby.db: %llu %s", (unsigned long long)n, what);
	found_add(drill, text);
	drill->n_disagree += n;
	return 0;
}

struct slots {
	struct vault *vault;
	uint64_t wrong, erased;
};

static int slot_look(void *context, const struct vault_slot *slot, const struct id *owner, int kind)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct slots *slots = context;
	int r = vault_get(slots->vault, slot, owner, kind, &key);

	slots->erased += r == ANSWER_NOT_FOUND;
	slots->wrong += r == ANSWER_FAILED;
	return r < 0 ? fault_trace(r) : 0;
}

static void slots_tell(struct drill *drill, uint64_t n, const char *what)
{
	char text[128];

	if (n == 0)
		return;
	snprintf(text, sizeof(text), "slots.bin: %llu %s", (unsigned long long)n, what);
	found_add(drill, text);
	drill->n_disagree += n;
}

/* A free slot that a row names would be given a new key under its owner. */
static int free_slots_look(struct drill *drill)
{
	struct vault_used used = { 0 };
	int r = store_slots_used(drill->config.store, &used);

	if (r == 0)
		slots_tell(drill, vault_free_named(drill->config.vault, &used),
			   "slots count as free that a row names");
	vault_used_clear(&used);
	return fault_trace(r);
}

static int reconcile(struct drill *drill)
{
	struct slots slots = { .vault = drill->config.vault };
	int r = store_reconcile(drill->config.store, disagree, drill);

	if (drill->config.settle)
		drill->config.settle(drill->config.context);
	if (r == 0)
		r = store_slots_live(drill->config.store, slot_look, &slots);
	if (r != 0)
		return fault_trace(r);
	slots_tell(drill, slots.erased, "keys are gone whose rows are not erased");
	slots_tell(drill, slots.wrong, "slots hold another key than their row's");
	return fault_trace(free_slots_look(drill));
}

/* ---- Looking ---- */

int drill_step(struct drill *drill)
{
	struct why why = { "" };
	int r;

	if (drill->phase == LOOKING) {
		r = trace_slice(drill->trace, &why);
		if (r == TRACE_MORE)
			return DRILL_MORE;
		if (r > 0)
			canary_fail(drill, why.text);
		else if (r < 0)
			canary_fail(drill, "the state directory could not be read");
		drill->phase = RECONCILING;
		return DRILL_MORE;
	}
	if (drill->phase != RECONCILING)
		return 0;
	if (reconcile(drill) != 0)
		canary_fail(drill, "the stores could not be compared");
	drill_end(drill);
	return 0;
}

static void step_turn(void *context);

static void step_post(struct drill *drill)
{
	if (drill->config.loop && !drill->posted &&
	    loop_post(drill->config.loop, step_turn, drill) == 0)
		drill->posted = true;
}

static void step_turn(void *context)
{
	struct drill *drill = context;

	drill->posted = false;
	if (drill_step(drill) == DRILL_MORE)
		step_post(drill);
}

void drill_job_ended(struct drill *drill, const struct erasure_job *job)
{
	char text[320];

	if (!drill_owns(drill, job->number) || drill->phase != ERASING)
		return;
	if (job->state == ERASURE_PARTIAL) {
		snprintf(text, sizeof(text), "the erasure of a canary is only partly done: %.240s",
			 job->problem);
		canary_fail(drill, text);
		drill->phase = RECONCILING;
	} else {
		trace_begin(drill->trace);
		drill->phase = LOOKING;
	}
	step_post(drill);
}

/* ---- Planting ---- */

static int canary_keep(struct drill *drill, const struct id *profile, struct why *why)
{
	static const enum kind kinds[] = { KIND_AUDIO, KIND_TRANSCRIPT, KIND_LOCATION };
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	uint8_t sealed[ARRAY_SIZE(kinds)][CANARY_BYTES];
	struct archive_body bodies[ARRAY_SIZE(kinds)];
	struct archive_keep keep = { .profile = *profile, .bodies = bodies,
				     .n_bodies = ARRAY_SIZE(kinds) };
	int r;

	r = archive_begin(drill->config.archive, profile, kinds, ARRAY_SIZE(kinds), &draft,
			  why);
	if (r != 0)
		return fault_trace(r);
	crypt_random(sealed, sizeof(sealed));
	crypt_random(keep.header.bytes, sizeof(keep.header.bytes));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++) {
		bodies[i] = (struct archive_body){ kinds[i], sealed[i], CANARY_BYTES, 86400, 0 };
		/* Somewhere in the middle: the verifier knows the beginning. */
		r = trace_add(drill->trace, sealed[i] + 700, 24);
		if (r == 0)
			r = trace_add(drill->trace, draft->slot_keys->bytes + i * KEY_BYTES,
				      KEY_BYTES);
	}
	if (r == 0)
		r = trace_add(drill->trace, draft->id.bytes, ID_BYTES);
	if (r == 0)
		r = trace_add(drill->trace, keep.header.bytes, TRACE_BYTES);
	if (r == 0)
		r = archive_commit(drill->config.archive, draft, &keep, NULL, why);
	return fault_trace(r);
}

static int canaries_plant(struct drill *drill, const struct id *profile, struct why *why)
{
	char name[1 + ID_TEXT] = "\001";
	struct id random;
	int r;

	crypt_random(random.bytes, ID_BYTES);
	id_text(&random, name + 1);
	r = trace_add(drill->trace, name, sizeof(name) - 1);
	if (r == 0)
		r = trace_add(drill->trace, profile->bytes, ID_BYTES);
	if (r == 0)
		r = store_canary_insert(drill->config.store, profile, name,
					age_now_min(drill->config.age));
	for (int i = 0; r == 0 && i < CANARIES; i++)
		r = canary_keep(drill, profile, why);
	failpoint("drill-planted");
	return fault_trace(r);
}

static int canaries_erase(struct drill *drill, const struct id *profile, struct why *why)
{
	const struct archive_selection selection = { .profile = profile };
	uint64_t items;

	return fault_trace(erasure_ask(drill->config.erasure, ERASURE_REMOVE, &selection, -1, NULL,
				       &drill->job, &items, why));
}

/* Are the canaries where they were put? Eyes that do not see them now would not see them later. */
static void control(struct drill *drill)
{
	size_t seen = 0;

	if (trace_control(drill->trace, &seen) != 0 || seen != trace_n(drill->trace))
		canary_fail(drill, "the canaries could not be seen in the files before they were "
				   "erased, so that nothing follows from not seeing them after");
}

int drill_begin(struct drill *drill, struct why *why)
{
	struct id profile;
	int64_t job;
	bool erased;
	int r;

	if (drill->phase != IDLE)
		return answer_why(why, ANSWER_BUSY, "a drill is under way");
	r = store_reset_pending(drill->config.store, &job, &erased);
	if (r == 0)
		return answer_why(why, ANSWER_BUSY, "a reset is under way");
	if (r == ANSWER_NOT_FOUND)
		r = erasure_sweep(drill->config.erasure, NULL);
	if (r != 0)
		return fault_trace(r);
	drill->found[0] = '\0';
	drill->canary_found = false;
	drill->n_disagree = 0;
	drill->job = 0;
	crypt_random(profile.bytes, ID_BYTES);
	r = canaries_plant(drill, &profile, why);
	if (r == 0)
		control(drill);
	else
		canary_fail(drill, why->text[0] ? why->text : "no canary could be planted");
	/* What was planted goes, whatever came of it. */
	drill->phase = ERASING;
	if (canaries_erase(drill, &profile, why) != 0) {
		canary_fail(drill, "no erasure of the canaries could be begun");
		drill->phase = RECONCILING;
		step_post(drill);
	}
	return 0;
}

/* Whoever asked for what is on a damaged page got an error, but that may have been the keeper. */
static void damage_tell(struct drill *drill)
{
	const uint64_t n = store_damage(drill->config.store);

	if (n == drill->n_damage_told)
		return;
	if (alert_raise(drill->config.alerts, ALERT_STORES_DISAGREE, NULL, n) == 0)
		drill->n_damage_told = n;
}

void drill_minute(struct drill *drill)
{
	struct why why = { "" };

	damage_tell(drill);
	if (drill->phase != IDLE || age_now_min(drill->config.age) < drill->next_min)
		return;
	if (drill_begin(drill, &why) != 0)
		log_warning("no deletion drill now: %s", why.text);
}

int drill_clean(struct drill *drill)
{
	struct why why = { "" };
	struct id profile;
	uint64_t n_lost;
	int r = store_removals_lost(drill->config.store, &n_lost);

	if (r == 0 && n_lost > 0)
		r = alert_raise(drill->config.alerts, ALERT_STORES_DISAGREE, NULL, n_lost);
	if (r == 0)
		r = store_canary_left(drill->config.store, &profile);
	if (r == ANSWER_NOT_FOUND)
		return 0;
	if (r == 0)
		r = canaries_erase(drill, &profile, &why);
	drill->job = 0;
	return fault_trace(r);
}
