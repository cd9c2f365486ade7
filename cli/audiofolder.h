/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A Hugging Face audiofolder being written: a hidden sibling of its directory until it is complete,
 * so that nobody reads half an export.
 *
 *   DIR/metadata.jsonl      {"file_name": "audio/TOKEN.flac", "transcription": "..."} a line
 *   DIR/audio/TOKEN.flac
 *
 * Functions return 0 or -errno, for the caller to tell. */

#include <stddef.h>

struct audiofolder;

/* -EEXIST: `path` is there and is not an empty directory. */
int audiofolder_new(const char *path, struct audiofolder **ret);
int audiofolder_add(struct audiofolder *folder, const char *token, const void *flac, size_t n,
		    const char *transcription);
/* Syncs everything and gives it its name. */
int audiofolder_finish(struct audiofolder *folder);
/* Removes what was not finished. */
struct audiofolder *audiofolder_free(struct audiofolder *folder);
