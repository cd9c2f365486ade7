/* SPDX-License-Identifier: Apache-2.0 */

/* Opening sockets. These are the only network sockets of all of Cubby; after they are open the
 * process may make no more. */

#include "hosts/wyoming/door.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"

#define BACKLOG 16

static int failed(const char *what, const char *remedy, struct why *why)
{
	return answer_why(why, ANSWER_FAILED, "cannot listen on %.200s: %s; %s", what,
			  strerror(errno), remedy);
}

int door_tcp(const union address *address, int *ret_fd, struct why *why)
{
	_cleanup_(cleanup_close) int fd = -1;
	const int yes = 1;
	socklen_t n = address->any.sa_family == AF_INET6 ? sizeof(address->v6) :
							    sizeof(address->v4);
	char text[ADDRESS_TEXT];

	fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return failed(address_text(address, text), "has this machine that network?", why);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	/* [::] is not to mean 0.0.0.0 as well. */
	if (address->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (bind(fd, &address->any, n) < 0 || listen(fd, BACKLOG) < 0)
		return failed(address_text(address, text), "choose another tcp = in the "
			      "configuration, or stop what uses it", why);
	*ret_fd = take_fd(fd);
	return 0;
}

/* Nobody listens on what a program left behind that was killed. */
static bool is_left_over(const struct sockaddr_un *address)
{
	_cleanup_(cleanup_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	return fd >= 0 && lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
	       errno == ECONNREFUSED;
}

int door_unix(const char *path, int *ret_fd, struct why *why)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (is_left_over(&address))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fault_origin(-errno);
	/* Never, not for a moment, open to more than it will be. */
	mask = umask(0117);
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (r < 0 || listen(fd, BACKLOG) < 0)
		return failed(path, errno == EADDRINUSE ? "something else listens there" :
			      "is its folder there, and may this user write to it?", why);
	*ret_fd = take_fd(fd);
	return 0;
}

bool door_admits(const struct listener_config *listener, int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0 || n != sizeof(peer))
		return false;
	for (unsigned i = 0; i < listener->n_users; i++)
		if (listener->users[i] == peer.uid)
			return true;
	return listener->n_users == 0;
}
