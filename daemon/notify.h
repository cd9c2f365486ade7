/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tells the service manager how the keeper is doing (sd_notify's protocol, without its library). */

/* One datagram to NOTIFY_SOCKET, for instance "READY=1"; without that variable nothing happens.
 * Never a reason to stop: a failure is one line in the log. */
void notify_manager(const char *state);
