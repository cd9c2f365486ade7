/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The directory of a training export being written: a hidden sibling of its directory,
 * `.NAME.partial`, until it is complete and its manifest is in it, so that nobody reads half an
 * export. What was begun can be gone on with.
 *
 *   audio/TOKEN.flac (or .wav)   and the index files of the format (docs/FORMATS.md)
 *   cubby-manifest.jsonl         written last
 *
 * Functions return 0 or -errno, for the caller to tell.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "client/cubby.h"

struct dataset;

/* -EEXIST: `path` is there and is not an empty directory. */
int dataset_open(const char *path, struct dataset **ret);
struct dataset *dataset_free(struct dataset *dataset);
/* Id of the export that was begun here and not finished; NULL: there is none. */
const char *dataset_unfinished(const struct dataset *dataset);
/* Removes what was begun. */
int dataset_discard(struct dataset *dataset);

/* Makes the directory, or goes on with the one there is. */
int dataset_begin(struct dataset *dataset, const struct cubby_export_info *info);
struct dataset_item {
	const char *token;
	const char *text;		/* what was said; "" where it is not known */
	const void *file;		/* the sound file */
	size_t file_bytes;
	double duration_s;
};
/* The item's lines as they were written, for cubby_export_wrote(): valid until the next call. */
int dataset_add(struct dataset *dataset, const struct dataset_item *item,
		const char *const **ret_lines);
/* What was added is on the disk. */
int dataset_sync(struct dataset *dataset);
/* Removes an item's sound; its lines go when the directory is finished. No such file is fine. */
int dataset_drop(struct dataset *dataset, const char *token);
/* Leaves just what the manifest has (its first line and a descriptor with the others), writes the
 * manifest, syncs all, gives it its name. *ret_items: as many as are in it. */
int dataset_finish(struct dataset *dataset, const char *head, int lines, size_t *ret_items);
