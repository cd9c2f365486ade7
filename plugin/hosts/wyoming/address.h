/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where a listener listens on TCP: numbers only, for a name would have to be asked for. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/fault.h"

#define PORT_ASR 10300
#define PORT_WAKE 10400

union address {
	struct sockaddr any;		/* sa_family AF_UNSPEC: none */
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

void address_loopback(uint16_t port, union address *ret);
/* "127.0.0.1:10300" or "[::1]:10300". ANSWER_INVALID_ARGUMENT: it is not such an address. */
int address_parse(const char *text, union address *ret, struct why *why);
/* Whether only this machine can reach it. */
bool address_is_loopback(const union address *address);
#define ADDRESS_TEXT 64
/* As address_parse() takes it; "" for none. */
const char *address_text(const union address *address, char text[static ADDRESS_TEXT]);
