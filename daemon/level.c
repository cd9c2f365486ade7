/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the file system and the device below it. It must never promise more than is known, so
 * everything unknown is E0. */

#include "level.h"

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

/* Whether the mount of this device journals data, too (ext4 data=journal). True when unknown. */
static bool data_journalled(dev_t device)
{
	_cleanup_(cleanup_fclose) FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_(cleanup_free) char *line = NULL;
	size_t room = 0;
	unsigned major_, minor_;

	while (file && getline(&line, &room, file) > 0) {
		if (sscanf(line, "%*d %*d %u:%u", &major_, &minor_) == 2 &&
		    makedev(major_, minor_) == device)
			return strstr(line, "data=journal") != NULL;
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

static enum level level_below(const char *dir, unsigned loops);

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

static enum level level_below(const char *dir, unsigned loops)
{
	struct statfs fs;
	struct stat st;
	char path[64], place[PATH_MAX];
	ssize_t n;

	if (statfs(dir, &fs) < 0 || stat(dir, &st) < 0)
		return LEVEL_E0;
	if (fs.f_type != EXT4_SUPER_MAGIC && fs.f_type != XFS_SUPER_MAGIC)
		return LEVEL_E0;
	if (fs.f_type == EXT4_SUPER_MAGIC && data_journalled(st.st_dev))
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

enum level level_find(const char *dir)
{
	return level_below(dir, 0);
}
