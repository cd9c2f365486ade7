/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The keeper's confinement of itself: what it gives up before it reads its store or a message. */

#include "base/fault.h"

enum sandbox {
	SANDBOX_NO_NEW_PRIVS = 1,
	SANDBOX_NOT_DUMPABLE = 2,
	SANDBOX_SECCOMP = 4,	/* no sockets but unix ones, no new programs, no other processes */
	SANDBOX_LANDLOCK = 8,	/* no file written outside the state directory */
};

/*
 * Gives up what can be given up, then tries the forbidden and returns in *ret_held only what was
 * found to hold. A kernel without Landlock or seccomp is a warning; the unit confines as well.
 * ANSWER_FAILED: the kernel has it, and something forbids its use.
 */
int sandbox_enter(int state_dir_fd, unsigned *ret_held, struct why *why);
/* "seccomp" for SANDBOX_SECCOMP; NULL for no such bit. */
const char *sandbox_name(unsigned bit);
