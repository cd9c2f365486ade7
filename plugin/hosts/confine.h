/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a host of the ear gives up before it hears anything. It is the program's to give up, not the
 * library's: a host may have other work. */

/* No sockets but unix ones, no new programs, no tracing, no core. A kernel without seccomp is a
 * warning; the unit confines as well. */
int confine_enter(void);
/* After it: no file is made, written or removed, and no TCP connection made, whatever sockets are
 * open. For a host that listens on the network; needs confine_enter(). A kernel without Landlock is
 * a warning. */
int confine_landlock(void);
