/* SPDX-License-Identifier: Apache-2.0 */

/* TCP addresses. What is not surely this machine's own loopback counts as the network. */

#include "hosts/wyoming/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void address_loopback(uint16_t port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->v4.sin_family = AF_INET;
	ret->v4.sin_port = htons(port);
	ret->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static int address_wrong(const char *text, struct why *why)
{
	return answer_why(why, ANSWER_INVALID_ARGUMENT, "tcp must be an address in numbers and a "
			  "port, like 127.0.0.1:%d or [::1]:%d, not \"%.100s\"", PORT_ASR,
			  PORT_ASR, text);
}

int address_parse(const char *text, union address *ret, struct why *why)
{
	const char *colon = strrchr(text, ':');
	bool v6 = text[0] == '[';
	size_t host_bytes = colon ? (size_t)(colon - text) : 0;
	unsigned long port;
	char host[INET6_ADDRSTRLEN];
	char *end;

	if (!colon || colon[1] < '0' || colon[1] > '9' ||
	    (v6 && (host_bytes < 2 || colon[-1] != ']')))
		return address_wrong(text, why);
	port = strtoul(colon + 1, &end, 10);
	host_bytes -= v6 ? 2 : 0;
	if (*end || port < 1 || port > UINT16_MAX || host_bytes >= sizeof(host))
		return address_wrong(text, why);
	memcpy(host, text + v6, host_bytes);
	host[host_bytes] = '\0';
	memset(ret, 0, sizeof(*ret));
	if (v6 ? inet_pton(AF_INET6, host, &ret->v6.sin6_addr) != 1 :
	    inet_pton(AF_INET, host, &ret->v4.sin_addr) != 1)
		return address_wrong(text, why);
	ret->any.sa_family = v6 ? AF_INET6 : AF_INET;
	/* The port lies at the same place in both. */
	ret->v4.sin_port = htons((uint16_t)port);
	return 0;
}

bool address_is_loopback(const union address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return address->any.sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

const char *address_text(const union address *address, char text[static ADDRESS_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "";

	text[0] = '\0';
	if (address->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(text, ADDRESS_TEXT, "%s:%u", host, ntohs(address->v4.sin_port));
	} else if (address->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
		snprintf(text, ADDRESS_TEXT, "[%s]:%u", host, ntohs(address->v6.sin6_port));
	}
	return text;
}
