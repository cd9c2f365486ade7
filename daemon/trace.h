/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Looks for bytes in every file of the state directory, read as plain files: the drill's own eyes,
 * which share no code with what erases or with the erasures' verifier. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"

struct trace;

/* At most this long. */
#define TRACE_BYTES 48

int trace_new(const char *dir, struct trace **ret);
struct trace *trace_free(struct trace *trace);
CLEANUP_DEFINE(struct trace *, trace_free)

/* 4 to TRACE_BYTES bytes to look for; copied, and wiped by trace_clear(). */
int trace_add(struct trace *trace, const void *bytes, size_t n);
void trace_clear(struct trace *trace);

/* How many of them the files that were written last (slots.bin, cubby.db-wal) hold between them. */
int trace_control(struct trace *trace, size_t *ret_seen);
size_t trace_n(const struct trace *trace);

#define TRACE_MORE 103

void trace_begin(struct trace *trace);
/* Some megabytes. TRACE_MORE: call again. 0: all files were read and nothing was found.
 * ANSWER_FAILED: `why` names the file, or one that is no store (stores.h). */
int trace_slice(struct trace *trace, struct why *why);
