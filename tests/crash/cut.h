/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A trace, and the states a disk can be in when the power goes: everything up to some flush, and of
 * what came after it any part, in sectors of 512 bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger.h"
#include "trace.h"

#define SECTOR_BYTES 512

struct step {
	struct trace head;
	const uint8_t *data;
};

enum cut_way {
	CUT_KEPT = 1,	/* every write so far arrived */
	CUT_LOST,	/* nothing behind the last flush did */
	CUT_TORN,	/* the last write arrived in part, those before it wholly */
	CUT_MIXED,	/* any of them, and those in any part */
};

struct cut {
	enum cut_way way;
	size_t step;	/* the last that was sent */
	uint64_t random;
};

struct film {
	const char *marks_before;	/* file of the marks made before the film began */
	uint8_t *trace;
	struct step *steps;
	size_t n_steps;
	struct cut *cuts;
	size_t n_cuts;
	size_t writes, flushes, marks;
};

int film_read(const char *path, struct film *ret);
void film_clear(struct film *film);
/* Every cut of every position. */
int film_cut(struct film *film, uint64_t seed);
/* Leaves `n` of them, spread evenly over the film, their order kept. */
void film_thin(struct film *film, size_t n, uint64_t seed);

/* The disk while the film runs forward: `image` is what is durable. */
struct disk {
	uint8_t *image;
	size_t bytes;
	size_t done;	/* steps that are in the image */
	uint8_t *filled;	/* a bit for each DISK_CHUNK_BYTES that may hold something */
};
#define DISK_CHUNK_BYTES 65536

int disk_read(const char *path, struct disk *ret);
/* Makes durable what a cut at `step` must leave, marks and all. */
void disk_forward(struct disk *disk, const struct film *film, size_t step);
/* Writes the state of the cut to an empty file. */
int disk_cut(struct disk *disk, const struct film *film, const struct cut *cut, int fd);
/* Leaves the disk and the marks of one cut as files, for a film of what the keeper then does. */
int film_leave(struct film *film, size_t number, const char *image, const char *to_image,
	       const char *to_marks);
void ledger_forward(struct ledger *ledger, const struct film *film, size_t step);
