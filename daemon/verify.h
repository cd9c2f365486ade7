/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The independent verifier of erasures. It shares no code with what erases (only the layout of the
 * slot file and the formula of the prints), reads the stores as plain files, and believes nothing:
 * slots must read as zero, prints must match nowhere where it looks in the database, and nowhere in
 * its log, and it must find what it knows is there (SQLite's own first 16 bytes), or its eyes are
 * not trusted. It looks at the whole database, or at the pages that the files themselves show the
 * erasure to have written or freed (docs/decisions/0008-what-is-read-back.md).
 */

#include <stdbool.h>
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

/* Before an erasure's first row goes, and after each of its commits: notes where it will have to
 * look. Without it, with `whole`, and whenever something there makes no sense: everywhere. */
void verify_watch(struct verify *verify, bool whole);
void verify_look(struct verify *verify);
/* A day has passed since everything was read. */
bool verify_whole_is_due(const struct verify *verify);
bool verify_is_whole(const struct verify *verify);

/* Begins to read back; takes both lists over (freed with free()). `base` is print_base() of the
 * job's salt. */
int verify_begin(struct verify *verify, uint32_t *slots, size_t n_slots, uint64_t *prints,
		 size_t n_prints, uint64_t base);

#define VERIFY_MORE 101

/* Some megabytes of work. VERIFY_MORE: call again. 0: everything was read and nothing was found.
 * ANSWER_FAILED: `why` names the store and what was found there. */
int verify_slice(struct verify *verify, struct why *why);
