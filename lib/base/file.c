/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors read and written whole. Nothing of a child passes through a path here: only memfds
 * carry that, as ciphertext. */

#include "base/file.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fault.h"

int file_pread_most(int fd, void *buffer, size_t n, off_t offset, size_t *ret_n)
{
	uint8_t *to = buffer;
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, to + done, n - done, offset + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_origin(-errno);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*ret_n = done;
	return 0;
}

int file_pread(int fd, void *buffer, size_t n, off_t offset)
{
	size_t got;
	int r = file_pread_most(fd, buffer, n, offset, &got);

	if (r < 0)
		return fault_trace(r);
	return got == n ? 0 : fault_origin(-EIO);
}

int file_pwrite(int fd, const void *buffer, size_t n, off_t offset)
{
	const uint8_t *from = buffer;

	while (n > 0) {
		ssize_t put = pwrite(fd, from, n, offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fault_origin(-errno);
		from += put;
		offset += put;
		n -= (size_t)put;
	}
	return 0;
}

int file_write(int fd, const void *buffer, size_t n)
{
	const uint8_t *from = buffer;

	while (n > 0) {
		ssize_t put = write(fd, from, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fault_origin(-errno);
		from += put;
		n -= (size_t)put;
	}
	return 0;
}

/* What is secret is shorter than this, so that no copy of it is left behind by growing. */
#define READ_ROOM 65536

int file_read_path(const char *path, size_t max_bytes, char **ret_text, size_t *ret_n)
{
	_cleanup_(cleanup_close) int fd = -1;
	_cleanup_(cleanup_free) char *text = NULL;
	size_t n = 0, room = 0;
	struct stat status;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? ANSWER_NOT_FOUND : fault_origin(-errno);
	if (fstat(fd, &status) < 0)
		return fault_origin(-errno);
	/* Its size is only a guess: files in /proc have none. One byte more tells too long from
	 * full. */
	room = (size_t)status.st_size;
	while (n >= room || !text) {
		char *more;

		if (n > max_bytes)
			return fault_origin(-EFBIG);
		room = 2 * room < READ_ROOM ? READ_ROOM : 2 * room;
		room = room > max_bytes ? max_bytes + 1 : room;
		more = realloc(text, room + 1);
		if (!more)
			return fault_origin(-ENOMEM);
		text = more;
		while (n < room) {
			ssize_t got = read(fd, text + n, room - n);

			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return fault_origin(-errno);
			if (got == 0)
				break;
			n += (size_t)got;
		}
	}
	text[n] = '\0';
	*ret_text = take(text);
	if (ret_n)
		*ret_n = n;
	return 0;
}

int file_next(DIR *dir, const struct dirent **ret)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	if (!entry && errno != 0)
		return fault_origin(-errno);
	*ret = entry;
	return 0;
}

static int file_sync_directory(const char *path)
{
	_cleanup_(cleanup_free) char *copy = strdup(path);
	_cleanup_(cleanup_close) int fd = -1;

	if (!copy)
		return fault_origin(-ENOMEM);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return fault_origin(-errno);
	return 0;
}

static int file_fill(int fd, const void *bytes, size_t n, mode_t mode)
{
	int r;

	if (fchmod(fd, mode) < 0)
		return fault_origin(-errno);
	r = file_write(fd, bytes, n);
	if (r)
		return fault_trace(r);
	return fsync(fd) < 0 ? fault_origin(-errno) : 0;
}

int file_replace(const char *path, const void *bytes, size_t n, mode_t mode)
{
	_cleanup_(cleanup_close) int fd = -1;
	char temporary[PATH_MAX];
	int r;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return fault_origin(-ENAMETOOLONG);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fault_origin(-errno);
	r = file_fill(fd, bytes, n, mode);
	if (r == 0 && rename(temporary, path) < 0)
		r = fault_origin(-errno);
	if (r) {
		unlink(temporary);
		return fault_trace(r);
	}
	return fault_trace(file_sync_directory(path));
}

#define FILE_MEMFD_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int file_memfd_new(const char *name, int *ret_fd)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return fault_origin(-errno);
	*ret_fd = fd;
	return 0;
}

int file_memfd_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, FILE_MEMFD_SEALS) < 0 ? fault_origin(-errno) : 0;
}

int file_memfd(const char *name, const void *bytes, size_t n, int *ret_fd)
{
	_cleanup_(cleanup_close) int fd = -1;
	int r = file_memfd_new(name, &fd);

	/* The offset stays at the start, where whoever simply reads begins. */
	if (!r)
		r = file_pwrite(fd, bytes, n, 0);
	if (!r)
		r = file_memfd_seal(fd);
	if (r)
		return fault_trace(r);
	*ret_fd = take_fd(fd);
	return 0;
}

bool file_memfd_sealed(int fd, size_t *ret_n)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	/* Seals first: only then is the size the one that stays. */
	if (seals < 0 || (seals & FILE_MEMFD_SEALS) != FILE_MEMFD_SEALS)
		return false;
	if (fstat(fd, &st) < 0 || st.st_size < 0)
		return false;
	*ret_n = (size_t)st.st_size;
	return true;
}
