/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The file behind the age clock: two records of fixed length in blocks of their own, written in
 * turn, each with a checksum. A write that is torn, lost or damaged leaves the other record, which
 * is one AGE_SAVE_INTERVAL_MS older; the file never grows, so that a full disk does not stop it.
 */

#include <stdint.h>
#include "base/fault.h"

#define AGE_FILE "clock"
#define AGE_HOURS 24

struct age_record {
	uint64_t seq;			/* the higher one counts */
	int64_t powered_s;		/* seconds since 1970 by boot time alone */
	int64_t lead_s;			/* of the wall clock over powered_s, when last believable */
	/* The least lead seen in each of the last hours of powered time, oldest first, and in the
	 * one under way. */
	int64_t hours_s[AGE_HOURS];
	unsigned n_hours;
	int64_t hour_s;
	int64_t hour_ms;		/* how long it is under way */
};

/* Opens `dir`/clock, makes it where there is none. ANSWER_FAILED: not ours alone, or cannot be
 * opened. */
int age_file_open(const char *dir, int *ret_fd, struct why *why);
/* ANSWER_NOT_FOUND: nothing was ever written. ANSWER_FAILED: neither record can be trusted. */
int age_file_read(int fd, struct age_record *ret);
/* Over the older record, synced. */
int age_file_write(int fd, struct age_record *record);
