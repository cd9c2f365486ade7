/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The age clock: the only time that retention knows. It is the value stored in `clock` plus the
 * boot time that has passed since (powered time, suspend included), plus the leaps it took: a wall
 * clock that is ahead is believed only after it has been ahead, by at least as much, through
 * AGE_HOURS hours of powered time during which it was watched, counted across restarts. Until then
 * what it would expire is hidden, not erased (age_sight). A wall clock that goes back is ignored.
 *
 * Leaps are counted in the database, in the transaction that also moves the items that were made
 * under the lead (store/leap.h): their making and expiry move along, so that no item grows older
 * by a leap over time in which it was not there.
 */

#include <stdbool.h>
#include <stdint.h>
#include "age_file.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "kept.h"

/* A wall clock ahead by more than this hides what it would expire; one behind by more than this
 * has not been set (no clock chip), and tells nothing. */
#define AGE_DOUBT_S (24 * 3600)
/* After a start the wall clock may not be set yet: it is not watched for this long. */
#define AGE_SETTLE_MS (5 * 60 * 1000)
#define AGE_SAVE_INTERVAL_MS (5 * 60 * 1000)
/* Cubby did not exist before: 2026-01-01. */
#define AGE_FIRST_S INT64_C(1767225600)

struct age;

/*
 * `floor_min`: the newest time in the database (store_newest_min), below which this clock never
 * begins; 0 when nothing is kept yet, and then the wall clock is simply taken. `leapt_min`:
 * store_leapt_min. ANSWER_FAILED: the file is not ours alone or cannot be opened.
 */
int age_open(const char *dir, const struct clock *clock, int64_t floor_min, int64_t leapt_min,
	     struct age **ret, struct why *why);
/* Stores the value once more. */
struct age *age_free(struct age *age);
CLEANUP_DEFINE(struct age *, age_free)
/* The file was damaged or gone at this start: the clock went on from floor_min, which may be late,
 * and never from the wall clock. */
bool age_was_lost(const struct age *age);

/* Minutes since 1970, as far as this clock knows. Never goes back. */
int64_t age_now_min(struct age *age);
/* What may be seen now. */
struct sight age_sight(struct age *age);
/* While nothing is kept: the wall clock is simply taken where it is ahead. */
void age_follow(struct age *age);

/* Watches the wall clock; call every minute. Returns by how many minutes it has proved to be ahead
 * and a leap is due, or 0. */
int64_t age_watch(struct age *age);
/* The leap is in the database. */
void age_leap(struct age *age, int64_t minutes);
/* Stores and syncs the value in place; call every AGE_SAVE_INTERVAL_MS. */
int age_save(struct age *age);

/*
 * The time that people mean, for what they are shown and for what they ask: the wall clock's, or,
 * where that has not been set, the best that is known. Retention never rests on it.
 */
int64_t age_wall_min(struct age *age);
/* By how much it is ahead of the wall clock that clients see: 0 unless that has not been set. */
int64_t age_wall_error_min(struct age *age);
/* An expiry as the wall clock now says it: at the latest, with the power on. */
uint64_t age_expiry_s(struct age *age, int64_t expires_min);
