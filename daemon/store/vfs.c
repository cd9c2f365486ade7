/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scrubbing VFS: SQLite's own unix VFS, and nothing leaves a file without being overwritten
 * first, and no page of the database is believed that is not as it was written. It must never lose
 * a commit that SQLite was told is on the disk, and must never let SQLite open a file of another
 * sort than the database, its log and its journal (no temporary files).
 *
 * Why it is needed: no sequence of pragmas cleans the raw device. Truncating or unlinking a log
 * hands its blocks back to the file system with their content, and with secure_delete=ON stale
 * bytes still stay in b-tree pages, in the gap between the cell pointers and the cells.
 */

#include "store/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "failpoint.h"
#include "store/page.h"

#define SCRUB_HEAD_BYTES 512
#define SCRUB_CHUNK_BYTES 65536

struct vfs_file {
	sqlite3_file base;
	bool main_db;
	bool sums;		/* every page carries one */
	uint64_t n_damaged;
	sqlite3_file real[];	/* the unix VFS's own object lies here */
};

static const uint8_t zeros[SCRUB_CHUNK_BYTES];

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct vfs_file *)(void *)file)->real;
}

static sqlite3_vfs *real_vfs(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static int range_zero(sqlite3_file *real, sqlite3_int64 from, sqlite3_int64 to)
{
	for (sqlite3_int64 at = from; at < to; at += SCRUB_CHUNK_BYTES) {
		sqlite3_int64 n = to - at < SCRUB_CHUNK_BYTES ? to - at : SCRUB_CHUNK_BYTES;
		int rc = real->pMethods->xWrite(real, zeros, (int)n, at);

		if (rc != SQLITE_OK)
			return rc;
	}
	if (from >= to)
		return SQLITE_OK;
	return real->pMethods->xSync(real, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

/*
 * Overwrites [from, end) in two steps. The head goes first and is synced: were the power cut while
 * the rest is being zeroed, a log whose first frames survived would be replayed up to the hole, and
 * lose what had been written back from behind it. Without its head a log is no log.
 */
static int file_scrub(sqlite3_file *real, sqlite3_int64 from)
{
	sqlite3_int64 size, head;
	int rc;

	rc = real->pMethods->xFileSize(real, &size);
	if (rc != SQLITE_OK || from >= size || seeded(SEEDED_STOCK_VFS))
		return rc;
	head = from + SCRUB_HEAD_BYTES < size ? from + SCRUB_HEAD_BYTES : size;
	rc = range_zero(real, from, head);
	if (rc != SQLITE_OK)
		return rc;
	failpoint("scrub-head-synced");
	rc = range_zero(real, head, size);
	failpoint("scrub-rest-synced");
	return rc;
}

static int vfs_file_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int vfs_file_read(sqlite3_file *file, void *buffer, int n, sqlite3_int64 at)
{
	struct vfs_file *self = (struct vfs_file *)(void *)file;
	int rc = real_of(file)->pMethods->xRead(real_of(file), buffer, n, at);

	if (rc == SQLITE_OK && self->sums && page_is(n, at) &&
	    !page_sum_holds(buffer, (size_t)n, at)) {
		log_error("the database is damaged: the sum of page %lld is wrong",
			  (long long)(at / n + 1));
		self->n_damaged++;
		rc = SQLITE_IOERR_DATA;
	}
	return rc;
}

static int vfs_file_write(sqlite3_file *file, const void *buffer, int n, sqlite3_int64 at)
{
	struct vfs_file *self = (struct vfs_file *)(void *)file;
	uint8_t page[PAGE_MAX_BYTES];

	/* The pager writes the database in whole pages only, the first one first. */
	if (self->main_db && page_is(n, at)) {
		memcpy(page, buffer, (size_t)n);
		if (at == 0)
			self->sums = page_says_sums(page);
		if (!seeded(SEEDED_STOCK_VFS))
			page_scrub_gap(page, (size_t)n, at);
		if (self->sums)
			page_sum(page, (size_t)n, at);
		buffer = page;
	}
	return real_of(file)->pMethods->xWrite(real_of(file), buffer, n, at);
}

static int vfs_file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int rc = file_scrub(real_of(file), size);

	if (rc != SQLITE_OK)
		return rc;
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int vfs_file_sync(sqlite3_file *file, int flags)
{
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int vfs_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int vfs_file_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int vfs_file_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int vfs_file_reserved(sqlite3_file *file, int *ret)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int vfs_file_control(sqlite3_file *file, int op, void *argument)
{
	const struct vfs_file *self = (const struct vfs_file *)(const void *)file;

	if (op == VFS_HAS_SUMS)
		*(bool *)argument = self->sums;
	else if (op == VFS_DAMAGE)
		*(uint64_t *)argument = self->n_damaged;
	else
		return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
	return SQLITE_OK;
}

static int vfs_file_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int vfs_file_device(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* Version 1: no shared memory and no mapping of the file, even if somebody asked for it. */
static const sqlite3_io_methods vfs_file_methods = {
	.iVersion = 1,
	.xClose = vfs_file_close,
	.xRead = vfs_file_read,
	.xWrite = vfs_file_write,
	.xTruncate = vfs_file_truncate,
	.xSync = vfs_file_sync,
	.xFileSize = vfs_file_size,
	.xLock = vfs_file_lock,
	.xUnlock = vfs_file_unlock,
	.xCheckReservedLock = vfs_file_reserved,
	.xFileControl = vfs_file_control,
	.xSectorSize = vfs_file_sector,
	.xDeviceCharacteristics = vfs_file_device,
};

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
		    int *ret_flags)
{
	struct vfs_file *self = (struct vfs_file *)(void *)file;
	uint8_t first[PAGE_HEADER_BYTES];
	int rc;

	*self = (struct vfs_file){ 0 };
	if (!(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL))) {
		log_error("SQLite asked for a temporary file and was refused");
		return SQLITE_CANTOPEN;
	}
	rc = real_vfs(vfs)->xOpen(real_vfs(vfs), name, self->real, flags, ret_flags);
	if (rc != SQLITE_OK)
		return rc;
	self->main_db = flags & SQLITE_OPEN_MAIN_DB;
	self->sums = self->main_db &&
		     self->real->pMethods->xRead(self->real, first, sizeof(first), 0) ==
			     SQLITE_OK && page_says_sums(first);
	self->base.pMethods = &vfs_file_methods;
	return SQLITE_OK;
}

/* By path, because SQLite has closed the file by now. Never the database itself: closing any
 * descriptor of it would drop the locks this process holds. SQLite never asks for that. */
static int path_scrub(const char *path)
{
	_cleanup_(cleanup_close) int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : fault_origin(-errno);
	if (fstat(fd, &st) < 0)
		return fault_origin(-errno);
	for (off_t at = 0; at < st.st_size;) {
		off_t step = at == 0 ? SCRUB_HEAD_BYTES : SCRUB_CHUNK_BYTES;
		off_t n = st.st_size - at < step ? st.st_size - at : step;
		int r = file_pwrite(fd, zeros, (size_t)n, at);

		if (r < 0)
			return fault_trace(r);
		if (at == 0 && fdatasync(fd) < 0)
			return fault_origin(-errno);
		at += n;
	}
	return fdatasync(fd) < 0 ? fault_origin(-errno) : 0;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
	if (!seeded(SEEDED_STOCK_VFS) && path_scrub(path) < 0)
		return SQLITE_IOERR_DELETE;
	failpoint("scrub-before-unlink");
	return real_vfs(vfs)->xDelete(real_vfs(vfs), path, sync_dir);
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret)
{
	return real_vfs(vfs)->xAccess(real_vfs(vfs), path, flags, ret);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int n, char *out)
{
	return real_vfs(vfs)->xFullPathname(real_vfs(vfs), path, n, out);
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *out)
{
	return real_vfs(vfs)->xRandomness(real_vfs(vfs), n, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
	return real_vfs(vfs)->xSleep(real_vfs(vfs), microseconds);
}

static int vfs_time(sqlite3_vfs *vfs, double *ret)
{
	return real_vfs(vfs)->xCurrentTime(real_vfs(vfs), ret);
}

static int vfs_last_error(sqlite3_vfs *vfs, int n, char *out)
{
	return real_vfs(vfs)->xGetLastError(real_vfs(vfs), n, out);
}

int vfs_register(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 1,
		.zName = STORE_VFS,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_path,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_time,
		.xGetLastError = vfs_last_error,
	};
	sqlite3_vfs *real;

	if (vfs.pAppData)
		return 0;
	real = sqlite3_vfs_find("unix");
	if (!real)
		return fault_origin(-ENOSYS);
	vfs.szOsFile = (int)sizeof(struct vfs_file) + real->szOsFile;
	vfs.mxPathname = real->mxPathname;
	vfs.pAppData = real;
	return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? 0 : fault_origin(-ENOMEM);
}
