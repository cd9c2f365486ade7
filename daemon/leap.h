/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Looks after the age clock: lets it leap when the wall clock has proved right, and tells parents
 * when the wall clock is far ahead, when it is not any more, and when the clock's file was lost. */

#include "ground.h"

struct leap {
	struct ground ground;
	bool looked;		/* once since the start */
	bool ahead;		/* parents were told */
};

/* Call once at start, then every minute. */
int leap_watch(struct leap *leap);
