/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the file system and the device below it. It must never promise more than is known, so
 * everything unknown is E0. */

#include "level.h"

#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/cleanup.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

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

enum level level_find(const char *dir)
{
	struct statfs fs;
	struct stat st;

	if (statfs(dir, &fs) < 0 || stat(dir, &st) < 0)
		return LEVEL_E0;
	if (fs.f_type != EXT4_SUPER_MAGIC && fs.f_type != XFS_SUPER_MAGIC)
		return LEVEL_E0;
	if (fs.f_type == EXT4_SUPER_MAGIC && data_journalled(st.st_dev))
		return LEVEL_E0;
	/* Flash has its own translation below the blocks: eMMC, SD, NVMe and SSD all say 0 here,
	 * and so do many virtual disks, of which nothing better is known. */
	return device_rotational(st.st_dev) == '1' ? LEVEL_E1 : LEVEL_E2;
}
