/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block recorder: a FUSE file to put a loop device on. Every write and flush that a file system
 * on it sends down is written to a trace with its data (trace.h). It must answer a write only when
 * it is in the trace, and never reorder two.
 *
 * usage: recorder MOUNTPOINT IMAGE TRACE
 *
 * MOUNTPOINT/disk is IMAGE, which follows along; what is written to MOUNTPOINT/marks goes into the
 * trace as a mark. Ends when it is unmounted.
 */

#define FUSE_USE_VERSION 31

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace.h"

static int image_fd = -1;
static FILE *trace;

static bool is_disk(const char *path)
{
	return strcmp(path, "/disk") == 0;
}

static int trace_put(enum trace_type type, uint64_t offset, const void *data, size_t n)
{
	const struct trace head = { type, (uint32_t)n, offset };

	if (fwrite(&head, sizeof(head), 1, trace) != 1 ||
	    (n > 0 && fwrite(data, n, 1, trace) != 1))
		return -EIO;
	return 0;
}

static int disk_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
	struct stat image;

	memset(st, 0, sizeof(*st));
	st->st_nlink = 1;
	if (strcmp(path, "/") == 0) {
		st->st_mode = S_IFDIR | 0700;
		return 0;
	}
	st->st_mode = S_IFREG | 0600;
	if (strcmp(path, "/marks") == 0)
		return 0;
	if (!is_disk(path))
		return -ENOENT;
	if (fstat(image_fd, &image) < 0)
		return -errno;
	st->st_size = image.st_size;
	return 0;
}

static int disk_open(const char *path, struct fuse_file_info *file)
{
	/* A mark is to reach the trace with the write that makes it. */
	file->direct_io = !is_disk(path);
	return 0;
}

static int disk_read(const char *path, char *buffer, size_t n, off_t at,
		     struct fuse_file_info *file)
{
	ssize_t done = is_disk(path) ? pread(image_fd, buffer, n, at) : 0;

	return done < 0 ? -errno : (int)done;
}

static int disk_write(const char *path, const char *data, size_t n, off_t at,
		      struct fuse_file_info *file)
{
	const bool disk = is_disk(path);
	int r = trace_put(disk ? TRACE_WRITE : TRACE_MARK, (uint64_t)at, data, n);

	if (r == 0 && disk && pwrite(image_fd, data, n, at) != (ssize_t)n)
		r = -EIO;
	return r < 0 ? r : (int)n;
}

static int disk_fsync(const char *path, int data_only, struct fuse_file_info *file)
{
	return is_disk(path) ? trace_put(TRACE_FLUSH, 0, NULL, 0) : 0;
}

static int disk_truncate(const char *path, off_t size, struct fuse_file_info *file)
{
	return is_disk(path) ? -EPERM : 0;
}

static void *disk_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	/* Else a write could stay in the kernel until some later flush. */
	connection->want &= ~FUSE_CAP_WRITEBACK_CACHE;
	return NULL;
}

static const struct fuse_operations operations = {
	.init = disk_init,
	.getattr = disk_getattr,
	.open = disk_open,
	.read = disk_read,
	.write = disk_write,
	.fsync = disk_fsync,
	.truncate = disk_truncate,
};

int main(int argc, char **argv)
{
	char *arguments[] = { argv[0], argv[argc > 1 ? 1 : 0], (char[]){ "-f" }, (char[]){ "-s" } };
	int status;

	if (argc != 4) {
		fprintf(stderr, "usage: recorder MOUNTPOINT IMAGE TRACE\n");
		return 2;
	}
	image_fd = open(argv[2], O_RDWR | O_CLOEXEC);
	trace = fopen(argv[3], "we");
	if (image_fd < 0 || !trace) {
		perror("recorder");
		return 1;
	}
	status = fuse_main(4, arguments, &operations, NULL);
	if (fclose(trace) != 0)
		status = 1;
	close(image_fd);
	return status;
}
