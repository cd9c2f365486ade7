/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a host of the ear gives up before it hears anything. It is the program's to give up, not the
 * library's: a host may have other work. */

#include "base/fault.h"

/*
 * No sockets but unix ones, no file made, written or removed, no TCP connection made whatever
 * sockets are open, no new programs or processes, no tracing, no capabilities, no core; and no
 * system call but those of a closed list. A kernel without seccomp or Landlock is a warning; the
 * unit confines as well. Who listens on the network does so before. ANSWER_FAILED: something
 * forbids to ask for it.
 */
int confine_enter(struct why *why);
