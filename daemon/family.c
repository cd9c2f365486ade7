/* SPDX-License-Identifier: Apache-2.0 */

/* Changes who the parents are. Nobody becomes one but by a parent's signature, and nobody who was
 * removed has a door left, not even for an instant after this was told. */

#include <string.h>
#include "crypt/vouch.h"
#include "doors.h"
#include "failpoint.h"
#include "family.h"

static int statement_check(const struct proof *proof, const char *name, const char *statement,
			   struct vouch *ret, struct why *why)
{
	int r = name_check_parent(name, why);

	if (!r)
		r = vouch_verify(statement, ret, why);
	if (r)
		return fault_trace(r);
	if (!crypt_equal(ret->voucher, proof->sign_key, SIGN_PUBLIC_BYTES))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the statement is signed with another key than that of the "
				  "parent who proved");
	if (strcmp(ret->name, name))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the statement vouches for somebody of another name");
	return 0;
}

static int room_check(const struct ground *ground, struct why *why)
{
	struct parent_row *rows;
	size_t n;
	int r = store_parents(ground->store, &rows, &n);

	if (r)
		return fault_trace(r);
	parent_rows_free(rows, n);
	if (n >= PARENTS_MAX)
		return answer_why(why, ANSWER_QUOTA_EXCEEDED,
				  "this household has had %d parents, the most there can be",
				  PARENTS_MAX);
	return 0;
}

static int add_store(const struct ground *ground, const struct asker *asker,
		     struct parent_row *parent, const struct doorbox_door *given,
		     const struct doors *doors)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {.what = "parent-add", .uid = asker->uid, .outcome = "done",
				     .method = "Parents.Add"};
	int r = store_begin(ground->store, &transaction);

	if (!r)
		r = store_parent_insert(ground->store, parent, &parent->parent);
	if (!r)
		r = doors_store(ground, parent->parent, given, doors);
	if (!r)
		r = access_log_append(ground->log, &entry);
	failpoint("parent-add-before-commit");
	if (!r)
		r = store_commit(take(transaction));
	return fault_trace(r);
}

int family_add(const struct ground *ground, const struct box_keypair *box,
	       const struct asker *asker, const struct proof *proof, const char *name,
	       const char *statement, const void *sealed_doors, size_t n_sealed, struct why *why)
{
	_cleanup_(doors_clear) struct doors doors = {.n = 0};
	_cleanup_(cleanup_free) char *voucher = strdup(statement);
	struct doorbox_door given[DOORS_MAX];
	struct parent_row parent = {.statement = voucher, .created_min = age_now_min(ground->age)};
	struct vouch vouch;
	int r = voucher ? 0 : fault_origin(-ENOMEM);

	if (!r)
		r = statement_check(proof, name, statement, &vouch, why);
	if (!r)
		r = room_check(ground, why);
	if (!r)
		r = doorbox_open_doors(box, asker->name, asker->nonce, sealed_doors, n_sealed,
				       DOORBOX_BOTH, given, why);
	if (r)
		return fault_trace(r);
	r = doors_take(ground, 2, &doors);
	if (r)
		return ground_stored(r, why);
	strcpy(parent.name, name);
	memcpy(parent.sign_key, vouch.parent, sizeof(parent.sign_key));
	r = add_store(ground, asker, &parent, given, &doors);
	/* After a fault the rows may be there all the same; then their keys must stay. */
	if (r > 0)
		doors_return(ground, &doors);
	if (r == ANSWER_EXISTS)
		return answer_why(why, r, "there is a parent of this name or key already; choose "
				  "another name");
	return ground_stored(r, why);
}

static int remove_check(const struct ground *ground, const struct proof *proof, const char *name,
			struct parent_row *ret, struct why *why)
{
	int r = store_parent_find(ground->store, name, ret);

	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r, "there is no parent \"%.40s\"; \"cubby parent list\" "
				  "names those there are", name);
	if (r)
		return fault_trace(r);
	if (ret->parent == proof->parent)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "nobody removes themselves: another parent can, and \"cubby "
				  "reset\" erases the household");
	return 0;
}

int family_remove(const struct ground *ground, const struct asker *asker,
		  const struct proof *proof, const char *name, const struct rekey_asked *asked,
		  int64_t *ret_parent, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {.what = "parent-remove", .uid = asker->uid, .outcome = "done",
				     .method = "Parents.Remove"};
	struct vault_erasure ended[DOORS_MAX];
	struct parent_row parent;
	struct rekey rekey;
	unsigned n = 0;
	int r;

	r = remove_check(ground, proof, name, &parent, why);
	if (!r)
		r = rekey_check(ground, proof, &parent, asked, &rekey, why);
	if (!r)
		r = doors_slots(ground, parent.parent, 0, ended, &n);
	/* First the keys: a cut behind this leaves rows that open nothing, and another try. */
	if (!r)
		r = doors_end(ground, ended, n, why);
	failpoint("parent-remove-doors-ended");
	if (!r)
		r = store_begin(ground->store, &transaction);
	if (!r)
		r = store_parent_remove(ground->store, parent.parent, age_now_min(ground->age));
	if (!r)
		r = rekey_store(ground, &rekey, asked);
	if (!r)
		r = access_log_append(ground->log, &entry);
	failpoint("parent-remove-before-commit");
	if (!r)
		r = store_commit(take(transaction));
	if (r)
		return r < 0 ? ground_stored(r, why) : fault_trace(r);
	doors_free(ground, ended, n);
	*ret_parent = parent.parent;
	return 0;
}

static int door_replace(const struct ground *ground, const struct asker *asker, int64_t parent,
			const struct doorbox_door *given, bool same, const struct doors *doors)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {.what = same ? "keys-taken" : "passphrase",
				     .uid = asker->uid, .outcome = "done",
				     .method = "Parents.ChangeDoor",
				     .reason = door_kind_name(given->door.kind)};
	int r = store_begin(ground->store, &transaction);

	if (!r)
		r = store_door_remove(ground->store, parent, given->door.kind);
	if (!r)
		r = doors_store(ground, parent, given, doors);
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	return fault_trace(r);
}

int family_door(const struct ground *ground, const struct box_keypair *box,
		const struct asker *asker, const struct proof *proof, const char *kind_name,
		bool same, const void *sealed_door, size_t n_sealed, struct why *why)
{
	_cleanup_(doors_clear) struct doors doors = {.n = 0};
	struct doorbox_door given[DOORS_MAX], *door;
	struct vault_erasure ended[DOORS_MAX];
	const int kind = door_kind_from_name(kind_name);
	unsigned n = 0;
	int r;

	if (!kind)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "there is no door \"%.20s\"; say "
				  "\"passphrase\" or \"recovery\"", kind_name);
	r = doorbox_open_doors(box, asker->name, asker->nonce, sealed_door, n_sealed,
			       DOORBOX_ONE(kind), given, why);
	if (!r)
		r = doors_slots(ground, proof->parent, kind, ended, &n);
	if (r)
		return fault_trace(r);
	r = doors_take(ground, 1, &doors);
	if (r)
		return ground_stored(r, why);
	door = &given[kind - 1];
	/* First the new one: a cut in between leaves both slots, and a start that overwrites the
	 * one that no row names. */
	r = door_replace(ground, asker, proof->parent, door, same, &doors);
	if (r > 0)
		doors_return(ground, &doors);
	if (r)
		return ground_stored(r, why);
	failpoint("door-replaced");
	r = doors_end(ground, ended, n, why);
	if (!r)
		doors_free(ground, ended, n);
	return fault_trace(r);
}
