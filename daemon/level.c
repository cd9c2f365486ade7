/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the file system and the device below it. It must never promise more than is known, so
 * everything unknown is E0. */

#include "level.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

/* Loop devices over files on loop devices end somewhere. */
#define LOOPS_MAX 4

const char *level_name(enum level level)
{
	static const char *const names[] = { "E0", "E1", "E2" };

	return names[level];
}

/*
 * Whether what is written to this file goes to its blocks and nowhere else. ext4 answers with an
 * alignment of 0 for direct writes where it journals data, by mount option, by what tune2fs set
 * (which no list of mounts shows) or by the file's own flag, and where the bytes lie in the inode.
 * A kernel before 6.1 does not answer.
 */
static bool rewritten_in_place(const char *path)
{
	struct statx st;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_DIOALIGN, &st) == 0 &&
	       (st.stx_mask & STATX_DIOALIGN) && st.stx_dio_mem_align > 0;
}

/* Whether files of this XFS may lie on another device than its own, or in zones that are never
 * rewritten. True when unknown. */
static bool realtime_section(dev_t device)
{
	_cleanup_(cleanup_fclose) FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_(cleanup_free) char *line = NULL;
	size_t room = 0;
	unsigned major_, minor_;

	while (file && getline(&line, &room, file) > 0) {
		if (sscanf(line, "%*d %*d %u:%u", &major_, &minor_) == 2 &&
		    makedev(major_, minor_) == device)
			return strstr(line, ",rtdev=") || strstr(line, ",max_open_zones=");
	}
	return true;
}

/* One character of a file in sysfs, or 0. */
static char device_word(dev_t device, const char *tail)
{
	_cleanup_(cleanup_fclose) FILE *file = NULL;
	char path[128];
	int c;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(device), minor(device), tail);
	file = fopen(path, "re");
	if (!file)
		return 0;
	c = fgetc(file);
	return c == EOF ? 0 : (char)c;
}

/* A partition has its queue at the disk above it. */
static char device_rotational(dev_t device)
{
	char word = device_word(device, "queue/rotational");

	return word ? word : device_word(device, "../queue/rotational");
}

/* docs/decisions/0007-erasure-level.md */
enum level level_of_device(const char *place, char rotational)
{
	const char *name = strstr(place, "/block/");

	if (!name || strstr(place, "/virtual/"))
		return LEVEL_E0;
	name += strlen("/block/");
	if (strncmp(name, "vd", 2) == 0 && strstr(place, "/virtio"))
		return LEVEL_E1;
	if (strncmp(name, "mmcblk", 6) == 0 || strncmp(name, "nvme", 4) == 0)
		return LEVEL_E2;
	if (strncmp(name, "sd", 2) != 0 || (rotational != '0' && rotational != '1'))
		return LEVEL_E0;
	/* A USB stick says that it rotates. */
	return rotational == '1' && !strstr(place, "/usb") ? LEVEL_E1 : LEVEL_E2;
}

static enum level level_below(const char *file, unsigned loops);

/* A loop device is what the file system below its file is; without that file, nothing is known. */
static enum level level_of_loop(dev_t device, unsigned loops)
{
	_cleanup_(cleanup_fclose) FILE *file = NULL;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/loop/backing_file", major(device),
		 minor(device));
	file = fopen(path, "re");
	if (!file || !fgets(path, sizeof(path), file) || loops >= LOOPS_MAX)
		return LEVEL_E0;
	path[strcspn(path, "\n")] = '\0';
	return level_below(path, loops + 1);
}

static enum level level_below(const char *file, unsigned loops)
{
	struct statfs fs;
	struct stat st;
	char path[64], place[PATH_MAX];
	ssize_t n;

	if (statfs(file, &fs) < 0 || stat(file, &st) < 0 || !rewritten_in_place(file))
		return LEVEL_E0;
	if (fs.f_type != EXT4_SUPER_MAGIC && fs.f_type != XFS_SUPER_MAGIC)
		return LEVEL_E0;
	if (fs.f_type == XFS_SUPER_MAGIC && realtime_section(st.st_dev))
		return LEVEL_E0;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	n = readlink(path, place, sizeof(place) - 1);
	if (n <= 0)
		return LEVEL_E0;
	place[n] = '\0';
	if (strstr(place, "/virtual/block/loop"))
		return level_of_loop(st.st_dev, loops);
	return level_of_device(place, device_rotational(st.st_dev));
}

enum level level_find(const char *file)
{
	return level_below(file, 0);
}
