/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a training export. Only what was opened with the release key is ever handed in here. */

#include "audiofolder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"

struct audiofolder {
	char *path;
	char *partial;		/* the sibling; NULL once finished */
	int dir;		/* of the sibling */
	int audio;
	int metadata;
};

static void entries_remove(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	while (list && (entry = readdir(list)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dir, entry->d_name, 0);
	if (list)
		closedir(list);
	else
		cleanup_close(&copy);
}

struct audiofolder *audiofolder_free(struct audiofolder *folder)
{
	if (!folder)
		return NULL;
	if (folder->partial && folder->dir >= 0) {
		if (folder->audio >= 0)
			entries_remove(folder->audio);
		unlinkat(folder->dir, "audio", AT_REMOVEDIR);
		entries_remove(folder->dir);
	}
	if (folder->partial)
		rmdir(folder->partial);
	cleanup_close(&folder->metadata);
	cleanup_close(&folder->audio);
	cleanup_close(&folder->dir);
	free(folder->partial);
	free(folder->path);
	free(folder);
	return NULL;
}
CLEANUP_DEFINE(struct audiofolder *, audiofolder_free)

/* rename(2) replaces an empty directory and no other. */
static int target_check(const char *path)
{
	DIR *list = opendir(path);
	const struct dirent *entry;
	int r = 0;

	if (!list)
		return errno == ENOENT ? 0 : errno == ENOTDIR ? -EEXIST : -errno;
	while ((entry = readdir(list)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = -EEXIST;
	closedir(list);
	return r;
}

/* "a/b" gives "a/.b.XXXXXX". */
static int partial_name(const char *path, char **ret)
{
	const char *slash = strrchr(path, '/');
	int n = slash ? (int)(slash - path) + 1 : 0;

	return asprintf(ret, "%.*s.%s.XXXXXX", n, path, path + n) < 0 ? -ENOMEM : 0;
}

static int partial_make(struct audiofolder *folder)
{
	int r = partial_name(folder->path, &folder->partial);

	if (r < 0)
		return r;
	if (!mkdtemp(folder->partial)) {
		r = -errno;
		free(take(folder->partial));
		return r;
	}
	folder->dir = open(folder->partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->dir < 0 || mkdirat(folder->dir, "audio", 0755) < 0)
		return -errno;
	folder->audio = openat(folder->dir, "audio", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder->metadata = openat(folder->dir, "metadata.jsonl",
				  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return folder->audio < 0 || folder->metadata < 0 ? -errno : 0;
}

int audiofolder_new(const char *path, struct audiofolder **ret)
{
	_cleanup_(audiofolder_freep) struct audiofolder *folder = calloc(1, sizeof(*folder));
	size_t n = strlen(path);
	int r;

	if (!folder)
		return -ENOMEM;
	folder->dir = folder->audio = folder->metadata = -1;
	while (n > 1 && path[n - 1] == '/')
		n--;
	folder->path = strndup(path, n);
	if (!folder->path)
		return -ENOMEM;
	r = target_check(folder->path);
	if (r == 0)
		r = partial_make(folder);
	if (r < 0)
		return r;
	*ret = take(folder);
	return 0;
}

static int line_add(struct audiofolder *folder, const char *file_name, const char *transcription)
{
	json_t *json = json_pack("{s:s, s:s}", "file_name", file_name, "transcription",
				 transcription);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int r = text ? file_write(folder->metadata, text, strlen(text)) : -ENOMEM;

	if (r == 0)
		r = file_write(folder->metadata, "\n", 1);
	json_decref(json);
	free(text);
	return r;
}

int audiofolder_add(struct audiofolder *folder, const char *token, const void *flac, size_t n,
		    const char *transcription)
{
	char name[128], file_name[160];
	_cleanup_(cleanup_close) int fd = -1;
	int r;

	snprintf(name, sizeof(name), "%s.flac", token);
	snprintf(file_name, sizeof(file_name), "audio/%s", name);
	fd = openat(folder->audio, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = file_write(fd, flac, n);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r == 0 ? line_add(folder, file_name, transcription) : r;
}

int audiofolder_finish(struct audiofolder *folder)
{
	if (fsync(folder->metadata) < 0 || fsync(folder->audio) < 0 || fchmod(folder->dir,
									      0755) < 0 ||
	    fsync(folder->dir) < 0)
		return -errno;
	if (rename(folder->partial, folder->path) < 0)
		return errno == ENOTEMPTY ? -EEXIST : -errno;
	free(take(folder->partial));
	return 0;
}
