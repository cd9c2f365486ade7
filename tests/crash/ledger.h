/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a keeper under test has promised so far. The program that plays writes a mark before it asks
 * for something and another when it was told that it is done; whoever looks at what a power cut or
 * a kill left behind replays the marks up to that moment and knows what must hold.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/kind.h"

#define LEDGER_HEAD_BYTES 16
#define LEDGER_KEY_BYTES 32
#define LEDGER_ACTS_MAX 65536

enum thing {
	THING_PROFILE = 0,
	/* 1 to KIND_MAX: a part of an item; + THING_COPY: of a copy. */
	THING_COPY = 8,
};

enum mark_phase {
	MARK_KEEPING = 1,	/* asked for; may or may not come to be */
	MARK_KEPT,		/* acknowledged: the whole act */
	MARK_DELETING,		/* about to be asked for */
	MARK_DELETED,		/* acknowledged: it never comes back */
	MARK_ERASED,		/* there is a receipt: not a trace on the disk */
	MARK_NOTHING,		/* the act came to nothing, and said so */
	MARK_CLOCK,		/* the time in `wall_s` */
};

struct mark {
	uint32_t phase;
	uint32_t act;		/* all of an act happens, or none of it */
	uint32_t thing;
	uint32_t bytes;
	struct id id;
	struct id owner;	/* the profile; of a copy: its item */
	uint8_t key[LEDGER_KEY_BYTES];		/* in its slot */
	uint8_t given[LEDGER_KEY_BYTES];	/* as it is handed out */
	uint8_t head[LEDGER_HEAD_BYTES];
	uint8_t hash[32];
	int64_t expires_min;
	int64_t wall_s;
};

struct entry {
	struct mark mark;	/* as it was kept; phase and act of the last mark on it */
};

struct ledger {
	struct entry *entries;
	size_t n, room;
	int64_t wall_s;
	uint32_t act;		/* the newest */
};

#define LEDGER_BEGIN_S INT64_C(1800000000)

void ledger_clear(struct ledger *ledger);
/* Ends the program where memory does: this is a test. */
void ledger_take(struct ledger *ledger, const struct mark *mark);
/* Takes every mark in the file; a torn last one is left out. */
void ledger_read(struct ledger *ledger, const char *path);

/* Bytes that must not be on the disk. */
struct needle {
	const struct entry *entry;
	const uint8_t *bytes;
	size_t n;
	const char *what;	/* "key", "head", "id" */
};

/* Of everything that is erased, or deleted too when `deleted`, or was about to be deleted in an act
 * that `gone` says went through. *ret is freed with free(). */
size_t ledger_needles(const struct ledger *ledger, bool deleted, const bool *gone,
		      struct needle **ret);
/* How many needles the bytes hold; tells about the first. */
size_t needles_count(const struct needle *needles, size_t n, const uint8_t *bytes, size_t n_bytes,
		     const struct needle **ret_first);
