/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tables for people (libsmartcols) and JSON for programs (jansson). */

#include <jansson.h>
#include <stdbool.h>
#include "base/cleanup.h"

struct hand;
struct table;

/* heads: NULL-ended; one that begins with '~' is cut where the terminal is too narrow, one with '='
 * goes on below, one with '>' is aligned to the right. They are translated here. 0 or a fault. */
int table_new(const char *const *heads, bool color, struct table **ret);
struct table *table_free(struct table *table);
CLEANUP_DEFINE(struct table *, table_free)
/* As many cells as there are heads; NULL is empty. Control characters become visible. */
int table_row(struct table *table, const char *const *cells);
/* Colour of the last row's cell: an ANSI sequence, or NULL. Nothing in a table without colour. */
int table_tint(struct table *table, size_t column, const char *sequence);
/* Through a pager where somebody reads it. */
int table_print(struct hand *hand, struct table *table);
/* Prints the rows so far, and goes on: later ones stand under them, the columns at least as wide.
 * Ends with table_print(). Positive: nobody reads it any more. */
int table_flow(struct hand *hand, struct table *table);
/* The table as it would be printed, for tests; the caller frees it. */
int table_text(struct table *table, char **ret);

#define TINT_GOOD "\033[32m"
#define TINT_WARN "\033[33m"
#define TINT_BAD "\033[31m"

/* Turns control characters (terminal sequences of a stranger's making, text that runs the other
 * way) into '?', in place. */
void render_clean(char *text);
/* Writes JSON and a newline to standard output; 0 or a fault. Releases it. Writes none that is not
 * whole. */
int render_json(json_t *json);
/* False once render_json_allocate() failed: something may be missing in any JSON. */
bool render_json_whole(void);
/* For json_set_alloc_funcs(). */
void *render_json_allocate(size_t n);
static inline void render_json_freep(json_t **json)
{
	json_decref(*json);
}
