/* SPDX-License-Identifier: Apache-2.0 */

/* Makes the household and tells its public keys. There is no way here to change a key: a keeper
 * that could would hand every ear its own. */

#include <string.h>
#include "doorbox.h"
#include "failpoint.h"
#include "household.h"
#include "reset.h"

/* Stores one door, its wraps under the key of `slot`. */
static int door_store(const struct ground *ground, int64_t parent, const struct doorbox_door *given,
		      const struct id *slot_id, const struct vault_slot *slot,
		      const struct secret *key)
{
	struct door_row row = {
		.parent = parent, .door = given->door, .slot_id = *slot_id, .slot = *slot,
	};
	int r;

	memcpy(row.proof_hash, given->proof_hash, sizeof(row.proof_hash));
	r = store_door_insert(ground->store, &row);
	if (r)
		return fault_trace(r);
	for (int i = 0; i < DOORBOX_SECRETS; i++) {
		_cleanup_(cleanup_free) uint8_t *layered = NULL;
		size_t n;

		r = layer_seal(key, doorbox_secret_names[i], given->wraps[i].bytes,
			       given->wraps[i].n, &layered, &n);
		if (!r)
			r = store_wrap_insert(ground->store, parent, given->door.kind,
					      doorbox_secret_names[i], layered, n);
		if (r)
			return fault_trace(r);
	}
	return 0;
}

static int setup_store(const struct ground *ground, const struct asker *asker,
		       const char *statement, const struct doorbox_door doors[static 2],
		       const struct id slot_ids[static 2], const struct vault_slot slots[static 2],
		       struct secret *const keys[static 2], struct parent_row *parent)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {.what = "setup", .uid = asker->uid, .outcome = "done"};
	int r;

	r = store_begin(ground->store, &transaction);
	if (!r)
		r = store_household_insert(ground->store, statement, parent->created_min);
	if (!r)
		r = store_parent_insert(ground->store, parent, &parent->parent);
	for (int i = 0; !r && i < 2; i++)
		r = door_store(ground, parent->parent, &doors[i], &slot_ids[i], &slots[i],
			       keys[i]);
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
		       const char *statement, const struct doorbox_door doors[static 2],
		       struct parent_row *parent)
{
	_cleanup_(secret_freep) struct secret *first = NULL;
	_cleanup_(secret_freep) struct secret *second = NULL;
	struct vault *vault = ground->vault;
	struct vault_slot slots[2];
	struct id slot_ids[2];
	int r;

	crypt_random(slot_ids, sizeof(slot_ids));
	r = vault_take(vault, &slot_ids[0], VAULT_KIND_DOOR, &slots[0], &first);
	if (r)
		return fault_trace(r);
	r = vault_take(vault, &slot_ids[1], VAULT_KIND_DOOR, &slots[1], &second);
	if (r) {
		vault_return(vault, slots[0].number);
		return fault_trace(r);
	}
	r = setup_store(ground, asker, statement, doors, slot_ids, slots,
			(struct secret *[]){first, second}, parent);
	/* After a fault the rows may be there all the same; then their keys must stay. */
	if (r > 0) {
		vault_return(vault, slots[0].number);
		vault_return(vault, slots[1].number);
	}
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
		r = doorbox_open_setup(box, asker->name, asker->nonce, sealed_doors, n_sealed,
				       doors, why);
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

int household_keys(const struct ground *ground, struct household *ret, struct why *why)
{
	_cleanup_(cleanup_free) char *statement = NULL;
	int r = store_household(ground->store, &statement);

	if (r)
		return r < 0 ? fault_trace(r) : fault_origin(-EBADMSG);
	return fault_trace(household_verify(statement, NULL, ret, why));
}
