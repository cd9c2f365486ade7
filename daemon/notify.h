/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tells the service manager how the keeper is doing (sd_notify's protocol, without its library). */

#include <stdint.h>

/* One datagram to NOTIFY_SOCKET, for instance "READY=1"; without that variable nothing happens.
 * Never a reason to stop: a failure is one line in the log. */
void notify_manager(const char *state);
/* How often at least the manager wants to hear "WATCHDOG=1"; 0: never. */
uint64_t notify_watchdog_ms(void);
