/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Fills the access log in the state directory of a keeper that is stopped. */

struct access_log;
struct store;

/* n entries of opening, the longest there are, in one transaction. */
void log_fill_append(struct access_log *log, struct store *store, unsigned n);
/* Opens what the log needs and has `append` do it. */
void log_fill(const char *state, unsigned n,
	      void (*append)(struct access_log *log, struct store *store, unsigned n));
