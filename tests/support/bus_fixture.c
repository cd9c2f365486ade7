/* SPDX-License-Identifier: Apache-2.0 */
/* A dbus-daemon for one test. It dies with the process that started it and leaves no file. */

#include "bus_fixture.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char configuration[] =
	"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
	" \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
	"<busconfig>\n"
	"  <type>system</type>\n"
	"  <listen>unix:path=%s/socket</listen>\n"
	"  <auth>EXTERNAL</auth>\n"
	"  <policy context=\"default\">\n"
	"    <allow user=\"*\"/>\n"
	"    <allow own=\"*\"/>\n"
	"    <allow send_destination=\"*\"/>\n"
	"    <allow receive_sender=\"*\"/>\n"
	"    <allow send_type=\"signal\"/>\n"
	"  </policy>\n"
	"%s\n"
	"</busconfig>\n";

static int configuration_write(const struct bus_fixture *bus, const char *extra)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/bus.conf", bus->directory);
	file = fopen(path, "we");
	if (!file)
		return -errno;
	fprintf(file, configuration, bus->directory, extra ? extra : "");
	return fclose(file) == 0 ? 0 : -errno;
}

static void daemon_exec(const struct bus_fixture *bus, int print_fd)
{
	char config[128], print[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(config, sizeof(config), "--config-file=%s/bus.conf", bus->directory);
	snprintf(print, sizeof(print), "--print-address=%d", print_fd);
	execlp("dbus-daemon", "dbus-daemon", config, print, "--nofork", "--nopidfile", NULL);
	_exit(127);
}

/* The daemon prints its address once it listens. */
static int address_read(struct bus_fixture *bus, int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&ready, 1, 10000) != 1)
		return -ETIMEDOUT;
	n = read(fd, bus->address, sizeof(bus->address) - 1);
	if (n <= 0)
		return -ECHILD;
	bus->address[n] = '\0';
	bus->address[strcspn(bus->address, "\n")] = '\0';
	return 0;
}

int bus_fixture_start(struct bus_fixture *bus, const char *extra)
{
	int print[2], r;

	memset(bus, 0, sizeof(*bus));
	strcpy(bus->directory, "/tmp/cubby-bus.XXXXXX");
	/* Others than this user must reach the socket, and only that. */
	if (!mkdtemp(bus->directory) || chmod(bus->directory, 0711) < 0)
		return -errno;
	r = configuration_write(bus, extra);
	if (r < 0)
		return r;
	if (pipe(print) < 0)
		return -errno;
	bus->pid = fork();
	if (bus->pid == 0)
		daemon_exec(bus, print[1]);
	close(print[1]);
	r = bus->pid < 0 ? -errno : address_read(bus, print[0]);
	close(print[0]);
	if (r < 0)
		bus_fixture_stop(bus);
	return r;
}

void bus_fixture_stop(struct bus_fixture *bus)
{
	static const char *const names[] = { "socket", "bus.conf" };
	char path[128];

	if (bus->pid > 0) {
		kill(bus->pid, SIGTERM);
		waitpid(bus->pid, NULL, 0);
	}
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", bus->directory, names[i]);
		unlink(path);
	}
	rmdir(bus->directory);
	bus->pid = 0;
}

bool bus_fixture_become(uid_t uid, gid_t gid)
{
	if (geteuid() != 0 || setgroups(1, &gid) < 0)
		return false;
	if (setegid(gid) < 0 || seteuid(uid) < 0)
		abort();
	return true;
}

void bus_fixture_become_self(void)
{
	if (seteuid(getuid()) < 0 || setegid(getgid()) < 0 || setgroups(0, NULL) < 0)
		abort();
}
