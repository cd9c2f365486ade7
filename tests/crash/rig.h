/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A keeper without its bus: the real store, slots, age clock, archive and erasure on a directory.
 * Only the clock is the test's. */

#include "age.h"
#include "archive.h"
#include "crypt/device.h"
#include "erasure.h"
#include "ledger.h"

struct rig {
	const char *dir;
	int64_t wall_s;
	struct clock clock;
	struct store *store;
	struct vault *vault;
	struct age *age;
	struct archive *archive;
	struct device *device;
	struct erasure *erasure;
	struct why why;
};

/* The directory is made where there is none. Anything but 0: `why`, if it has words. */
int rig_open(struct rig *rig, const char *dir, int64_t wall_s);
void rig_shut(struct rig *rig);

/* Whether what a ledger knows is there, and is what was kept. */
enum finding {
	FINDING_THERE = 1,
	FINDING_GONE,
	FINDING_WRONG,		/* another key, another body, or a fault */
};
enum finding rig_find(struct rig *rig, const struct mark *mark);

struct verdict {
	bool gone[LEDGER_ACTS_MAX];	/* acts that turned out gone, of those in between */
	unsigned wrong;
	char text[2048];
};
void verdict_add(struct verdict *verdict, const char *format, ...) _printf_(2, 3);

/* Opens what a crash left behind as a start of the keeper does, finishes what was begun, and looks
 * whether every promise of the ledger holds. */
void rig_judge(struct rig *rig, const char *dir, const struct ledger *ledger,
	       struct verdict *verdict);

/* The same in a process of its own, so that a keeper that dies is a finding and not the end.
 * `verdict` lies in shared memory. A fault: nothing was judged. */
int rig_judge_apart(const char *dir, const struct ledger *ledger, struct verdict *verdict);
/* Zeroed, and shared with every process that comes of this one. */
struct verdict *verdict_shared(void);
