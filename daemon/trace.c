/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for bytes in raw files. Must never write, and never say "gone" of what it could not
 * read. */

#include "trace.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypt/secret.h"
#include "store/store.h"
#include "stores.h"
#include "vault/vault.h"

#define SLICE_BYTES (8 << 20)
#define READ_BYTES (1 << 20)
#define NEEDLES_MAX 64

struct needle {
	uint8_t bytes[TRACE_BYTES];
	size_t n;
	bool seen;
};

struct trace {
	int dir_fd;
	int db_fd;		/* stays open: closing it would drop SQLite's locks */
	struct needle needles[NEEDLES_MAX];
	size_t n;
	uint8_t filter[65536 / 8];	/* of the first two bytes */
	uint8_t *buffer;
	/* Progress. */
	DIR *dir;
	char name[256];
	int fd;			/* -1: between files */
	off_t at;
	size_t carried;
};

int trace_new(const char *dir, struct trace **ret)
{
	_cleanup_(trace_freep) struct trace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return fault_origin(-ENOMEM);
	trace->fd = trace->db_fd = -1;
	trace->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (trace->dir_fd < 0)
		return fault_origin(-errno);
	*ret = take(trace);
	return 0;
}

static void file_end(struct trace *trace)
{
	if (trace->fd >= 0 && trace->fd != trace->db_fd)
		close(trace->fd);
	trace->fd = -1;
}

static void walk_end(struct trace *trace)
{
	file_end(trace);
	if (trace->dir)
		closedir(trace->dir);
	trace->dir = NULL;
}

struct trace *trace_free(struct trace *trace)
{
	if (!trace)
		return NULL;
	trace_clear(trace);
	walk_end(trace);
	if (trace->db_fd >= 0)
		close(trace->db_fd);
	if (trace->dir_fd >= 0)
		close(trace->dir_fd);
	free(trace);
	return NULL;
}

int trace_add(struct trace *trace, const void *bytes, size_t n)
{
	const uint8_t *head = bytes;
	struct needle *needle = &trace->needles[trace->n];
	unsigned first;

	if (trace->n == NEEDLES_MAX || n < 4 || n > TRACE_BYTES)
		return fault_origin(-EINVAL);
	first = (unsigned)head[0] << 8 | head[1];
	memcpy(needle->bytes, bytes, n);
	needle->n = n;
	needle->seen = false;
	trace->filter[first / 8] |= (uint8_t)(1u << first % 8);
	trace->n++;
	return 0;
}

void trace_clear(struct trace *trace)
{
	secret_wipe(trace->needles, sizeof(trace->needles));
	memset(trace->filter, 0, sizeof(trace->filter));
	if (trace->buffer)
		secret_wipe(trace->buffer, TRACE_BYTES + READ_BYTES);
	free(trace->buffer);
	trace->buffer = NULL;
	trace->n = 0;
}

size_t trace_n(const struct trace *trace)
{
	return trace->n;
}

/* Marks the needles that lie wholly in these bytes; true when there is one. */
static bool bytes_look(struct trace *trace, const uint8_t *bytes, size_t n)
{
	bool found = false;

	for (size_t i = 0; i + 1 < n; i++) {
		const unsigned first = (unsigned)bytes[i] << 8 | bytes[i + 1];

		if (!(trace->filter[first / 8] >> first % 8 & 1))
			continue;
		for (size_t k = 0; k < trace->n; k++) {
			struct needle *needle = &trace->needles[k];

			if (needle->n > n - i || memcmp(bytes + i, needle->bytes, needle->n))
				continue;
			needle->seen = found = true;
		}
	}
	return found;
}

static int file_begin(struct trace *trace, const char *name)
{
	if (!trace->buffer)
		trace->buffer = malloc(TRACE_BYTES + READ_BYTES);
	if (!trace->buffer)
		return fault_origin(-ENOMEM);
	if (strcmp(name, STORE_FILE) == 0 && trace->db_fd >= 0)
		trace->fd = trace->db_fd;
	else
		trace->fd = openat(trace->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (trace->fd < 0)
		return fault_origin(-errno);
	if (strcmp(name, STORE_FILE) == 0)
		trace->db_fd = trace->fd;
	posix_fadvise(trace->fd, 0, 0, POSIX_FADV_DONTNEED);
	trace->at = 0;
	trace->carried = 0;
	return 0;
}

/* The next piece. ANSWER_FAILED: something was found. TRACE_MORE, 0: the end of the file. */
static int file_look(struct trace *trace)
{
	size_t n, there;
	bool found;
	int r = file_pread_most(trace->fd, trace->buffer + trace->carried, READ_BYTES, trace->at,
				&n);

	if (r < 0)
		return fault_trace(r);
	if (n == 0)
		return 0;
	there = trace->carried + n;
	found = bytes_look(trace, trace->buffer, there);
	trace->carried = there < TRACE_BYTES - 1 ? there : TRACE_BYTES - 1;
	memmove(trace->buffer, trace->buffer + there - trace->carried, trace->carried);
	trace->at += (off_t)n;
	return found ? ANSWER_FAILED : TRACE_MORE;
}

int trace_control(struct trace *trace, size_t *ret_seen)
{
	static const char *const names[] = { VAULT_FILE, STORE_FILE "-wal" };
	size_t seen = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		r = file_begin(trace, names[i]);
		while (r == 0 && (r = file_look(trace)) != 0)
			r = r < 0 ? r : 0;
		file_end(trace);
		if (r < 0)
			return fault_trace(r);
	}
	for (size_t k = 0; k < trace->n; k++) {
		seen += trace->needles[k].seen;
		trace->needles[k].seen = false;
	}
	*ret_seen = seen;
	return 0;
}

void trace_begin(struct trace *trace)
{
	walk_end(trace);
}

/* The next file. 0: trace->fd is open, or -1 at the end. */
static int walk_next(struct trace *trace, struct why *why)
{
	const struct dirent *entry;
	struct stat st;
	int fd, r;

	if (!trace->dir) {
		fd = openat(trace->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		trace->dir = fd < 0 ? NULL : fdopendir(fd);
		if (!trace->dir)
			return fault_origin(-errno);
	}
	while ((r = file_next(trace->dir, &entry)) == 0 && entry) {
		if (fstatat(trace->dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			/* SQLite took it away meanwhile. */
			if (errno == ENOENT)
				continue;
			return fault_origin(-errno);
		}
		if (S_ISDIR(st.st_mode))
			continue;
		if (!stores_file(entry->d_name))
			return answer_why(why, ANSWER_FAILED,
					  "a file in the state directory is no store of the "
					  "keeper: %.64s", entry->d_name);
		memcpy(trace->name, entry->d_name, strlen(entry->d_name) + 1);
		return fault_trace(file_begin(trace, entry->d_name));
	}
	return fault_trace(r);
}

int trace_slice(struct trace *trace, struct why *why)
{
	int r = 0;

	for (size_t done = 0; r == 0 && done < SLICE_BYTES; done += READ_BYTES) {
		if (trace->fd < 0)
			r = walk_next(trace, why);
		if (r == 0 && trace->fd < 0) {
			walk_end(trace);
			return 0;
		}
		if (r == 0)
			r = file_look(trace);
		if (r == 0)
			file_end(trace);
		else if (r == TRACE_MORE)
			r = 0;
		else if (r == ANSWER_FAILED && !why->text[0])
			answer_why(why, r, "%s still holds something of the canary", trace->name);
	}
	if (r != 0)
		walk_end(trace);
	return r == 0 ? TRACE_MORE : fault_trace(r);
}
