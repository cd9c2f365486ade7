/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks without content, given away in need. Nothing is ever written into them. */

#include "reserve.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "failpoint.h"
#include "secure.h"

struct reserve {
	int fd;
};

static int room_bytes(int fd, uint64_t *ret)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return fault_origin(-errno);
	*ret = (uint64_t)(geteuid() == 0 ? fs.f_bfree : fs.f_bavail) * fs.f_frsize;
	return 0;
}

int reserve_open(const char *dir, struct reserve **ret, struct why *why)
{
	_cleanup_(reserve_freep) struct reserve *reserve = calloc(1, sizeof(*reserve));
	_cleanup_(cleanup_close) int dir_fd = -1;
	bool there = false;
	int r;

	if (!reserve)
		return fault_origin(-ENOMEM);
	reserve->fd = -1;
	r = secure_dir_open(dir, &dir_fd, why);
	if (r == 0)
		r = secure_file_check(dir_fd, dir, RESERVE_FILE, &there, why);
	if (r != 0)
		return fault_trace(r);
	reserve->fd = openat(dir_fd, RESERVE_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (reserve->fd < 0)
		return fault_origin(-errno);
	r = reserve_restore(reserve);
	if (r < 0)
		return fault_trace(r);
	*ret = take(reserve);
	return 0;
}

struct reserve *reserve_free(struct reserve *reserve)
{
	if (!reserve)
		return NULL;
	if (reserve->fd >= 0)
		close(reserve->fd);
	free(reserve);
	return NULL;
}

int reserve_release(struct reserve *reserve)
{
	uint64_t room;
	int r = room_bytes(reserve->fd, &room);

	if (r < 0)
		return fault_trace(r);
	if (room >= RESERVE_BYTES)
		return 0;
	/* Synced, so that the blocks are free before anybody asks for them. */
	if (ftruncate(reserve->fd, 0) < 0 || fsync(reserve->fd) < 0)
		return fault_origin(-errno);
	failpoint("reserve-given-away");
	log_warning("the disk is full; erasing goes on with the room kept for it");
	return 0;
}

int reserve_restore(struct reserve *reserve)
{
	struct stat st;
	uint64_t room;
	int r = room_bytes(reserve->fd, &room);

	if (r < 0)
		return fault_trace(r);
	if (fstat(reserve->fd, &st) < 0)
		return fault_origin(-errno);
	if ((uint64_t)st.st_blocks * 512 >= RESERVE_BYTES || room < 2 * (uint64_t)RESERVE_BYTES)
		return 0;
	r = posix_fallocate(reserve->fd, 0, RESERVE_BYTES);
	if (r == ENOSPC || r == EDQUOT)
		return 0;
	return r != 0 ? fault_origin(-r) : 0;
}
