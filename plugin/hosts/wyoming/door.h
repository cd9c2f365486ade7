/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sockets that clients knock at. */

#include <stdbool.h>
#include "hosts/wyoming/config.h"

/* A listening socket. ANSWER_FAILED: why names the address and the remedy. */
int door_tcp(const union address *address, int *ret_fd, struct why *why);
/* Mode 0660. A socket that nobody listens on any more is replaced. */
int door_unix(const char *path, int *ret_fd, struct why *why);

/* Whether who is at the other end of this unix socket may use it: by the kernel's word
 * (SO_PEERCRED), never by his own. */
bool door_admits(const struct listener_config *listener, int fd);
