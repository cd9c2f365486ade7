/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The independent verifier of erasures. It shares no code with what erases (only the layout of the
 * slot file and the formula of the prints), reads the stores as plain files, and believes nothing:
 * slots must read as zero, prints must match nowhere in the database or its log, and it must find
 * what it knows is there (SQLite's own first 16 bytes), or its eyes are not trusted.
 */

#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"

struct verify;

/* Opens the stores for reading; they must be there. Free it after the store is closed: closing any
 * descriptor of the database drops SQLite's locks. */
int verify_new(const char *dir, struct verify **ret);
struct verify *verify_free(struct verify *verify);
CLEANUP_DEFINE(struct verify *, verify_free)

/* Begins a job; takes both lists over (freed with free()). `base` is print_base() of its salt. */
int verify_begin(struct verify *verify, uint32_t *slots, size_t n_slots, uint64_t *prints,
		 size_t n_prints, uint64_t base);

#define VERIFY_MORE 101

/* Some megabytes of work. VERIFY_MORE: call again. 0: everything was read and nothing was found.
 * ANSWER_FAILED: `why` names the store and what was found there. */
int verify_slice(struct verify *verify, struct why *why);
