/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The index files of a training export, in the forms that training tools read (docs/FORMATS.md).
 * While items are added the lines stand in the order they came, some perhaps twice or torn where it
 * was stopped; finishing leaves each item of the manifest once, sorted. */

#include "base/id.h"
#include "dataset.h"

#define INDEX_FILES_MAX 8

struct dataset_index {
	const char *format;
	const char *encoding;
	const char *const *names;
	int dir;			/* borrowed */
	int fds[INDEX_FILES_MAX];
	char *lines[INDEX_FILES_MAX + 1];	/* of the item added last */
	unsigned n;
};

void dataset_index_init(struct dataset_index *index);
void dataset_index_clear(struct dataset_index *index);
int dataset_index_open(struct dataset_index *index, int dir, const struct cubby_export_info *info);
int dataset_index_add(struct dataset_index *index, const struct dataset_item *item,
		      const char *const **ret_lines);

/* Tokens of a manifest, sorted: of its `rounds` equal parts by token, the one numbered `round`. */
struct dataset_tokens {
	unsigned round, rounds;
	struct id *ids;
	size_t n, room;
};
/* lines: a descriptor with the manifest's lines. */
int dataset_tokens_read(struct dataset_tokens *tokens, int lines, const char *encoding);
void dataset_tokens_clear(struct dataset_tokens *tokens);
/* It would be in this part. */
bool dataset_tokens_reach(const struct dataset_tokens *tokens, const struct id *id);
/* Its place in `ids`; NULL: it is not in the manifest. */
const struct id *dataset_tokens_find(const struct dataset_tokens *tokens, const struct id *id);
/* Writes the lines of this part, after those of the parts before. -EBADMSG: an item of the manifest
 * has no line. */
int dataset_index_finish(struct dataset_index *index, const struct dataset_tokens *tokens);
/* The manifest is on the disk: what was collected is not needed any more. */
int dataset_index_end(struct dataset_index *index);
/* The one token in a line of an index file: 32 hex digits. NULL: none. */
const char *dataset_index_token(const char *line, size_t n);
