/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a training export. Only what was opened with the release key is ever handed in here. */

#include "dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "crypt/manifest.h"
#include "dataset_index.h"

/* In the hidden directory alone: which export it is. */
#define ID_FILE "export"
/* Of a manifest's lines: about 10,000 items. */
#define ROUND_BYTES (4 << 20)

struct dataset {
	char *path;
	char *partial;		/* the sibling */
	int dir;		/* of the sibling; -1: not there yet */
	int audio;
	struct dataset_index index;
	char id[CUBBY_ID_TEXT];	/* "": nothing was begun */
	char encoding[MANIFEST_WORD_TEXT];
};

struct dataset *dataset_free(struct dataset *dataset)
{
	if (!dataset)
		return NULL;
	dataset_index_clear(&dataset->index);
	cleanup_close(&dataset->dir);
	cleanup_close(&dataset->audio);
	free(dataset->path);
	free(dataset->partial);
	free(dataset);
	return NULL;
}
CLEANUP_DEFINE(struct dataset *, dataset_free)

const char *dataset_unfinished(const struct dataset *dataset)
{
	return dataset->id[0] ? dataset->id : NULL;
}

/* ---- Directories ---- */

/* Calls `each` for the entries, until it does not return 0. */
static int dir_each(int dir, int (*each)(int dir, const char *name, void *context), void *context)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	int r = 0;

	if (!list) {
		r = -errno;
		cleanup_close(&copy);
		return r;
	}
	while (r == 0 && (r = file_next(list, &entry)) == 0 && entry)
		r = each(dir, entry->d_name, context);
	closedir(list);
	return r;
}

static int entry_found(int dir, const char *name, void *context)
{
	return -EEXIST;
}

static int entry_remove(int dir, const char *name, void *context)
{
	return unlinkat(dir, name, 0) < 0 && errno != EISDIR && errno != EPERM ? -errno : 0;
}

/* Nothing of anybody's is written over. */
static int target_check(const char *path)
{
	_cleanup_(cleanup_close) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : errno == ENOTDIR ? -EEXIST : -errno;
	return dir_each(dir, entry_found, NULL);
}

static int partial_name(struct dataset *dataset)
{
	const char *slash = strrchr(dataset->path, '/');
	const int n = slash ? (int)(slash - dataset->path + 1) : 0;

	return asprintf(&dataset->partial, "%.*s.%s.partial", n, dataset->path,
			dataset->path + n) < 0 ? -ENOMEM : 0;
}

static int id_read(struct dataset *dataset)
{
	_cleanup_(cleanup_close) int fd = openat(dataset->dir, ID_FILE,
						 O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[CUBBY_ID_TEXT] = "";
	struct id id;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (read(fd, text, sizeof(text) - 1) == sizeof(text) - 1 && id_parse(text, &id))
		strcpy(dataset->id, text);
	return 0;
}

int dataset_open(const char *path, struct dataset **ret)
{
	_cleanup_(dataset_freep) struct dataset *dataset = calloc(1, sizeof(*dataset));
	size_t n = strlen(path);
	int r;

	if (!dataset)
		return -ENOMEM;
	dataset->dir = dataset->audio = -1;
	dataset_index_init(&dataset->index);
	while (n > 1 && path[n - 1] == '/')
		n--;
	dataset->path = strndup(path, n);
	if (!dataset->path)
		return -ENOMEM;
	r = target_check(dataset->path);
	if (r == 0)
		r = partial_name(dataset);
	if (r < 0)
		return r;
	dataset->dir = open(dataset->partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dataset->dir < 0 && errno != ENOENT)
		return -errno;
	if (dataset->dir >= 0)
		r = id_read(dataset);
	if (r < 0)
		return r;
	*ret = take(dataset);
	return 0;
}

int dataset_discard(struct dataset *dataset)
{
	_cleanup_(cleanup_close) int audio = -1;
	int r;

	if (dataset->dir < 0)
		return 0;
	audio = openat(dataset->dir, "audio", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = audio >= 0 ? dir_each(audio, entry_remove, NULL) : 0;
	if (r == 0 && audio >= 0 && unlinkat(dataset->dir, "audio", AT_REMOVEDIR) < 0)
		r = -errno;
	if (r == 0)
		r = dir_each(dataset->dir, entry_remove, NULL);
	if (r == 0 && rmdir(dataset->partial) < 0)
		r = -errno;
	if (r < 0)
		return r;
	cleanup_close(&dataset->dir);
	cleanup_close(&dataset->audio);
	dataset->dir = dataset->audio = -1;
	dataset->id[0] = '\0';
	return 0;
}

/* ---- Writing ---- */

/* Writes the file whole under another name, syncs it, renames it. lines: what follows, -1: none. */
static int file_put(int dir, const char *name, const char *text, int lines)
{
	static const char temporary[] = ".new";
	_cleanup_(cleanup_close) int fd = openat(dir, temporary,
						 O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
						 O_CLOEXEC, 0644);
	char piece[4096];
	off_t at = 0;
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	r = file_write(fd, text, strlen(text));
	while (r == 0 && lines >= 0 && (n = pread(lines, piece, sizeof(piece), at)) != 0) {
		r = n < 0 ? -errno : file_write(fd, piece, (size_t)n);
		at += n;
	}
	if (r == 0 && (fsync(fd) < 0 || renameat(dir, temporary, dir, name) < 0))
		r = -errno;
	return r;
}

int dataset_begin(struct dataset *dataset, const struct cubby_export_info *info)
{
	int r;

	if (dataset->dir < 0) {
		if (mkdir(dataset->partial, 0700) < 0)
			return -errno;
		dataset->dir = open(dataset->partial,
				    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dataset->dir < 0)
			return -errno;
	}
	r = file_put(dataset->dir, ID_FILE, info->id, -1);
	if (r == 0 && mkdirat(dataset->dir, "audio", 0755) < 0 && errno != EEXIST)
		r = -errno;
	if (r < 0)
		return r;
	strcpy(dataset->id, info->id);
	snprintf(dataset->encoding, sizeof(dataset->encoding), "%s", info->encoding);
	dataset->audio = openat(dataset->dir, "audio",
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dataset->audio < 0)
		return -errno;
	return dataset_index_open(&dataset->index, dataset->dir, info);
}

static void audio_name(const struct dataset *dataset, const char *token, char name[static 64])
{
	snprintf(name, 64, "%.32s.%.8s", token, dataset->encoding);
}

int dataset_add(struct dataset *dataset, const struct dataset_item *item,
		const char *const **ret_lines)
{
	_cleanup_(cleanup_close) int fd = -1;
	char name[64];
	int r;

	audio_name(dataset, item->token, name);
	fd = openat(dataset->audio, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0644);
	if (fd < 0)
		return -errno;
	r = file_write(fd, item->file, item->file_bytes);
	return r == 0 ? dataset_index_add(&dataset->index, item, ret_lines) : r;
}

int dataset_sync(struct dataset *dataset)
{
	return syncfs(dataset->dir) < 0 ? -errno : 0;
}

int dataset_drop(struct dataset *dataset, const char *token)
{
	char name[64];

	audio_name(dataset, token, name);
	return unlinkat(dataset->audio, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* ---- Finishing ---- */

struct keeping {
	const struct dataset *dataset;
	const struct dataset_tokens *tokens;
};

/* What was written twice, or recalled before it was told, is in no manifest. */
static int stray_remove(int dir, const char *name, void *context)
{
	const struct keeping *keeping = context;
	char known[64];
	struct id id;
	char token[CUBBY_ID_TEXT] = "";

	strncpy(token, name, sizeof(token) - 1);
	audio_name(keeping->dataset, token, known);
	if (id_parse(token, &id) && strcmp(known, name) == 0 &&
	    (!dataset_tokens_reach(keeping->tokens, &id) ||
	     dataset_tokens_find(keeping->tokens, &id)))
		return 0;
	return entry_remove(dir, name, NULL);
}

static int parent_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(cleanup_free) char *parent = slash ? strndup(path, (size_t)(slash - path + 1))
						     : strdup(".");
	_cleanup_(cleanup_close) int dir = -1;

	if (!parent)
		return -ENOMEM;
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 || fsync(dir) < 0 ? -errno : 0;
}

/* Leaves what the manifest has, in as many rounds as keep the memory small. */
static int rest_remove(struct dataset *dataset, int lines, size_t *ret_items)
{
	struct stat st;
	unsigned rounds;
	size_t items = 0;
	int r = 0;

	if (fstat(lines, &st) < 0)
		return -errno;
	rounds = 1 + (unsigned)(st.st_size / ROUND_BYTES);
	for (unsigned round = 0; r == 0 && round < rounds; round++) {
		_cleanup_(dataset_tokens_clear) struct dataset_tokens tokens = {
			.round = round, .rounds = rounds,
		};
		struct keeping keeping = { dataset, &tokens };

		r = dataset_tokens_read(&tokens, lines, dataset->encoding);
		if (r == 0)
			r = dir_each(dataset->audio, stray_remove, &keeping);
		if (r == 0)
			r = dataset_index_finish(&dataset->index, &tokens);
		items += tokens.n;
	}
	*ret_items = items;
	return r;
}

int dataset_finish(struct dataset *dataset, const char *head, int lines, size_t *ret_items)
{
	_cleanup_(cleanup_free) char *first = NULL;
	int r = asprintf(&first, "%s\n", head) < 0 ? -ENOMEM : 0;

	if (r == 0)
		r = rest_remove(dataset, lines, ret_items);
	if (r == 0)
		r = dataset_sync(dataset);
	/* Last: from here on it is an export. */
	if (r == 0)
		r = file_put(dataset->dir, MANIFEST_FILE, first, lines);
	if (r == 0)
		r = dataset_index_end(&dataset->index);
	if (r == 0 && unlinkat(dataset->dir, ID_FILE, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && (fchmod(dataset->dir, 0755) < 0 || fsync(dataset->dir) < 0))
		r = -errno;
	if (r == 0 && rename(dataset->partial, dataset->path) < 0)
		r = errno == ENOTEMPTY ? -EEXIST : -errno;
	return r == 0 ? parent_sync(dataset->path) : r;
}
