/* SPDX-License-Identifier: Apache-2.0 */
/* Brings up the keeper's rooms in the order keeper.c does, and judges what it finds. It must never
 * write anything that a start of the keeper would not. */

#include "rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../support/copy_row.h"
#include "store/leap.h"
#include "store/profile.h"
#include "store/slot.h"

static int64_t rig_wall(void *context)
{
	return ((struct rig *)context)->wall_s;
}

static int64_t rig_boot(void *context)
{
	return (((struct rig *)context)->wall_s - LEDGER_BEGIN_S + 1000) * 1000;
}

static int erasure_make(struct rig *rig)
{
	static const uint8_t master[KEY_BYTES] = { 1 };
	_cleanup_(secret_freep) struct secret *secret = NULL;
	struct erasure_config config = {
		.dir = rig->dir, .clock = &rig->clock, .age = rig->age, .store = rig->store,
		.vault = rig->vault, .archive = rig->archive,
	};
	int r = secret_from(master, sizeof(master), &secret);

	if (r == 0)
		r = device_from(secret, &rig->device);
	if (r != 0)
		return r;
	config.device = rig->device->sign;
	return erasure_new(&config, &rig->erasure, &rig->why);
}

int rig_open(struct rig *rig, const char *dir, int64_t wall_s)
{
	struct vault_used used = { 0 };
	int64_t newest_min = 0, leapt_min = 0;
	int r;

	*rig = (struct rig){ .dir = dir, .wall_s = wall_s };
	rig->clock = (struct clock){ rig_wall, rig_boot, rig };
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	r = store_open(dir, &rig->store, &rig->why);
	if (r == 0)
		r = store_slots_used(rig->store, &used);
	if (r == 0)
		r = vault_open(dir, &used, &rig->vault, &rig->why);
	vault_used_clear(&used);
	if (r == 0)
		r = store_newest_min(rig->store, &newest_min);
	if (r == 0)
		r = store_leapt_min(rig->store, &leapt_min);
	if (r == 0)
		r = age_open(dir, &rig->clock, newest_min, leapt_min, &rig->age, &rig->why);
	if (r == 0) {
		const struct archive_config config = { .store = rig->store, .vault = rig->vault,
						       .age = rig->age };

		r = archive_new(&config, &rig->archive);
	}
	if (r == 0)
		r = erasure_make(rig);
	return r;
}

void rig_shut(struct rig *rig)
{
	rig->erasure = erasure_free(rig->erasure);
	rig->archive = archive_free(rig->archive);
	rig->age = age_free(rig->age);
	rig->vault = vault_free(rig->vault);
	rig->store = store_free(rig->store);
	rig->device = device_free(rig->device);
}

static enum finding part_judge(const struct archive_opened *opened, const struct mark *mark)
{
	const uint32_t kind = mark->thing & ~(uint32_t)THING_COPY;
	uint8_t hash[HASH_BYTES];

	for (unsigned i = 0; i < opened->n_parts; i++) {
		if (opened->parts[i].kind != kind)
			continue;
		crypt_hash(opened->bodies + opened->parts[i].offset, opened->parts[i].bytes, hash);
		return opened->parts[i].bytes == mark->bytes &&
				       memcmp(hash, mark->hash, sizeof(hash)) == 0 &&
				       memcmp(opened->keys->bytes + i * KEY_BYTES, mark->given,
					      KEY_BYTES) == 0
			       ? FINDING_THERE
			       : FINDING_WRONG;
	}
	return FINDING_GONE;
}

enum finding rig_find(struct rig *rig, const struct mark *mark)
{
	_cleanup_(archive_opened_freep) struct archive_opened *opened = NULL;
	const struct sight sight = age_sight(rig->age);
	struct profile profile;
	int r;

	if (mark->thing == THING_PROFILE)
		r = store_profile_by_id(rig->store, &mark->id, &profile);
	else if (mark->thing > THING_COPY)
		r = copy_opened(rig->archive, rig->store, &sight, &mark->id, &opened, &rig->why);
	else
		r = archive_open(rig->archive, &mark->id, 1u << mark->thing, &opened, &rig->why);
	if (r == ANSWER_NOT_FOUND)
		return FINDING_GONE;
	if (r != 0)
		return FINDING_WRONG;
	return opened ? part_judge(opened, mark) : FINDING_THERE;
}

void verdict_add(struct verdict *verdict, const char *format, ...)
{
	const size_t at = strlen(verdict->text);
	va_list arguments;

	verdict->wrong++;
	va_start(arguments, format);
	vsnprintf(verdict->text + at, sizeof(verdict->text) - at, format, arguments);
	va_end(arguments);
}

static const char *thing_name(const struct mark *mark)
{
	if (mark->thing == THING_PROFILE)
		return "profile";
	return kind_name((int)(mark->thing & ~(uint32_t)THING_COPY));
}

/* In between: the whole act or nothing of it. */
static void act_judge(struct rig *rig, const struct ledger *ledger, uint32_t act,
		      struct verdict *verdict)
{
	unsigned there = 0, gone = 0;

	for (size_t i = 0; i < ledger->n; i++) {
		const struct mark *mark = &ledger->entries[i].mark;
		enum finding finding;

		if (mark->act != act)
			continue;
		finding = rig_find(rig, mark);
		there += finding == FINDING_THERE;
		gone += finding == FINDING_GONE;
		if (finding == FINDING_WRONG)
			verdict_add(verdict, "act %u in between: %s is damaged; ", act,
				    thing_name(mark));
	}
	if (there > 0 && gone > 0)
		verdict_add(verdict, "act %u in between: %u there and %u gone; ", act, there, gone);
	verdict->gone[act] = gone > 0;
}

static void entry_judge(struct rig *rig, const struct mark *mark, struct verdict *verdict)
{
	const bool expired = mark->thing != THING_PROFILE &&
			     mark->expires_min <= age_now_min(rig->age);
	enum finding finding = rig_find(rig, mark);

	if (mark->phase == MARK_KEPT && !expired && finding != FINDING_THERE)
		verdict_add(verdict, "act %u was acknowledged and its %s is %s; ", mark->act,
			    thing_name(mark), finding == FINDING_GONE ? "lost" : "damaged");
	if ((mark->phase == MARK_DELETED || mark->phase == MARK_ERASED) && finding != FINDING_GONE)
		verdict_add(verdict, "act %u was acknowledged and its %s is back; ", mark->act,
			    thing_name(mark));
}

static void stores_judge(struct rig *rig, struct verdict *verdict)
{
	uint64_t items = 0, partial = 0;
	int r = store_check(rig->store, &rig->why);

	if (r != 0)
		verdict_add(verdict, "integrity_check: %s; ", rig->why.text);
	/* What the keeper's first minute does. */
	r = erasure_sweep(rig->erasure, NULL);
	if (r == 0)
		r = erasure_finish(rig->erasure, &partial);
	if (r != 0 || partial > 0)
		verdict_add(verdict, "finishing: %d, %llu partial; ", r,
			    (unsigned long long)partial);
	r = erasure_pending(rig->erasure, &items, &partial);
	if (r != 0 || items > 0)
		verdict_add(verdict, "finishing: %d, %llu items are left; ", r,
			    (unsigned long long)items);
	r = store_check(rig->store, &rig->why);
	if (r != 0)
		verdict_add(verdict, "integrity_check after finishing: %s; ", rig->why.text);
}

void rig_judge(struct rig *rig, const char *dir, const struct ledger *ledger,
	       struct verdict *verdict)
{
	int r = rig_open(rig, dir, ledger->wall_s);

	if (r != 0) {
		verdict_add(verdict, "does not start: %d %s; ", r, rig->why.text);
		rig_shut(rig);
		return;
	}
	stores_judge(rig, verdict);
	for (size_t i = 0; i < ledger->n; i++) {
		const struct mark *mark = &ledger->entries[i].mark;
		bool first = true;

		if (mark->phase != MARK_KEEPING && mark->phase != MARK_DELETING) {
			entry_judge(rig, mark, verdict);
			continue;
		}
		for (size_t k = 0; k < i; k++)
			first &= ledger->entries[k].mark.act != mark->act;
		if (first)
			act_judge(rig, ledger, mark->act, verdict);
	}
}

int rig_judge_apart(const char *dir, const struct ledger *ledger, struct verdict *verdict)
{
	const pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		static struct rig rig;

		if (!getenv("CUBBY_CRASH_LOUD") && !freopen("/dev/null", "w", stderr))
			_exit(1);
		rig_judge(&rig, dir, ledger, verdict);
		rig_shut(&rig);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	if (status != 0)
		verdict_add(verdict, "the keeper died at its start (status %x); ", status);
	return 0;
}

struct verdict *verdict_shared(void)
{
	void *shared = mmap(NULL, sizeof(struct verdict), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}
