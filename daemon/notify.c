/* SPDX-License-Identifier: Apache-2.0 */

/* Readiness for the service manager. Only a unix socket is ever opened here. */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/log.h"
#include "notify.h"

void notify_manager(const char *state)
{
	_cleanup_(cleanup_close) int fd = -1;
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n;

	if (!path || !path[0])
		return;
	n = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || n >= sizeof(address.sun_path)) {
		log_warning("NOTIFY_SOCKET is not the path of a unix socket; not notifying");
		return;
	}
	memcpy(address.sun_path, path, n);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
			     offsetof(struct sockaddr_un, sun_path) + n) < 0)
		log_warning("cannot tell the service manager \"%s\": %m", state);
}

uint64_t notify_watchdog_ms(void)
{
	const char *interval_us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!interval_us || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(interval_us, NULL, 10) / 1000;
}
