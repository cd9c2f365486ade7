/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An integrator's program, of /etc/cubby. It is told things in its environment alone: everybody on
 * the machine can list arguments, and a nickname may be in them (R16). */

struct hook_word {
	const char *name, *value;
};

/* Runs it to its end; `words` end with a name of NULL. Its standard input is the terminal, or
 * nothing. Returns 0 (agreed: status 0), 1 (did not), or a negative fault: it could not be run, or
 * was lost. */
int hook_run(const char *path, const struct hook_word *words);
