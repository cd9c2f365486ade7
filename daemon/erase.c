/* SPDX-License-Identifier: Apache-2.0 */
/* Steps 2 to 5 of an erasure. Must never remove a row before what it names is erased, and never end
 * well before the verifier has. */

#include "erase.h"

#include <stdlib.h>
#include <string.h>

#include "failpoint.h"
#include "gather.h"
#include "lost.h"
#include "print.h"
#include "store/reset.h"
#include "store/tombstone.h"
#include "store/veil.h"

#define SLOTS_A_SLICE 4096
#define BODIES_A_SLICE 256
#define BODIES_A_SLICE_MOST 4096
/* Each is compared with every row. */
#define LOST_A_SLICE 8
/* Bodies are overwritten wholly as they go (docs/decisions/0002-secure-delete.md). A slice is
 * small, so that the bus is answered in between; but each has its syncs, so that small bodies go
 * by thousands where there are very many; still a parent sees them go. */
#define BODY_BATCH_BYTES (UINT64_C(8) << 20)

enum erase_phase {
	ERASE_VEIL,
	ERASE_GATHER,
	ERASE_SLOTS,
	ERASE_SLOTS_LOST,
	ERASE_BODIES,
	ERASE_METADATA,
	ERASE_LOG,
	ERASE_READ_BACK,
};

struct erase {
	struct erase_stores stores;
	struct job_row job;
	enum erase_phase phase;
	int64_t gathered;	/* row of the last item that is a tombstone */
	struct tombstone_walk walk;
	struct tombstone *list;
	uint32_t *refused;	/* slots without their row's key, not yet looked into */
	size_t n_refused;
	uint32_t first_stuck;
	uint64_t n_stuck;
	uint64_t left;
	uint64_t n_bodies;		/* parts whose ciphertext is removed */
	uint32_t *slots;
	size_t n_slots;
};

int erase_new(const struct erase_stores *stores, int64_t job, struct erase **ret)
{
	_cleanup_(erase_freep) struct erase *erase = calloc(1, sizeof(*erase));
	size_t n_witnesses = 0;
	int r;

	if (!erase)
		return fault_origin(-ENOMEM);
	erase->stores = *stores;
	erase->list = calloc(SLOTS_A_SLICE, sizeof(*erase->list));
	if (!erase->list)
		return fault_origin(-ENOMEM);
	r = store_job_find(stores->store, job, &erase->job);
	if (r == 0)
		r = store_stuck_clear(stores->store);
	if (r == 0)
		r = store_witness_count(stores->store, job, &n_witnesses);
	if (r != 0)
		return r < 0 ? fault_trace(r) : fault_origin(-ENOENT);
	erase->phase = erase->job.profile > 0 ? ERASE_VEIL : ERASE_SLOTS;
	/* What an earlier run touched, nobody watched; and while nobody waits, everything is read
	 * once a day. */
	verify_watch(stores->verify,
		     n_witnesses > 0 || strcmp(erase->job.state, "queued") != 0 ||
		     (strcmp(erase->job.reason, "expire") == 0 &&
		      verify_whole_is_due(stores->verify)));
	*ret = take(erase);
	return 0;
}

struct erase *erase_free(struct erase *erase)
{
	if (!erase)
		return NULL;
	store_job_clear(&erase->job);
	free(erase->list);
	free(erase->slots);
	free(erase->refused);
	free(erase);
	return NULL;
}

uint64_t erase_items_done(const struct erase *erase)
{
	const struct job_row *job = &erase->job;

	if (erase->phase < ERASE_SLOTS)
		return 0;
	if (erase->phase > ERASE_METADATA)
		return job->items - (erase->left < job->items ? erase->left : job->items);
	/* The rows of all go in one piece, last. */
	if (job->parts == 0 || erase->n_bodies >= job->parts)
		return job->items > 0 ? job->items - 1 : 0;
	return (uint64_t)((double)job->items * (double)erase->n_bodies / (double)job->parts);
}

const struct job_row *erase_job(const struct erase *erase)
{
	return &erase->job;
}

const uint32_t *erase_slots(const struct erase *erase, size_t *ret_n)
{
	*ret_n = erase->n_slots;
	return erase->slots;
}

/* What stands in the way, in words; the job is tried again later. */
static int stopped(int r, const char *store, struct why *why)
{
	if (r == ANSWER_QUOTA_EXCEEDED)
		return answer_why(why, ANSWER_FAILED,
				  "%s: no space left on the disk; free some, and it goes on by "
				  "itself",
				  store);
	return answer_why(why, ANSWER_FAILED, "%s: %s; check the disk; it is tried again", store,
			  r < 0 ? strerror(-r) : "the database's rules refuse it");
}

/* Step 2 of a profile, before everything else. */
static int veil_slice(struct erase *erase, struct why *why)
{
	uint32_t refused = UINT32_MAX;
	int r = gather_veil(erase->stores.store, erase->stores.vault, erase->job.profile,
			    &refused);

	if (r == 0 && refused != UINT32_MAX) {
		erase->refused = malloc(sizeof(*erase->refused));
		if (!erase->refused)
			return fault_origin(-ENOMEM);
		erase->refused[erase->n_refused++] = refused;
	}
	erase->phase = ERASE_GATHER;
	return r != 0 ? stopped(r, "slots.bin", why) : ERASE_MORE;
}

static int gather_slice(struct erase *erase, struct why *why)
{
	bool more = false;
	int r = gather_piece(erase->stores.store, &erase->job, &erase->gathered, &more);

	failpoint("erase-after-gather");
	if (!more)
		erase->phase = ERASE_SLOTS;
	return r != 0 ? stopped(r, "cubby.db", why) : ERASE_MORE;
}

static int slots_erase(struct erase *erase, size_t n)
{
	_cleanup_(cleanup_free) struct vault_erasure *erasures = calloc(n, sizeof(*erasures));
	uint32_t *refused = realloc(erase->refused, (erase->n_refused + n) * sizeof(*refused));
	int r;

	if (refused)
		erase->refused = refused;
	if (!erasures || !refused)
		return fault_origin(-ENOMEM);
	for (size_t i = 0; i < n; i++) {
		erasures[i].slot = erase->list[i].slot;
		erasures[i].owner = erase->list[i].owner;
		erasures[i].kind = erase->list[i].kind;
	}
	r = vault_erase(erase->stores.vault, erasures, n);
	if (r < 0)
		return fault_trace(r);
	for (size_t i = 0; i < n; i++)
		if (erasures[i].refused)
			refused[erase->n_refused++] = erasures[i].slot.number;
	return 0;
}

/* A slot without its row's key. Somebody else's key is left alone, and the row stays. A key that is
 * nobody's may be the item's own under a damaged tag, or one made since an old database was put
 * back: it goes, so that the verifier can say of this slot what it says of all. */
static int slot_lost(struct erase *erase, uint32_t slot)
{
	int r = lost_owner(erase->stores.store, erase->stores.vault, slot);

	if (r == ANSWER_NOT_FOUND)
		r = vault_erase_lost(erase->stores.vault, slot);
	else if (r == 0)
		r = ANSWER_FAILED;
	else
		return fault_trace(r);
	if (r != ANSWER_FAILED)
		return fault_trace(r);
	if (erase->n_stuck++ == 0)
		erase->first_stuck = slot;
	return fault_trace(store_stuck_add(erase->stores.store, slot));
}

static int slots_lost_slice(struct erase *erase, struct why *why)
{
	int r = 0;

	for (int i = 0; r == 0 && erase->n_refused > 0 && i < LOST_A_SLICE; i++)
		r = slot_lost(erase, erase->refused[--erase->n_refused]);
	if (r != 0)
		return stopped(r, "slots.bin", why);
	if (erase->n_refused == 0)
		erase->phase = ERASE_BODIES;
	return ERASE_MORE;
}

static bool is_reset(const struct erase *erase)
{
	return strcmp(erase->job.reason, "reset") == 0;
}

/* Step 2. A reset asks no row: there is no key that stays. */
static int slots_slice(struct erase *erase, struct why *why)
{
	size_t n;
	int r;

	if (is_reset(erase)) {
		failpoint("reset-before-slots");
		r = vault_clear(erase->stores.vault);
		failpoint("reset-after-slots");
		erase->phase = ERASE_BODIES;
		return r != 0 ? stopped(r, "slots.bin", why) : ERASE_MORE;
	}
	r = store_tombstones(erase->stores.store, erase->job.job, &erase->walk, erase->list,
			     SLOTS_A_SLICE, &n);
	if (r != 0)
		return stopped(r, "cubby.db", why);
	if (n == 0) {
		erase->walk = (struct tombstone_walk){ 0 };
		erase->phase = ERASE_SLOTS_LOST;
		return ERASE_MORE;
	}
	failpoint("erase-before-slots");
	r = slots_erase(erase, n);
	failpoint("erase-after-slots");
	return r != 0 ? stopped(r, "slots.bin", why) : ERASE_MORE;
}

/* The verifier will look for the random bytes every body begins with (lib/crypt/envelope.h: one
 * byte of version, then the stream's header). */
static int body_witness(struct erase *erase, const struct tombstone *tombstone)
{
	return fault_trace(store_witness_insert(
		erase->stores.store, erase->job.job, tombstone->slot.number,
		print_of(tombstone->head + 1, print_base(erase->job.salt))));
}

static int bodies_end(struct erase *erase, size_t n)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct store *store = erase->stores.store;
	int r = store_begin(store, &transaction);

	/* Before the first row goes: the handle they are read through would not outlive it. */
	if (r == 0)
		r = store_body_heads(store, erase->list, n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		/* An earlier run may have removed it already. */
		if (erase->list[i].body == 0)
			continue;
		r = body_witness(erase, &erase->list[i]);
		if (r == 0)
			r = store_body_delete(store, &erase->list[i]);
	}
	if (r == 0)
		r = store_commit(take(transaction));
	if (r == 0)
		verify_look(erase->stores.verify);
	return fault_trace(r);
}

/* Step 3, ciphertext. */
static int bodies_slice(struct erase *erase, struct why *why)
{
	struct tombstone_walk from = erase->walk;
	uint64_t bytes = 0, most = erase->job.parts / 16;
	size_t n, n_taken;
	int r;

	if (most < BODIES_A_SLICE)
		most = BODIES_A_SLICE;
	if (most > BODIES_A_SLICE_MOST)
		most = BODIES_A_SLICE_MOST;

	r = store_tombstones(erase->stores.store, erase->job.job, &erase->walk, erase->list,
			     most, &n);
	if (r != 0)
		return stopped(r, "cubby.db", why);
	if (n == 0) {
		erase->phase = ERASE_METADATA;
		return ERASE_MORE;
	}
	for (n_taken = 0; n_taken < n && bytes < BODY_BATCH_BYTES; n_taken++)
		bytes += erase->list[n_taken].bytes;
	if (n_taken < n) {
		from.of = erase->list[n_taken - 1].of;
		from.owner_row = erase->list[n_taken - 1].owner_row;
		from.kind = erase->list[n_taken - 1].kind;
		erase->walk = from;
	}
	r = bodies_end(erase, n_taken);
	if (r == 0)
		erase->n_bodies += n_taken;
	failpoint("erase-after-bodies");
	return r != 0 ? stopped(r, "cubby.db", why) : ERASE_MORE;
}

static int id_gone(void *context, const struct id *id)
{
	struct erase *erase = context;

	return fault_trace(store_witness_insert(erase->stores.store, erase->job.job, -1,
						print_of(id->bytes, print_base(erase->job.salt))));
}

static int reset_mark(void *context, int64_t slot, const uint8_t bytes[static 16])
{
	struct erase *erase = context;

	return fault_trace(store_witness_insert(erase->stores.store, erase->job.job, slot,
						print_of(bytes, print_base(erase->job.salt))));
}

/* The profile's own row is gone: neither its id nor its veil may be found. */
static int profile_witness(struct erase *erase, const struct id *id, const struct veil_row *veil)
{
	return fault_trace(store_witness_insert(erase->stores.store, erase->job.job,
						veil->there ? (int64_t)veil->slot.number : -1,
						print_of(id->bytes, print_base(erase->job.salt))));
}

/* Step 3, metadata: after it no row tells that the items ever were. A job that was partial says so
 * until it is done. */
static int metadata_end(struct erase *erase)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct store *store = erase->stores.store;
	struct veil_row veil;
	struct id profile;
	bool there = false;
	int r = store_begin(store, &transaction);

	if (r == 0 && erase->job.profile > 0) {
		r = store_veil_removing(store, erase->job.profile, &profile, &veil);
		there = r == 0;
		r = r == ANSWER_NOT_FOUND ? 0 : r;
	}
	if (r == 0)
		r = store_tombstones_delete(store, erase->job.job, erase->job.profile, id_gone,
					    erase, &erase->left);
	if (r == 0 && there && erase->left == 0)
		r = profile_witness(erase, &profile, &veil);
	if (r == 0 && is_reset(erase))
		r = store_reset_marks(store, reset_mark, erase);
	if (r == 0 && is_reset(erase))
		r = store_reset_rows(store, erase->job.job);
	if (r == 0 && strcmp(erase->job.state, "partial") != 0)
		r = store_job_set_state(store, erase->job.job, "verifying", "", "", 0);
	if (r == 0)
		r = store_commit(take(transaction));
	if (r == 0)
		verify_look(erase->stores.verify);
	return fault_trace(r);
}

/* Step 5 begins. */
static int read_back_begin(struct erase *erase)
{
	_cleanup_(cleanup_free) uint32_t *slots = NULL;
	uint64_t *prints = NULL;
	size_t n_prints = 0;
	int r;

	free(erase->slots);
	erase->slots = NULL;
	r = store_witness_read(erase->stores.store, erase->job.job, &erase->slots, &erase->n_slots,
			       &prints, &n_prints);
	if (r != 0)
		return fault_trace(r);
	slots = calloc(erase->n_slots + 1, sizeof(*slots));
	if (!slots) {
		free(prints);
		return fault_origin(-ENOMEM);
	}
	memcpy(slots, erase->slots, erase->n_slots * sizeof(*slots));
	return fault_trace(verify_begin(erase->stores.verify, take(slots), erase->n_slots, prints,
					n_prints, print_base(erase->job.salt)));
}

static int read_back_slice(struct erase *erase, struct why *why)
{
	int r = verify_slice(erase->stores.verify, why);

	if (r == VERIFY_MORE)
		return ERASE_MORE;
	failpoint("erase-after-read-back");
	if (r < 0)
		return stopped(r, "the verifier", why);
	if (r != 0)
		return r;
	if (erase->n_stuck > 0)
		return answer_why(why, ANSWER_FAILED,
				  "slots.bin: %llu slots, the first of them %u, hold keys that are "
				  "not the items' own and were left alone; the ciphertext is "
				  "removed; put a good slots.bin back",
				  (unsigned long long)erase->n_stuck, erase->first_stuck);
	if (erase->left > 0)
		return answer_why(why, ANSWER_FAILED,
				  "cubby.db: %llu rows could not be removed yet; what is left of "
				  "their items waits for another erasure; it is tried again",
				  (unsigned long long)erase->left);
	return 0;
}

int erase_slice(struct erase *erase, struct why *why)
{
	int r;

	switch (erase->phase) {
	case ERASE_VEIL:
		return veil_slice(erase, why);
	case ERASE_GATHER:
		return gather_slice(erase, why);
	case ERASE_SLOTS:
		return slots_slice(erase, why);
	case ERASE_SLOTS_LOST:
		return slots_lost_slice(erase, why);
	case ERASE_BODIES:
		return bodies_slice(erase, why);
	case ERASE_METADATA:
		r = metadata_end(erase);
		failpoint("erase-after-metadata");
		if (r != 0)
			return stopped(r, "cubby.db", why);
		erase->phase = ERASE_LOG;
		return ERASE_MORE;
	case ERASE_LOG:
		/* Step 4. */
		r = store_checkpoint(erase->stores.store);
		failpoint("erase-after-checkpoint");
		if (r == 0)
			r = read_back_begin(erase);
		if (r != 0)
			return stopped(r, "cubby.db, cubby.db-wal", why);
		erase->phase = ERASE_READ_BACK;
		return ERASE_MORE;
	case ERASE_READ_BACK:
		return read_back_slice(erase, why);
	}
	return fault_origin(-EINVAL);
}
