/* SPDX-License-Identifier: Apache-2.0 */

/* Makes the household and tells its public keys. There is no way here to change a key without a
 * parent's signature: a keeper that could would hand every ear its own. */

#include <string.h>
#include "doors.h"
#include "failpoint.h"
#include "household.h"
#include "crypt/rekey.h"
#include "reset.h"
#include "store/rekey.h"

static int setup_store(const struct ground *ground, const struct asker *asker,
		       const char *statement, const struct doorbox_door given[static 2],
		       const struct doors *doors, struct parent_row *parent)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {.what = "setup", .uid = asker->uid, .outcome = "done"};
	int r;

	r = store_begin(ground->store, &transaction);
	if (!r)
		r = store_household_insert(ground->store, statement, parent->created_min);
	if (!r)
		r = store_parent_insert(ground->store, parent, &parent->parent);
	if (!r)
		r = doors_store(ground, parent->parent, given, doors);
	if (!r)
		r = access_log_key_begin(ground->log);
	if (!r)
		r = access_log_append(ground->log, &entry);
	failpoint("setup-before-commit");
	if (!r)
		r = store_commit(take(transaction));
	failpoint("setup-committed");
	return fault_trace(r);
}

static int setup_slots(const struct ground *ground, const struct asker *asker,
		       const char *statement, const struct doorbox_door given[static 2],
		       struct parent_row *parent)
{
	_cleanup_(doors_clear) struct doors doors = {.n = 0};
	int r = doors_take(ground, 2, &doors);

	if (r)
		return fault_trace(r);
	r = setup_store(ground, asker, statement, given, &doors, parent);
	/* After a fault the rows may be there all the same; then their keys must stay. */
	if (r > 0)
		doors_return(ground, &doors);
	return fault_trace(r);
}

int household_setup(const struct ground *ground, const struct box_keypair *box,
		    const struct asker *asker, const char *name, const char *statement,
		    const void *sealed_doors, size_t n_sealed, struct parent_row *ret_founder,
		    struct why *why)
{
	_cleanup_(cleanup_free) char *present = NULL;
	struct doorbox_door doors[2];
	struct household keys;
	struct parent_row founder = {0};
	int r;

	r = reset_over(ground, why);
	if (!r)
		r = store_household(ground->store, &present);
	if (r == 0)
		return answer_why(why, ANSWER_EXISTS, "there is a household already; its parents "
				  "can use it as it is");
	if (r != ANSWER_NOT_FOUND)
		return fault_trace(r);
	r = name_check_parent(name, why);
	if (!r)
		r = household_verify(statement, NULL, &keys, why);
	if (!r)
		r = doorbox_open_doors(box, asker->name, asker->nonce, sealed_doors, n_sealed,
				       DOORBOX_BOTH, doors, why);
	if (r)
		return fault_trace(r);
	/* From here on something may be kept, and the age clock is on its own. */
	age_follow(ground->age);
	founder.created_min = age_now_min(ground->age);
	strcpy(founder.name, name);
	memcpy(founder.sign_key, keys.founder, sizeof(founder.sign_key));
	r = ground_stored(setup_slots(ground, asker, statement, doors, &founder), why);
	if (r)
		return fault_trace(r);
	*ret_founder = founder;
	return 0;
}

static int rekey_take(void *context, const struct rekey_row *row)
{
	struct household *household = context;
	struct rekey rekey;
	int r = rekey_verify(row->statement, &rekey, NULL);

	if (r)
		return r < 0 ? fault_trace(r) : fault_origin(-EBADMSG);
	memcpy(household->home, rekey.home, BOX_PUBLIC_BYTES);
	memcpy(household->release, rekey.release, BOX_PUBLIC_BYTES);
	return 0;
}

int household_now(struct store *store, struct household *ret)
{
	_cleanup_(cleanup_free) char *statement = NULL;
	struct household household;
	int r = store_household(store, &statement);

	if (r)
		return fault_trace(r);
	r = household_verify(statement, NULL, &household, NULL);
	/* They were checked as they came (rekey_check()), and the last one counts. */
	if (!r)
		r = store_rekeys(store, rekey_take, &household);
	if (r)
		return r < 0 ? fault_trace(r) : fault_origin(-EBADMSG);
	*ret = household;
	return 0;
}

int household_keys(const struct ground *ground, struct household *ret)
{
	int r = household_now(ground->store, ret);

	return r > 0 ? fault_origin(-EBADMSG) : fault_trace(r);
}
