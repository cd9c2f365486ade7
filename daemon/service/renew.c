/* SPDX-License-Identifier: Apache-2.0 */

/* Renews the keeper after a reset. The erasure's receipt, signed with the old key, is on the disk
 * before; nothing is signed with the new key that the old household could be asked about. */

#include "service/renew.h"

#include "base/log.h"
#include "device_file.h"
#include "failpoint.h"
#include "keeper.h"
#include "service/service.h"
#include "store/reset.h"

/* Others hold the pairs themselves: their contents change places. */
static void device_take_over(struct device *device, struct device *fresh)
{
	const struct sign_keypair sign = *device->sign;
	const struct box_keypair box = *device->box;

	*device->sign = *fresh->sign;
	*device->box = *fresh->box;
	*fresh->sign = sign;
	*fresh->box = box;
}

static int renewed_store(struct keeper *keeper, int64_t number)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	struct access_entry entry = {.what = "reset", .outcome = "done"};
	int r = erasure_find(keeper->erasure, number, &job);

	if (r)
		return fault_trace(r);
	entry.uid = job->uid;
	access_log_key_end(keeper->log);
	r = store_begin(keeper->store, &transaction);
	if (!r)
		r = store_reset_renewed(keeper->store, number);
	if (!r)
		r = access_log_append(keeper->log, &entry);
	failpoint("reset-before-commit");
	if (!r)
		r = store_commit(take(transaction));
	return fault_trace(r);
}

static int renew(struct keeper *keeper, int64_t job)
{
	_cleanup_(secret_freep) struct secret *master = NULL;
	_cleanup_(device_freep) struct device *fresh = NULL;
	char *identity = NULL;
	int r;

	r = device_file_renew(keeper->state, &master);
	if (!r)
		r = device_from(master, &fresh);
	if (!r)
		r = device_statement(fresh, &identity);
	if (r)
		return fault_trace(r);
	device_take_over(keeper->device, fresh);
	free(keeper->identity);
	keeper->identity = identity;
	keeper->device_made = false;
	keeper->parents = parents_free(keeper->parents);
	r = parents_new(&keeper->ground, keeper->device->box, &keeper->parents);
	if (!r)
		r = renewed_store(keeper, job);
	return fault_trace(r);
}

int keeper_renew(struct keeper *keeper)
{
	int64_t job;
	bool erased = false;
	int r = store_reset_pending(keeper->store, &job, &erased);

	if (r == ANSWER_NOT_FOUND || (!r && !erased))
		return 0;
	if (!r)
		r = renew(keeper, job);
	if (r)
		return r < 0 ? fault_trace(r) : fault_origin(-EIO);
	service_anew(keeper);
	log_info("everything is erased and the keeper has a new key; \"cubby setup\" begins anew");
	return 0;
}
