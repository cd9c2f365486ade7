/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts and unmounts images. Must leave no mount and no loop device behind when the process that
 * called it ends: it is meant for a mount namespace of its own, and its loop devices clear
 * themselves. */

#include "mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TRIES 200

static int loop_open(int number, char path[static 32])
{
	int fd;

	snprintf(path, 32, "/dev/loop%d", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	/* Where nobody makes device nodes. */
	if (fd < 0 && errno == ENOENT &&
	    (mknod(path, S_IFBLK | 0600, makedev(7, (unsigned)number)) == 0 || errno == EEXIST))
		fd = open(path, O_RDWR | O_CLOEXEC);
	return fd;
}

static int loop_attach(int image_fd, char path[static 32], int *ret_fd)
{
	const struct loop_config config = {
		.fd = (uint32_t)image_fd,
		.info = { .lo_flags = LO_FLAGS_AUTOCLEAR },
	};
	const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (control < 0)
		return -errno;
	for (int i = 0; i < TRIES; i++) {
		const int number = ioctl(control, LOOP_CTL_GET_FREE);
		const int fd = number < 0 ? -1 : loop_open(number, path);

		if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) == 0) {
			close(control);
			*ret_fd = fd;
			return 0;
		}
		if (fd >= 0)
			close(fd);
		usleep(1000 * (useconds_t)(i + 1));
	}
	close(control);
	return -EBUSY;
}

int mounted_make(int image_fd, const char *type, const char *options, const char *dir,
		 struct mounted *ret)
{
	char path[32];
	int r = loop_attach(image_fd, path, &ret->loop_fd);

	if (r < 0)
		return r;
	ret->dir = dir;
	if (mount(path, dir, type, MS_NOATIME, options) < 0) {
		r = -errno;
		close(ret->loop_fd);
	}
	return r;
}

int mounted_end(struct mounted *mounted)
{
	int r = 0;

	for (int i = 0; i < TRIES && umount2(mounted->dir, 0) < 0; i++) {
		r = -errno;
		if (errno != EBUSY)
			break;
		usleep(5000);
		r = 0;
	}
	close(mounted->loop_fd);
	return r;
}
