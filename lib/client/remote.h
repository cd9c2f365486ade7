/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A keeper elsewhere in the house, through ssh. Passphrase and keys stay in this process; only what
 * the bus would carry goes there, and it carries nothing secret in clear. */

#include "client/session.h"

/* How libdbus gets there: ssh, and systemd-stdio-bridge at the other end. host: "speaker" or
 * "anna@speaker". ANSWER_INVALID_ARGUMENT. */
int remote_address(const char *host, char **ret_address);

/* cubby_open() where descriptors cannot pass: a kind at a time, in pieces. */
int remote_open(struct cubby *cubby, const char *id, const char *const *kinds,
		struct cubby_opened **ret);
