/* SPDX-License-Identifier: Apache-2.0 */

/* Brings the keeper up, in an order that never answers a call before what it rests on is secured:
 * state directory, confinement, store, vault, clock, device key, unfinished erasures, bus, name. */

#include <grp.h>
#include <jansson.h>
#include <malloc.h>
#include <string.h>
#include "base/log.h"
#include "consent.h"
#include "device_file.h"
#include "keeper.h"
#include "log_day.h"
#include "notify.h"
#include "service/renew.h"
#include "service/service.h"
#include "store/household.h"
#include "store/leap.h"
#include "store/slot.h"
#include "voice_end.h"

/* Proofs pass through the JSON library on their way in; what it frees is wiped. */
static void json_free_wiped(void *bytes)
{
	if (!bytes)
		return;
	secret_wipe(bytes, malloc_usable_size(bytes));
	free(bytes);
}

static int group_id(const char *name, const char *key, uint32_t *ret_gid, struct why *why)
{
	struct group *group;

	errno = 0;
	group = getgrnam(name);
	if (!group)
		return answer_why(why, ANSWER_FAILED,
				  "there is no group \"%s\" on this system; make it with "
				  "\"groupadd --system %s\", or name another as \"%s\" in [groups] "
				  "of cubbyd.conf",
				  name, name, key);
	*ret_gid = group->gr_gid;
	return 0;
}

static int start_state(struct keeper *keeper, const char *dir, struct why *why)
{
	int r;

	r = state_open(dir, &keeper->state, why);
	if (!r)
		r = sandbox_enter(keeper->state->fd, &keeper->confined, why);
	return fault_trace(r);
}

static int start_device(struct keeper *keeper, struct why *why)
{
	_cleanup_(secret_freep) struct secret *master = NULL;
	int r;

	r = device_file_open(keeper->state, &master, &keeper->device_made, why);
	if (!r)
		r = device_from(master, &keeper->device);
	if (!r)
		r = device_statement(keeper->device, &keeper->identity);
	return fault_trace(r);
}

static int start_store(struct keeper *keeper, struct why *why)
{
	struct vault_used used = {0};
	const char *dir = keeper->state->path;
	int64_t newest_min, leapt_min;
	int r;

	r = store_open(dir, &keeper->store, why);
	if (!r)
		r = store_slots_used(keeper->store, &used);
	if (!r)
		r = vault_open(dir, &used, &keeper->vault, why);
	vault_used_clear(&used);
	if (!r)
		r = store_newest_min(keeper->store, &newest_min);
	if (!r)
		r = store_leapt_min(keeper->store, &leapt_min);
	if (!r)
		r = age_open(dir, keeper->clock, newest_min, leapt_min, &keeper->age, why);
	return fault_trace(r);
}

static void alert_told(void *context, const char *kind, const char *text)
{
	service_alert(context, kind, text);
}

static int start_archive(struct keeper *keeper)
{
	struct archive_config config = {
		.store = keeper->store,
		.vault = keeper->vault,
		.age = keeper->age,
		.max_items = keeper->config.quota_items,
		.max_bytes = keeper->config.quota_bytes,
	};
	struct alerts_config alerts = {keeper->store, keeper->age, alert_told, keeper};
	struct access_log_config log = {
		.store = keeper->store,
		.vault = keeper->vault,
		.age = keeper->age,
		.clock = keeper->clock,
		.loop = keeper->loop,
	};
	int r;

	r = archive_new(&config, &keeper->archive);
	if (!r)
		r = alerts_new(&alerts, &keeper->alerts);
	log.alerts = keeper->alerts;
	if (!r)
		r = access_log_new(&log, &keeper->log);
	if (!r)
		r = policy_new(&keeper->config, &keeper->policy);
	if (!r)
		r = policy_record(keeper->policy, keeper->store);
	if (r)
		return fault_trace(r);
	keeper->ground = (struct ground){
		.config = &keeper->config,
		.policy = keeper->policy,
		.clock = keeper->clock,
		.store = keeper->store,
		.vault = keeper->vault,
		.age = keeper->age,
		.archive = keeper->archive,
		.log = keeper->log,
		.alerts = keeper->alerts,
	};
	keeper->leap.ground = keeper->ground;
	r = parents_new(&keeper->ground, keeper->device->box, &keeper->parents);
	if (!r)
		r = intake_new(&keeper->ground, &keeper->intake);
	return fault_trace(r);
}

/* An erasure's end is written in the transaction that ends it. */
static int erasure_log(void *context, const struct erasure_job *job)
{
	struct keeper *keeper = context;
	struct access_entry entry = {
		.what = drill_owns(keeper->drill, job->number)
				? "drill"
				: erasure_reason_name(job->reason),
		.uid = job->uid,
		.outcome = erasure_state_name(job->state),
		.items = job->items,
	};

	return fault_trace(access_log_append(keeper->log, &entry));
}

static int erasure_log_head(void *context, uint64_t *ret_seq, uint8_t ret_hash[static 32])
{
	struct keeper *keeper = context;

	return fault_trace(access_log_head(keeper->log, ret_seq, ret_hash));
}

static void erasure_stuck(void *context)
{
	struct keeper *keeper = context;

	if (alert_tell(keeper->alerts, ALERT_PARTIAL, NULL, 1))
		log_warning("parents could not be told that nothing expires for now");
}

static void erasure_ended(void *context, const struct erasure_job *job)
{
	struct keeper *keeper = context;

	if (job->state == ERASURE_PARTIAL && alert_tell(keeper->alerts, ALERT_PARTIAL, NULL, 1))
		log_warning("parents could not be told that an erasure is only partly done");
	/* Before who waits hears of it: the key it asks for next is the new one. */
	if (job->state == ERASURE_DONE && job->reason == ERASURE_RESET && !keeper->offline &&
	    keeper_renew(keeper))
		log_error("everything is erased, but the keeper still has its old key; restart it");
	service_job_ended(keeper, job);
	if (keeper->drill)
		drill_job_ended(keeper->drill, job);
}

static void drill_ended(void *context, const char *found)
{
	service_drill_ended(context, found);
}

static void drill_settle(void *context)
{
	struct keeper *keeper = context;

	access_log_settle(keeper->log);
}

static int start_drill(struct keeper *keeper)
{
	struct drill_config config = {
		.dir = keeper->state->path,
		.loop = keeper->loop,
		.store = keeper->store,
		.vault = keeper->vault,
		.age = keeper->age,
		.archive = keeper->archive,
		.erasure = keeper->erasure,
		.alerts = keeper->alerts,
		.settle = drill_settle,
		.ended = drill_ended,
		.context = keeper,
	};
	int r = drill_new(&config, &keeper->drill);

	return fault_trace(r ? r : drill_clean(keeper->drill));
}

static int start_erasure(struct keeper *keeper, struct why *why)
{
	struct erasure_config config = {
		.dir = keeper->state->path,
		.loop = keeper->loop,
		.clock = keeper->clock,
		.age = keeper->age,
		.store = keeper->store,
		.vault = keeper->vault,
		.archive = keeper->archive,
		.device = keeper->device->sign,
		.hooks = {erasure_log, erasure_log_head, erasure_ended, erasure_stuck,
			  keeper},
	};
	uint64_t partial;
	int r;

	r = erasure_new(&config, &keeper->erasure, why);
	if (r)
		return fault_trace(r);
	r = erasure_finish(keeper->erasure, &partial);
	if (r)
		return fault_trace(r);
	r = archive_lost(keeper->archive) ? alert_raise(keeper->alerts, ALERT_KEYS_LOST, NULL,
							 archive_lost(keeper->archive)) : 0;
	/* What has expired goes on its way at once, not in a minute. */
	if (!r)
		r = erasure_sweep(keeper->erasure, NULL);
	if (r)
		return fault_trace(r);
	if (partial)
		log_error("%llu erasures could not be completed; they are tried again, and \"cubby "
			  "status\" says what stands in the way", (unsigned long long)partial);
	return 0;
}

/* What a long listing or erasure took goes back to the machine. */
static void keeper_rest(struct keeper *keeper)
{
	store_rest(keeper->store);
	malloc_trim(0);
}

static void minute_passed(void *context)
{
	struct keeper *keeper = context;

	if (leap_watch(&keeper->leap))
		log_error("the wall clock could not be looked after; it is tried again in a "
			  "minute");
	if (store_tidy(keeper->store))
		log_error("the database's log could not be emptied of what was refused; check the "
			  "disk");
	access_log_flush(keeper->log);
	if (log_day_pass(keeper->log, keeper->store, keeper->age, keeper->device->sign))
		log_error("the access log could not be signed or emptied for the day; it is tried "
			  "again in a minute");
	service_end_old(keeper);
	service_inactive_sweep(keeper);
	if (voice_notice(&keeper->ground))
		log_error("whether a consent ends soon could not be looked at; tried again in a "
			  "minute");
	drill_minute(keeper->drill);
	if (vault_refill(keeper->vault))
		log_warning("no fresh keys could be made ahead of use; new items wait for them");
	keeper_rest(keeper);
}

static void save_age(void *context)
{
	struct keeper *keeper = context;

	if (age_save(keeper->age))
		log_error("the age clock could not be saved; after a power cut it runs late");
}

static void watchdog_feed(void *context)
{
	notify_manager("WATCHDOG=1");
}

/* Fed from the loop that answers, and twice as often as needs be. */
static int start_watchdog(struct keeper *keeper)
{
	uint64_t interval_ms = notify_watchdog_ms() / 2;

	if (!interval_ms)
		return 0;
	return fault_trace(loop_timer_new(keeper->loop, interval_ms, watchdog_feed, keeper,
					  &keeper->watchdog));
}

static int start_bus(struct keeper *keeper, const char *address, uint32_t ear_gid,
		     uint32_t parents_gid, struct why *why)
{
	int r;

	r = loop_timer_new(keeper->loop, 60 * 1000, minute_passed, keeper, &keeper->minute);
	if (!r)
		r = loop_timer_new(keeper->loop, AGE_SAVE_INTERVAL_MS, save_age, keeper,
				   &keeper->save);
	if (!r)
		r = start_watchdog(keeper);
	if (!r)
		r = service_start(keeper, address, ear_gid, parents_gid, why);
	return fault_trace(r);
}

/* A household that knew another device key is told about it (Status.Describe). */
static int device_check(struct keeper *keeper)
{
	_cleanup_(cleanup_free) char *household = NULL;
	int r = store_household(keeper->store, &household);

	if (r == ANSWER_NOT_FOUND)
		keeper->device_made = false;
	else if (r)
		return fault_trace(r);
	if (keeper->device_made)
		log_warning("device.key was missing and a new one was made; clients will ask "
			    "whether they trust it");
	return 0;
}

int keeper_start(const struct keeper_options *options, struct keeper **ret, struct why *why)
{
	_cleanup_(keeper_freep) struct keeper *keeper = calloc(1, sizeof(*keeper));
	uint32_t ear_gid = 0, parents_gid = 0;
	int r;

	if (!keeper)
		return fault_origin(-ENOMEM);
	keeper->clock = &clock_system;
	keeper->offline = options->offline;
	json_set_alloc_funcs(malloc, json_free_wiped);
	r = config_load(options->config_path ? options->config_path : CONFIG_PATH,
			options->config_path != NULL, &keeper->config, why);
	if (!r)
		r = group_id(keeper->config.ear_group, "ear", &ear_gid, why);
	if (!r)
		r = group_id(keeper->config.parents_group, "parents", &parents_gid, why);
	if (!r)
		r = loop_new(&keeper->loop);
	if (!r)
		r = start_state(keeper, options->state_dir, why);
	if (!r)
		r = start_store(keeper, why);
	if (!r)
		r = start_device(keeper, why);
	if (!r)
		r = start_archive(keeper);
	if (!r)
		r = device_check(keeper);
	if (!r)
		r = consent_narrow(&keeper->ground);
	if (!r)
		r = leap_watch(&keeper->leap);
	if (!r)
		r = start_erasure(keeper, why);
	if (!r)
		r = keeper_renew(keeper);
	if (!r)
		r = start_drill(keeper);
	if (!r && !keeper->offline)
		r = start_bus(keeper, options->bus_address, ear_gid, parents_gid, why);
	if (r)
		return fault_trace(r);
	keeper_rest(keeper);
	*ret = take(keeper);
	return 0;
}

int keeper_run(struct keeper *keeper)
{
	return loop_run(keeper->loop);
}

/* The other way round: nobody calls any more when the store goes. */
struct keeper *keeper_free(struct keeper *keeper)
{
	if (!keeper)
		return NULL;
	service_stop(keeper);
	loop_timer_free(keeper->minute);
	loop_timer_free(keeper->save);
	loop_timer_free(keeper->watchdog);
	drill_free(keeper->drill);
	erasure_free(keeper->erasure);
	intake_free(keeper->intake);
	parents_free(keeper->parents);
	access_log_free(keeper->log);
	alerts_free(keeper->alerts);
	archive_free(keeper->archive);
	age_free(keeper->age);
	vault_free(keeper->vault);
	store_free(keeper->store);
	policy_free(keeper->policy);
	free(keeper->identity);
	device_free(keeper->device);
	state_free(keeper->state);
	loop_free(keeper->loop);
	free(keeper);
	return NULL;
}
