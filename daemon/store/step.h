/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The steps of the schema, generated from schemas/sql; step n brings user_version to n + 1. */

struct store_step {
	const char *name;
	const char *sql;
};

extern const struct store_step store_steps[];
extern const int store_steps_n;
