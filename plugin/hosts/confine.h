/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a host of the ear gives up before it hears anything. It is the program's to give up, not the
 * library's: a host may have other work. */

/*
 * No sockets but unix ones, no file made, written or removed, no TCP connection made whatever
 * sockets are open, no new programs, no tracing, no capabilities, no core. A kernel without seccomp
 * or Landlock is a warning; the unit confines as well. Who listens on the network does so before.
 */
int confine_enter(void);
