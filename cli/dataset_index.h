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

/* The tokens of a manifest, sorted. */
struct dataset_tokens {
	struct id *ids;
	size_t n;
};
int dataset_tokens_read(const char *manifest, size_t n, const char *encoding,
			struct dataset_tokens *ret);
void dataset_tokens_clear(struct dataset_tokens *tokens);
bool dataset_tokens_have(const struct dataset_tokens *tokens, const struct id *id);
/* -EBADMSG: an item of the manifest has no line. */
int dataset_index_finish(struct dataset_index *index, const struct dataset_tokens *tokens);
/* The manifest is on the disk: what was collected is not needed any more. */
int dataset_index_end(struct dataset_index *index);
/* The one token in a line of an index file: 32 hex digits. NULL: none. */
const char *dataset_index_token(const char *line, size_t n);
