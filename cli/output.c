/* SPDX-License-Identifier: Apache-2.0 */
/* Writes what a parent asked to have as a file. Never a file that was not named, and never half a
 * file under its name. */

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"

static int stream_write(int fd, const void *bytes, size_t n)
{
	return fd < 0 ? -errno : file_write(fd, bytes, n);
}

static int sibling_write(const char *path, const void *bytes, size_t n, mode_t mode)
{
	_cleanup_(cleanup_free) char *sibling = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	int r = 0;

	if (asprintf(&sibling, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(sibling, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = file_write(fd, bytes, n);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && rename(sibling, path) < 0)
		r = -errno;
	if (r != 0)
		unlink(sibling);
	return r;
}

int output_write(const char *path, const void *bytes, size_t n, mode_t mode)
{
	_cleanup_(cleanup_close) int fd = -1;
	sigset_t held, before;
	struct stat st;
	int r;

	if (strcmp(path, "-") == 0) {
		fflush(stdout);
		return stream_write(STDOUT_FILENO, bytes, n);
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return stream_write(fd, bytes, n);
	}
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, &before);
	r = sibling_write(path, bytes, n, mode);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
