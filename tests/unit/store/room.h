/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A state directory of its own for each test, and raw looks into its files. */

#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

struct room {
	char dir[256];
	struct why why;
};

static inline int room_make(void **state)
{
	struct room *room = calloc(1, sizeof(*room));
	const char *parent = getenv("CUBBY_TEST_DIR");	/* a loop image, for tests/forensic */

	snprintf(room->dir, sizeof(room->dir), "%s/cubby-test-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(room->dir))
		return -1;
	*state = room;
	return 0;
}

static inline int room_drop(void **state)
{
	struct room *room = *state;
	DIR *dir = opendir(room->dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(room->dir);
	free(room);
	return 0;
}

static inline char *room_path(const struct room *room, const char *name, char path[static 320])
{
	snprintf(path, 320, "%s/%s", room->dir, name);
	return path;
}

/* How often the bytes occur in one file of the room; 0 when it is not there. */
static inline unsigned room_count(const struct room *room, const char *name, const void *bytes,
				  size_t n)
{
	char path[320];
	FILE *file = fopen(room_path(room, name, path), "rb");
	unsigned count = 0;
	char *text, *at;
	struct stat st;

	if (!file)
		return 0;
	assert_int_equal(fstat(fileno(file), &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_int_equal(fread(text, 1, (size_t)st.st_size, file), st.st_size);
	for (at = text; (at = memmem(at, (size_t)(text + st.st_size - at), bytes, n)); at++)
		count++;
	free(text);
	fclose(file);
	return count;
}

static inline off_t room_size(const struct room *room, const char *name)
{
	char path[320];
	struct stat st;

	return stat(room_path(room, name, path), &st) == 0 ? st.st_size : -1;
}

static inline void room_write(const struct room *room, const char *name, off_t at,
			      const void *bytes, size_t n)
{
	char path[320];
	int fd = open(room_path(room, name, path), O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), n);
	close(fd);
}
