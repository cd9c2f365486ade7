/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The age clock: the only time that retention knows. It is the value stored in `clock` plus the
 * boot time that has passed since; a wall clock set back or far ahead neither lengthens nor
 * shortens how long anything is kept.
 */

#include <stdint.h>
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"

#define AGE_FILE "clock"
/* A wall clock ahead by at most this much at start is taken for time spent switched off. */
#define AGE_ADOPT_MAX_S (24 * 3600)
#define AGE_SAVE_INTERVAL_MS (5 * 60 * 1000)

struct age;

/*
 * `floor_min`: the newest time in the database (store_newest_min), below which this clock never
 * begins; 0 when nothing is kept yet, and then the wall clock is simply taken. ANSWER_FAILED: the
 * file is damaged or not ours alone.
 */
int age_open(const char *dir, const struct clock *clock, int64_t floor_min, struct age **ret,
	     struct why *why);
/* Stores the value once more. */
struct age *age_free(struct age *age);
CLEANUP_DEFINE(struct age *, age_free)

/* Minutes since 1970, as far as this clock knows. Never goes back. */
int64_t age_now_min(struct age *age);
/* Stores and syncs the value in place; call every AGE_SAVE_INTERVAL_MS. */
int age_save(struct age *age);
