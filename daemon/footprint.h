/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which pages of the database an erasure can have touched, as the files themselves tell: the page
 * numbers in the frames of its log, and the pages that came to be free (the formats:
 * https://www.sqlite.org/fileformat2.html). It asks nothing of SQLite and nothing of what erases.
 */

#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"

struct footprint;

/* Borrows db_fd. */
int footprint_new(const char *dir, int db_fd, struct footprint **ret);
struct footprint *footprint_free(struct footprint *footprint);
CLEANUP_DEFINE(struct footprint *, footprint_free)

/* Before the first row goes: what is free now was not freed by what follows. */
int footprint_begin(struct footprint *footprint);
/* After each commit, before the next: the log may be begun anew by then. */
int footprint_look(struct footprint *footprint);
/* After the log was written back. */
int footprint_end(struct footprint *footprint);

/* Pages of the database file, the first being 1, in order: the next run of neighbours behind
 * *page, at most `most` of them. *ret_n 0: there is none. Page 1 is always in it. */
void footprint_next(const struct footprint *footprint, uint32_t most, uint32_t *page,
		    uint32_t *ret_n);
uint32_t footprint_page_bytes(const struct footprint *footprint);
